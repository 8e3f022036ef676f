"""Kinds of query expressions, for ``isinstance``: all expressions are of one class in datamill."""

from __future__ import annotations

from typing import ClassVar

from datamill.algebra import relations
from datamill.api.expression import QueryExpression


class _Kind(type):
    made_by: type

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, QueryExpression) and isinstance(instance.__relation__(), cls.made_by)


class Aggregation(metaclass=_Kind):
    """What ``aggr`` returns."""

    made_by: ClassVar[type] = relations.Aggregation


class Projection(metaclass=_Kind):
    """What ``proj`` returns."""

    made_by: ClassVar[type] = relations.Projection


class Union(metaclass=_Kind):
    """What ``+`` returns."""

    made_by: ClassVar[type] = relations.Union

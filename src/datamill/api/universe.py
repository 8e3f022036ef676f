"""The universal set: grouping by attributes that are no table's key."""

from __future__ import annotations

from typing import Any, NoReturn

from datamill.algebra import conditions, operators
from datamill.api.expression import QueryExpression, operand
from datamill.errors import DataMillError

_HINT = "Only dm.U(...) & A and dm.U(...).aggr(A, ...) have a meaning."


class U(conditions.U):
    """All values of some attributes.

    ``U('a', 'b') & A`` gives the distinct values of ``a`` and ``b`` in ``A``; ``U('a').aggr(A, n='count(*)')`` has a
    row per distinct ``a``; ``U().aggr(A, n='count(*)')`` has exactly one row.

    Args:
        *names: Attributes, which make the primary key of the result.

    Example:
        >>> import datamill as dm
        >>> dm.U("sex")
        U('sex')
    """

    __slots__ = ()

    def __and__(self, other: Any) -> QueryExpression:
        if isinstance(other, conditions.U) or conditions.as_relation(other) is None:
            raise DataMillError(f"{self!r} & {other!r} has no meaning.", hint=_HINT)
        instance = other() if isinstance(other, type) else other
        return QueryExpression._of(operators.distinct(self, operand(other)), instance.connection)

    def aggr(
        self, group: Any, /, *names: str, exclude_nonmatching: bool | None = None, **new: str
    ) -> QueryExpression:
        """Summarise an expression by the values of these attributes.

        Args:
            group: Expression or table.
            exclude_nonmatching: There are no other rows than matching ones; False raises.
            **new: Aggregates such as ``n="count(*)"``.

        Raises:
            UnknownAttributeError: An attribute is not in ``group``.
        """
        if exclude_nonmatching is False:
            raise DataMillError(f"{self!r}.aggr cannot keep values that do not occur.", hint=_HINT)
        instance = group() if isinstance(group, type) else group
        relation = operators.universal_aggregate(self, operand(group), **new)
        return QueryExpression._of(relation, instance.connection)

    aggregate = aggr

    def _refuse(self, other: Any) -> NoReturn:
        raise DataMillError(f"{self!r} is no table.", hint=_HINT)

    __sub__ = __rsub__ = __mul__ = __rmul__ = __add__ = __radd__ = _refuse
    join = union = _refuse

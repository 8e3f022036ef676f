"""The way in: text to typed expression, cached."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from datamill.algebra.expression.coerce import to_bool
from datamill.algebra.expression.kinds import Mismatch
from datamill.algebra.expression.resolve import Resolver
from datamill.algebra.expression.scope import Scope, ScopeItem, ScopeLike
from datamill.algebra.expression.syntax import parse_tree, split_items, syntax_error
from datamill.algebra.expression.tree import Expression, OrderItem
from datamill.model.heading import Heading

_Frozen = Heading | tuple[tuple[str, ScopeItem], ...]


def parse_expression(
    text: str,
    scope: ScopeLike,
    *,
    aggregate_scope: ScopeLike | None = None,
    allow_aggregates: bool = False,
    allow_window: bool = True,
    key: Sequence[str] | None = None,
) -> Expression:
    """Parse, resolve and type one expression.

    Args:
        text: The expression, in the portable language (see docs/expressions.md).
        scope: What names mean: a heading, or a mapping from names to (attribute, source tag).
        aggregate_scope: What names mean inside aggregates; by default the same.
        allow_aggregates: Whether aggregates may be used; given an ``aggregate_scope`` they may.
        allow_window: Whether window functions may be used.
        key: Attributes of ``aggregate_scope`` that give GROUP_CONCAT its order; by default its primary key.

    Returns:
        A typed tree.

    Raises:
        QuerySyntaxError: The text is not one expression, a function has wrong arguments, a value is of the wrong kind.
        UnknownAttributeError: A name is no attribute; ``candidates`` holds near misses.

    Example:
        >>> from datamill.model.attribute import Attribute
        >>> from datamill.model.types import parse_type
        >>> number = parse_type("int32")
        >>> parse_expression("age > '7'", Heading([Attribute("age", number, number)])).arguments[1].value
        7
    """
    inner = aggregate_scope if aggregate_scope is not None else scope if allow_aggregates else None
    arguments = (
        text,
        _frozen(scope),
        None if inner is None else _frozen(inner),
        allow_window,
        None if key is None else tuple(key),
    )
    try:
        return _parse_cached(*arguments)
    except TypeError as error:
        if "unhashable" not in str(error):
            raise
        return _parse(*arguments)


def parse_condition(text: str, scope: ScopeLike, *, allow_window: bool = False) -> Expression:
    """Parse an expression that is true or false of a row: numbers other than zero are true.

    Raises:
        QuerySyntaxError: As `parse_expression`; or it is a text or date, which is neither true nor false.
    """
    expression = parse_expression(text, scope, allow_window=allow_window)
    try:
        return to_bool(expression)
    except Mismatch as error:
        raise syntax_error(str(error), text) from error


def parse_order(text_or_items: str | Sequence[str], scope: ScopeLike) -> tuple[OrderItem, ...]:
    """Parse what to order by.

    Args:
        text_or_items: ``expression [ASC|DESC] [NULLS FIRST|LAST]``, several separated by commas or in a sequence.
            ``KEY`` in upper case stands for all key attributes.
        scope: What names mean.

    Raises:
        QuerySyntaxError, UnknownAttributeError: As `parse_expression`.

    Example:
        >>> from datamill.model.attribute import Attribute
        >>> from datamill.model.types import parse_type
        >>> number = parse_type("int32")
        >>> heading = Heading([Attribute("a", number, number, in_key=True), Attribute("b", number, number)])
        >>> [(item.expression.name, item.descending) for item in parse_order("b DESC, KEY", heading)]
        [('b', True), ('a', False)]
    """
    texts = [text_or_items] if isinstance(text_or_items, str) else list(text_or_items)
    names = Scope(scope)
    items: list[OrderItem] = []
    for text in texts:
        for tree, source, words in split_items(text):
            descending, nulls_first = _direction(words, text)
            if source == "KEY" and "KEY" not in names.items:
                found: list[Expression] = [names.column(name) for name in names.key]
            else:
                found = [Resolver(text, names, None, True, ()).resolve(tree)]
            items += [OrderItem(expression, descending, nulls_first) for expression in found]
    return tuple(items)


def _direction(words: list[str], text: str) -> tuple[bool, bool | None]:
    known = {"": None, "NULLS FIRST": True, "NULLS LAST": False}
    descending = words[:1] == ["DESC"]
    rest = " ".join(words[1:] if words[:1] in (["ASC"], ["DESC"]) else words)
    if rest not in known:
        raise syntax_error("Behind an order item stands [ASC|DESC] [NULLS FIRST|LAST]", text)
    return descending, known[rest]


def _frozen(scope: ScopeLike) -> _Frozen:
    return scope if isinstance(scope, Heading) else tuple(scope.items())


def _parse(
    text: str, outer: _Frozen, inner: _Frozen | None, allow_window: bool, key: tuple[str, ...] | None
) -> Expression:
    scope = Scope(outer if isinstance(outer, Heading) else dict(outer))
    aggregate_scope: Any = None
    if inner is not None:
        aggregate_scope = (
            scope if inner is outer else Scope(inner if isinstance(inner, Heading) else dict(inner))
        )
    order = key if key is not None else () if aggregate_scope is None else aggregate_scope.key
    return Resolver(text, scope, aggregate_scope, allow_window, order).resolve(parse_tree(text))


_parse_cached = lru_cache(maxsize=4096)(_parse)

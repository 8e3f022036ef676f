"""Aggregates and window functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from datamill.algebra.expression.build import build, first_value
from datamill.algebra.expression.coerce import to_text, unify
from datamill.algebra.expression.functions import BY_NAME, FUNCTIONS, Function
from datamill.algebra.expression.kinds import INT, TEXT, Mismatch
from datamill.algebra.expression.literals import settle
from datamill.algebra.expression.tree import Call, Expression, Literal, OrderItem

if TYPE_CHECKING:
    from datamill.algebra.expression.resolve import Resolver

_OF_BOOL = {"MIN": "BOOL_AND", "MAX": "BOOL_OR", "ANY_VALUE": "BOOL_AND"}
_MAY_BE_DISTINCT = frozenset(("COUNT", "SUM", "AVG", "MIN", "MAX", "GROUP_CONCAT"))


def build_aggregate(resolver: Resolver, row: Function, nodes: Sequence[Any]) -> Expression:
    """Resolve the call of an aggregate; the resolver's scope is that of the rows summarised."""
    if row.name == "GROUP_CONCAT":
        return _group_concat(resolver, row, nodes)
    distinct, values = _undistinct(nodes)
    if distinct and row.name not in _MAY_BE_DISTINCT:
        raise Mismatch(f"{row.name} takes no DISTINCT")
    if row.name == "COUNT":
        return _count(resolver, values, distinct)
    arguments = resolver.visit_all(values)
    options = (("distinct", True),) if distinct and row.name not in ("MIN", "MAX") else ()
    if row.result == "first" and len(arguments) == 1:
        value = first_value(arguments[0])
        if value.type.family == "bool":
            return build(FUNCTIONS[_OF_BOOL[row.name]], [value])
        if value.type.family == "json":
            raise Mismatch(f"{row.name} of a json value has no order: read a number or text from it")
        arguments = [value]
    return build(row, arguments, options)


def _undistinct(nodes: Sequence[Any]) -> tuple[bool, Sequence[Any]]:
    if nodes and getattr(nodes[0], "key", "") == "distinct":
        return True, [*nodes[0].expressions, *nodes[1:]]
    return False, nodes


def _count(resolver: Resolver, nodes: Sequence[Any], distinct: bool) -> Expression:
    if not nodes or getattr(nodes[0], "key", "") == "star":
        if distinct or len(nodes) > 1:
            raise Mismatch("COUNT(*) counts all rows; name attributes to count distinct values")
        return Call("COUNT", (), INT)
    if len(nodes) > 1 and not distinct:
        raise Mismatch("COUNT of several attributes needs DISTINCT")
    values = tuple(settle(item) for item in resolver.visit_all(nodes))
    return Call("COUNT", values, INT, (("distinct", True),) if distinct else ())


def _group_concat(resolver: Resolver, row: Function, nodes: Sequence[Any]) -> Expression:
    """Resolve ``GROUP_CONCAT([DISTINCT] x [ORDER BY ..] [SEPARATOR s])`` and ``STRING_AGG(x, s [ORDER BY ..])``."""
    separator = ","
    rest = list(nodes)
    if rest and getattr(rest[0], "key", "") == "anonymous" and str(rest[0].this) == "SEPARATOR":
        separator = resolver.string(rest.pop(0).expressions[0], "SEPARATOR")
    order_node = rest[-1] if rest and getattr(rest[-1], "key", "") == "order" else None
    if order_node is not None:
        rest[-1] = order_node.this
    distinct, values = _undistinct(rest)
    if len(values) == 2:
        separator = resolver.string(values[1], "The separator")
    if not 1 <= len(values) <= 2:
        raise Mismatch(f"GROUP_CONCAT takes one value, not {len(values)}: join several with CONCAT")
    value = to_text(resolver.visit(values[0]))
    order = _order(resolver, order_node)
    if distinct:
        order = _distinct_order(value, order)
    elif not order:
        order = tuple(OrderItem(resolver.scope.column(name)) for name in resolver.key)
    options = (("distinct", distinct), ("order", order))
    return Call(row.name, (value, Literal(separator, TEXT)), TEXT, options)


def _distinct_order(value: Expression, order: tuple[OrderItem, ...]) -> tuple[OrderItem, ...]:
    if not order:
        return (OrderItem(value),)
    if len(order) > 1 or order[0].expression != value:
        raise Mismatch("With DISTINCT, GROUP_CONCAT can be ordered only by the value itself")
    return order


def _order(resolver: Resolver, node: Any) -> tuple[OrderItem, ...]:
    if node is None:
        return ()
    return tuple(
        OrderItem(
            settle(resolver.visit(item.this)), bool(item.args.get("desc")), bool(item.args.get("nulls_first"))
        )
        for item in node.expressions
    )


# --- windows


def build_window(resolver: Resolver, node: Any) -> Expression:
    """Resolve ``f(...) OVER ([PARTITION BY ..] [ORDER BY ..] [ROWS|RANGE ..])``.

    The result is a call ``OVER`` with the function's name as option, so that nothing takes it for an aggregate.
    """
    inner = node.this
    if getattr(inner, "key", "") != "anonymous" or not isinstance(inner.this, str):
        raise Mismatch("OVER belongs to a function call")
    if node.args.get("alias") is not None or node.args.get("first"):
        raise Mismatch("Named windows are not part of the language: write the window in parentheses")
    row = BY_NAME.get(inner.this.upper())
    if row is None or not (row.is_aggregate or row.is_window):
        raise Mismatch(f"{inner.this} is no window function")
    resolver.inside = row.name
    try:
        body = _window_body(resolver, row, inner.expressions)
        partition = tuple(settle(item) for item in resolver.visit_all(node.args.get("partition_by") or ()))
        order = _order(resolver, node.args.get("order"))
    finally:
        resolver.inside = ""
    options = {
        "frame": _frame(resolver, node.args.get("spec")),
        "function": body.function,
        "order": order,
        "partition": partition,
    }
    return Call("OVER", body.arguments, body.type, tuple(sorted(options.items())))


def _window_body(resolver: Resolver, row: Function, nodes: Sequence[Any]) -> Call:
    if row.name in ("GROUP_CONCAT", "JSON_ARRAYAGG") or _undistinct(nodes)[0]:
        raise Mismatch("GROUP_CONCAT, JSON_ARRAYAGG and DISTINCT do not go with OVER")
    body = build_aggregate(resolver, row, nodes) if row.is_aggregate else _ranking(resolver, row, nodes)
    assert isinstance(body, Call)
    return body


def _ranking(resolver: Resolver, row: Function, nodes: Sequence[Any]) -> Expression:
    arguments = resolver.visit_all(nodes)
    if arguments and row.result == "first":
        arguments[0] = first_value(arguments[0])
    if row.name in ("LAG", "LEAD") and len(arguments) == 3:
        arguments[0], arguments[2] = unify([arguments[0], arguments[2]])[0]
    return build(row, arguments)


def _frame(resolver: Resolver, spec: Any) -> str:
    """Return the frame clause: only fixed words and whole numbers can stand in it."""
    if spec is None:
        return ""
    if spec.args.get("exclude") is not None:
        raise Mismatch("EXCLUDE is not part of the language")
    start = _bound(spec.args.get("start"), spec.args.get("start_side"))
    if spec.args.get("end") is None:
        return f"{spec.args['kind'].upper()} {start}"
    end = _bound(spec.args.get("end"), spec.args.get("end_side"))
    return f"{spec.args['kind'].upper()} BETWEEN {start} AND {end}"


def _bound(value: Any, side: Any) -> str:
    if value == "CURRENT ROW":
        return "CURRENT ROW"
    direction = str(side or "").upper()
    if direction not in ("PRECEDING", "FOLLOWING"):
        raise Mismatch("A window frame is bounded by n PRECEDING, n FOLLOWING, UNBOUNDED or CURRENT ROW")
    if value == "UNBOUNDED":
        return f"UNBOUNDED {direction}"
    if getattr(value, "key", "") == "literal" and value.this.isdigit():
        return f"{int(value.this)} {direction}"
    raise Mismatch("A window frame counts whole rows")

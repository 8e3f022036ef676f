"""Query expressions given as text: the algebra is carried out, nothing else; no code is run."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from datamill.algebra.conditions import AndList, Not, Top
from datamill.api.diagram_source import find_table
from datamill.api.expression import QueryExpression
from datamill.api.table import FreeTable
from datamill.api.universe import U
from datamill.errors import DataMillError, QuerySyntaxError

if TYPE_CHECKING:
    from datamill.data.connection import Connection

LONGEST = 100_000
"""Characters of an expression at the most."""

_SHOWN = 100
"""Characters of an expression that messages repeat."""

FUNCTIONS: dict[str, Callable[..., Any]] = {"AndList": AndList, "Not": Not, "Top": Top, "U": U}
METHODS = frozenset(
    {
        *("aggr", "aggregate", "extend", "join", "proj", "union"),
        *("restrict", "restrict_by_ancestor", "restrict_by_descendant"),
    }
)
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.BitAnd: lambda a, b: a & b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Add: lambda a, b: a + b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
}


def evaluate(connection: Connection, text: str) -> QueryExpression:
    """Return the query that a text stands for.

    Tables are named ``Mouse``, ``lab.Mouse`` or ``lab.Session.Probe``; there are the operators ``& - * + << >>``, the
    methods of expressions that make others, ``Top``, ``U``, ``Not`` and ``AndList`` (with or without ``dm.``), and
    literals.

    Args:
        connection: Where the tables are.
        text: A Python expression of these.

    Raises:
        QuerySyntaxError: It is none, or contains something else.
        DataMillError: A table is unknown or its name ambiguous; an operator has no meaning.

    Example:
        >>> evaluate(connection, "Mouse * Session & 'day > 3'")  # doctest: +SKIP
    """
    if len(text) > LONGEST:
        raise QuerySyntaxError(f"The expression has {len(text)} characters, more than {LONGEST}.")
    try:
        tree = ast.parse(text.strip(), mode="eval")
        value = _Evaluator(connection, text).value(tree.body)
    except SyntaxError as error:
        raise QuerySyntaxError(
            f"{_cut(text)} is no expression: {error.msg}.", expression=text, position=(error.offset or 1) - 1
        ) from error
    except (RecursionError, MemoryError) as error:
        raise QuerySyntaxError("The expression is nested too deep.", expression=text) from error
    except TypeError as error:  # an operator or method that does not take these
        raise QuerySyntaxError(f"{_cut(text)} has no meaning: {error}.", expression=text) from error
    if not isinstance(value, QueryExpression):
        raise QuerySyntaxError(
            f"{_cut(text)} is no query.",
            expression=text,
            hint="Name a table: lab.Mouse, lab.Mouse & 'age > 3'.",
        )
    return value


class _Evaluator:
    def __init__(self, connection: Connection, text: str) -> None:
        self._connection = connection
        self._text = text
        self._names = connection.catalog.graph().order()
        self._handlers: dict[type[ast.AST], Callable[[Any], Any]] = {
            ast.Constant: lambda node: node.value,
            ast.List: lambda node: self._many(node.elts),
            ast.Tuple: lambda node: tuple(self._many(node.elts)),
            ast.Set: lambda node: set(self._many(node.elts)),
            ast.Dict: self._dict,
            ast.BinOp: self._operator,
            ast.UnaryOp: self._minus,
            ast.Call: self._call,
            ast.Name: self._table,
            ast.Attribute: self._table,
        }

    def value(self, node: ast.AST) -> Any:
        handler = self._handlers.get(type(node))
        if handler is None:
            raise self._refused(node, "only the query algebra is understood")
        return handler(node)

    def _refused(self, node: Any, why: str) -> QuerySyntaxError:
        piece = ast.get_source_segment(self._text.strip(), node) or type(node).__name__
        return QuerySyntaxError(
            f"{_cut(piece)} cannot be part of a query: {why}.",
            expression=self._text,
            position=getattr(node, "col_offset", None),
            hint="Use tables, & - * + << >>, proj, aggr, extend, join, union, restrict, Top, U, Not and AndList.",
        )

    def _many(self, nodes: list[Any]) -> list[Any]:
        return [self.value(node) for node in nodes]

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        if None in node.keys:
            raise self._refused(node, "** is not understood")
        keys = [self.value(key) for key in node.keys if key is not None]
        return dict(zip(keys, self._many(node.values), strict=True))

    def _operator(self, node: ast.BinOp) -> Any:
        apply = _OPERATORS.get(type(node.op))
        if apply is None:
            raise self._refused(node, "there is no such operator")
        left, right = self.value(node.left), self.value(node.right)
        if not any(isinstance(side, QueryExpression | U) for side in (left, right)):
            raise self._refused(node, "operators stand between tables and conditions")
        return apply(left, right)

    def _minus(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not isinstance(node.op, ast.USub) or not (is_number or isinstance(value, QueryExpression)):
            raise self._refused(node, "there is no such operator")
        return -value

    def _call(self, node: ast.Call) -> Any:
        function = self._function(node.func)
        if any(keyword.arg is None for keyword in node.keywords):
            raise self._refused(node, "** is not understood")
        arguments = self._many(node.args)
        return function(*arguments, **{str(item.arg): self.value(item.value) for item in node.keywords})

    def _function(self, node: ast.expr) -> Callable[..., Any]:
        dotted = _dotted(node)
        if dotted is not None and dotted.removeprefix("dm.") in FUNCTIONS:
            return FUNCTIONS[dotted.removeprefix("dm.")]
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            owner = self.value(node.value)
            if isinstance(owner, QueryExpression | U):
                method: Callable[..., Any] = getattr(owner, node.attr)
                return method
        if dotted is not None and dotted.rpartition(".")[2][:1].isupper():
            return self._instance(node)
        raise self._refused(node, "it is no function of the algebra")

    def _instance(self, node: ast.expr) -> Callable[..., Any]:
        """Let ``Mouse()`` stand for ``Mouse``."""
        table = self._table(node)

        def instance(*arguments: Any, **named: Any) -> Any:
            if arguments or named:
                raise self._refused(node, "a table takes no arguments")
            return table

        return instance

    def _table(self, node: ast.expr) -> FreeTable:
        dotted = _dotted(node)
        if dotted is None:
            raise self._refused(node, "it is no table")
        try:
            name = find_table(dotted, self._names, {}, "the database")
        except DataMillError as error:
            raise QuerySyntaxError(
                str(error), expression=self._text, position=getattr(node, "col_offset", None)
            ) from error
        return FreeTable(self._connection, str(name))


def _cut(text: str) -> str:
    """Return a text in quotes, shortened to what a message needs."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def _dotted(node: ast.AST) -> str | None:
    """Return the dotted name that a node is, or None."""
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(words)])

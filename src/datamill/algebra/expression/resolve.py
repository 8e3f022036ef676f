"""Syntax tree to typed tree: names become columns, literals take types, functions are looked up in their table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from datamill.algebra.expression.aggregates import build_aggregate, build_window
from datamill.algebra.expression.build import build, case
from datamill.algebra.expression.coerce import unify
from datamill.algebra.expression.functions import BY_NAME, FUNCTIONS, Function
from datamill.algebra.expression.kinds import BOOL, JSON, NUMERIC, TEXT, UNKNOWN, Mismatch
from datamill.algebra.expression.literals import negated, number_literal, settle
from datamill.algebra.expression.paths import path_text
from datamill.algebra.expression.scope import Scope
from datamill.algebra.expression.special import SPECIAL, add_interval, interval
from datamill.algebra.expression.syntax import syntax_error, unquote
from datamill.algebra.expression.tree import Call, Expression, Literal
from datamill.errors import QueryError, UnknownAttributeError

_OPERATORS = {
    "and": "AND",
    "or": "OR",
    "xor": "XOR",
    "not": "NOT",
    "eq": "=",
    "neq": "<>",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "nullsafeeq": "<=>",
    "nullsafeneq": "IS DISTINCT FROM",
    "regexplike": "REGEXP",
    "mul": "*",
    "div": "/",
    "intdiv": "DIV",
    "mod": "%",
    "dpipe": "CONCAT",
    "bitwiseand": "&",
    "bitwiseor": "|",
    "bitwisexor": "^",
    "bitwisenot": "~",
    "bitwiseleftshift": "<<",
    "bitwiserightshift": ">>",
}
_WORDS = frozenset(("CURRENT_TIMESTAMP", "CURRENT_DATE", "LOCALTIMESTAMP", "UTC_DATE", "UTC_TIMESTAMP"))
"""Functions that may be written without parentheses."""

_UNSUPPORTED = {
    "placeholder": "Placeholders are not used here: write the value, or restrict by a mapping",
    "parameter": "Session variables are not used here",
    "star": "'*' stands only in COUNT(*)",
    "tuple": "A row of values stands only in comparisons and IN",
    "distinct": "DISTINCT stands only in aggregates",
    "order": "ORDER BY stands only in GROUP_CONCAT and OVER",
    "select": "Subqueries are not part of the language: restrict by another query expression instead",
}


class Resolver:
    """Resolves one syntax tree.

    Args:
        text: The expression as written, for messages.
        scope: What names mean.
        aggregate_scope: What they mean inside aggregates; None forbids aggregates.
        allow_window: Whether window functions may be used.
        key: Attributes by which GROUP_CONCAT orders unless told otherwise.
    """

    def __init__(
        self,
        text: str,
        scope: Scope,
        aggregate_scope: Scope | None,
        allow_window: bool,
        key: Sequence[str],
    ) -> None:
        self.text = text
        self.scope = scope
        self.aggregate_scope = aggregate_scope
        self.allow_window = allow_window
        self.key = tuple(key)
        self.inside = ""

    def resolve(self, tree: Any) -> Expression:
        """Return the typed tree of a whole expression."""
        try:
            return settle(self.visit(tree))
        except RecursionError:
            raise syntax_error("The expression is nested too deeply", self.text) from None

    def visit(self, node: Any) -> Expression:
        """Return the typed tree of a node."""
        if node is None or isinstance(node, str):
            raise syntax_error("Something is missing", self.text)
        handler = _HANDLERS.get(node.key)
        try:
            if handler is None:
                raise Mismatch(_UNSUPPORTED.get(node.key, f"{_shown(node)} is not part of the language"))
            return handler(self, node)
        except Mismatch as error:
            raise syntax_error(str(error), self.text, _position(node)) from error
        except QueryError as error:
            raise self._located(error, node) from error.__cause__

    def _located(self, error: QueryError, node: Any) -> QueryError:
        """Tell an error from below which expression it is about."""
        if not isinstance(error, UnknownAttributeError) and getattr(error, "position", None) is None:
            error.expression, error.position = self.text, _position(node)
        return error

    def visit_all(self, nodes: Sequence[Any]) -> list[Expression]:
        """Return the typed trees of several nodes."""
        return [self.visit(node) for node in nodes]

    def string(self, node: Any, what: str) -> str:
        """Return the text of a string literal node."""
        if node is None or node.key != "literal" or not node.is_string:
            raise Mismatch(f"{what} must be a string in quotes")
        return unquote(node.this)

    # --- names and constants

    def _literal(self, node: Any) -> Expression:
        return Literal(unquote(node.this), TEXT) if node.is_string else number_literal(node.this)

    def _boolean(self, node: Any) -> Expression:
        return Literal(bool(node.this), BOOL)

    def _null(self, node: Any) -> Expression:
        return Literal(None, UNKNOWN)

    def _paren(self, node: Any) -> Expression:
        return self.visit(node.this)

    def _column(self, node: Any) -> Expression:
        names = [part.name for part in node.parts]
        if len(names) > 1:
            return self._json_place(node)
        quoted = node.this.args.get("quoted", False)
        upper = names[0].upper()
        if upper in _WORDS and not quoted and self.scope.find(names[0]) is None:
            return build(BY_NAME[upper], ())
        return self.scope.column(names[0])

    def _json_place(self, node: Any) -> Expression:
        """Resolve ``j.a[0].b``: JSON access, because there are no table qualifiers."""
        steps = list(_steps(node))
        found = self.scope.find(str(steps[0]))
        if found is None or found[0].stored.family != "json":
            name = ".".join(map(str, steps))
            if found is None and len(steps) == 2 and self.scope.find(str(steps[1])) is not None:
                raise Mismatch(f"{name}: attributes are named without their table; write {steps[1]}")
            if found is None:
                raise self.scope.unknown(str(steps[0]))
            raise Mismatch(
                f"{name}: a dot or bracket reads from a json attribute, and {steps[0]!r} is {found[0].type}"
            )
        return Call(
            "->", (self.scope.column(str(steps[0])), Literal(path_text(tuple(steps[1:])), TEXT)), JSON
        )

    # --- operators

    def _operator(self, node: Any) -> Expression:
        name = _OPERATORS[node.key]
        left, right = node.args.get("this"), node.args.get("expression")
        if name in ("=", "<>", "<", "<=", ">", ">=", "<=>", "IS DISTINCT FROM"):
            return self._comparison(name, left, right)
        operands = [left] if name in ("NOT", "~") else [left, right]
        return build(FUNCTIONS[name], self.visit_all(operands))

    def _comparison(self, name: str, left: Any, right: Any) -> Expression:
        self._check_quotes(left, right)
        if _key(left) == "tuple" or _key(right) == "tuple":
            return self._row_comparison(name, left, right)
        return build(FUNCTIONS[name], [self.visit(left), self.visit(right)])

    def _row_comparison(self, name: str, left: Any, right: Any) -> Expression:
        if name not in ("=", "<>"):
            raise Mismatch("Rows of values are compared with = and <> only")
        columns = [
            unify(pair, "equality")[0] for pair in zip(self._row(left), self._row(right), strict=False)
        ]
        if len(self._row(left)) != len(self._row(right)):
            raise Mismatch("The two rows have different lengths")
        equal: Expression = Call("=", tuple(columns[0]), BOOL)
        for pair in columns[1:]:
            equal = Call("AND", (equal, Call("=", tuple(pair), BOOL)), BOOL)
        return equal if name == "=" else Call("NOT", (equal,), BOOL)

    def _row(self, node: Any) -> list[Expression]:
        if _key(node) != "tuple" or not node.expressions:
            raise Mismatch("A row of values is compared with a row of values")
        return self.visit_all(node.expressions)

    def _check_quotes(self, *nodes: Any) -> None:
        """Refuse ``"name" = 'x'``: the writer took the string for an attribute."""
        strings = [node for node in nodes if _key(node) == "literal"]
        if len(strings) < len(nodes):
            return
        for node in strings:
            name = unquote(node.this) if node.is_string else ""
            if node.this.startswith('"') and self.scope.find(name) is not None:
                raise Mismatch(
                    f'"{name}" in double quotes is a string, not the attribute {name}: '
                    f"leave the quotes out, or write `{name}`"
                )

    def _plus(self, node: Any) -> Expression:
        sign = 1 if node.key == "add" else -1
        left, right = node.this, node.args.get("expression")
        if interval(right) is not None:
            return add_interval(self, left, right, sign)
        if interval(left) is not None and sign == 1:
            return add_interval(self, right, left, sign)
        name = "+" if sign == 1 else "-"
        operands = self.visit_all([left, right])
        if any(item.type.family in ("date", "datetime") for item in operands):
            raise Mismatch(
                f"Dates are added and subtracted with INTERVAL, DATEDIFF or TIMESTAMPDIFF, not with {name}"
            )
        return build(FUNCTIONS[name], operands)

    def _negative(self, node: Any) -> Expression:
        operand = self.visit(node.this)
        if isinstance(operand, Literal) and operand.type.family in NUMERIC and operand.value is not None:
            return negated(operand)
        return build(FUNCTIONS["NEGATE"], [operand])

    def _is_test(self, node: Any) -> Expression:
        """Resolve ``x IS [NOT] NULL | TRUE | FALSE``."""
        operand, test = self.visit(node.this), _key(node.args.get("expression"))
        if test == "null":
            result = build(FUNCTIONS["IS NULL"], [operand])
        elif test == "boolean":
            result = build(FUNCTIONS["IS TRUE" if node.expression.this else "IS FALSE"], [operand])
        else:
            raise Mismatch("IS is followed by NULL, TRUE, FALSE or DISTINCT FROM")
        return self._maybe_not(node, result)

    def _maybe_not(self, node: Any, result: Expression) -> Expression:
        """Negate a result if sqlglot folded a NOT into its node."""
        return Call("NOT", (result,), BOOL) if node.args.get("negate") else result

    def _like(self, node: Any, escape: Any = None) -> Expression:
        name = "ILIKE" if node.key == "ilike" else "LIKE"
        self._check_quotes(node.this, node.args.get("expression"))
        arguments = self.visit_all([node.this, node.args.get("expression")])
        if escape is not None:
            sign = self.string(escape, "ESCAPE")
            if len(sign) != 1:
                raise Mismatch("ESCAPE takes one character")
            arguments.append(Literal(sign, TEXT))
        return self._maybe_not(node, build(FUNCTIONS[name], arguments))

    def _escape(self, node: Any) -> Expression:
        if _key(node.this) not in ("like", "ilike"):
            raise Mismatch("ESCAPE belongs to LIKE")
        return self._like(node.this, node.args.get("expression"))

    def _between(self, node: Any) -> Expression:
        parts = [node.this, node.args.get("low"), node.args.get("high")]
        if node.args.get("symmetric") is not None:
            raise Mismatch("BETWEEN SYMMETRIC is not part of the language")
        self._check_quotes(*parts)
        return build(FUNCTIONS["BETWEEN"], self.visit_all(parts))

    def _one_of(self, node: Any) -> Expression:
        items = node.args.get("expressions")
        if not items:
            raise Mismatch("IN needs a list of values in parentheses")
        self._check_quotes(node.this, *items)
        if _key(node.this) != "tuple":
            return build(FUNCTIONS["IN"], self.visit_all([node.this, *items]))
        rows = [self._row(item) for item in (node.this, *items)]
        if len({len(row) for row in rows}) > 1:
            raise Mismatch("The rows have different lengths")
        columns = [unify(values, "equality")[0] for values in zip(*rows, strict=True)]
        unified = [Call("ROW", tuple(row), UNKNOWN) for row in zip(*columns, strict=True)]
        return Call("IN", tuple(unified), BOOL)

    def _case(self, node: Any) -> Expression:
        subject, default = node.args.get("this"), node.args.get("default")
        arguments: list[Expression] = []
        for branch in node.args.get("ifs") or ():
            condition = branch.this
            test = self.visit(condition) if subject is None else self._comparison("=", subject, condition)
            arguments += [test, self.visit(branch.args.get("true"))]
        if not arguments:
            raise Mismatch("A CASE needs at least one WHEN")
        if default is not None:
            arguments.append(self.visit(default))
        return case(arguments)

    # --- functions

    def _function(self, node: Any) -> Expression:
        name = node.this if isinstance(node.this, str) else node.this.name
        row = BY_NAME.get(name.upper()) if isinstance(node.this, str) else None
        if row is None or not _can_be_called(row, name.upper()):
            return self._unknown_function(node, name)
        if row.is_window:
            raise Mismatch(f"{name.upper()} needs OVER (...)")
        if row.is_aggregate:
            return self._aggregate(row, node, name.upper())
        special = SPECIAL.get(row.name)
        if special is not None:
            return special(self, row, node.expressions)
        return build(row, self.visit_all(node.expressions))

    def _aggregate(self, row: Function, node: Any, name: str) -> Expression:
        """Resolve an aggregate: inside it, names mean the attributes of the rows that are summarised."""
        if self.aggregate_scope is None:
            raise Mismatch(f"{name} is an aggregate: it has a meaning only in aggr(), or with OVER (...)")
        if self.inside:
            raise Mismatch(f"{name} stands inside {self.inside}: aggregates do not nest")
        outer, self.scope, self.inside = self.scope, self.aggregate_scope, name
        try:
            return build_aggregate(self, row, node.expressions)
        finally:
            self.scope, self.inside = outer, ""

    def _unknown_function(self, node: Any, name: str) -> Expression:
        if name.upper() == "INTERVAL":
            raise Mismatch("An INTERVAL is added to or subtracted from a date")
        arguments = [settle(item) for item in self.visit_all(node.expressions)]
        if not name.isidentifier() or not name.isascii():
            raise Mismatch(f"{name!r} cannot name a function")
        return Call(name.upper(), tuple(arguments), UNKNOWN, (("unknown", True),))

    def _window(self, node: Any) -> Expression:
        if not self.allow_window:
            raise Mismatch("Window functions are allowed only in proj()")
        if self.inside:
            raise Mismatch(f"A window function stands inside {self.inside}")
        return build_window(self, node)


def _can_be_called(row: Function, name: str) -> bool:
    if row.group in ("compare", "operators"):
        return name in ("ISNULL", "MOD")
    return name not in ("CASE", "RLIKE")


def _key(node: Any) -> str:
    return getattr(node, "key", "")


def _steps(node: Any) -> list[Any]:
    """Return names and indexes of ``j.a[0].b`` from the left."""
    if node.key == "column":
        return [part.name for part in node.parts]
    if node.key == "dot" and _key(node.args.get("expression")) == "identifier":
        return [*_steps(node.this), node.expression.name]
    if node.key == "bracket" and len(node.expressions) == 1 and _key(node.expressions[0]) == "literal":
        index = node.expressions[0]
        if index.is_string:
            return [*_steps(node.this), unquote(index.this)]
        if index.this.isdigit():
            return [*_steps(node.this), int(index.this)]
    raise Mismatch("JSON access is written j.name[0].name, with names and whole numbers")


def _shown(node: Any) -> str:
    name = (
        str(node.args.get("this") or node.key)
        if node.key in ("alias", "var", "collate")
        else node.key.upper()
    )
    return f"{name!r}"


def _position(node: Any) -> int | None:
    """Return where a node starts in the text, if sqlglot knows."""
    for item in node.walk(bfs=False):
        start = item.meta.get("start") if item._meta else None
        if start is not None:
            return int(start)
    return None


_HANDLERS: dict[str, Callable[[Resolver, Any], Expression]] = {
    **dict.fromkeys(_OPERATORS, Resolver._operator),
    "literal": Resolver._literal,
    "boolean": Resolver._boolean,
    "null": Resolver._null,
    "paren": Resolver._paren,
    "column": Resolver._column,
    "dot": Resolver._json_place,
    "bracket": Resolver._json_place,
    "add": Resolver._plus,
    "sub": Resolver._plus,
    "neg": Resolver._negative,
    "is": Resolver._is_test,
    "like": Resolver._like,
    "ilike": Resolver._like,
    "escape": Resolver._escape,
    "between": Resolver._between,
    "in": Resolver._one_of,
    "case": Resolver._case,
    "anonymous": Resolver._function,
    "window": Resolver._window,
}

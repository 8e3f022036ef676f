"""The expression language: what is parsed, how it is typed, and what is refused."""

from __future__ import annotations

import contextlib
import datetime
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datamill.algebra.expression import (
    parse_condition,
    parse_expression,
    parse_order,
    parse_path,
    parse_path_key,
    path_text,
)
from datamill.algebra.expression.functions import BY_NAME, FUNCTIONS
from datamill.algebra.expression.syntax import unquote
from datamill.algebra.expression.tree import (
    AGGREGATES,
    Call,
    Column,
    Expression,
    Literal,
    columns,
    has_aggregate,
    walk,
)
from datamill.errors import DataMillError, QueryError, QuerySyntaxError, UnknownAttributeError
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.types import parse_type

TYPES = {
    "id": "int32",
    "n": "int32",
    "u": "uint64",
    "x": "float64",
    "r": "float32",
    "p": "decimal(6,2)",
    "flag": "bool",
    "name": "varchar(20)",
    "fixed": "char(5)",
    "kind": "enum('b','a')",
    "day": "date",
    "ts": "datetime(3)",
    "clock": "time",
    "k": "uuid",
    "j": "json",
    "data": "bytes",
    "image": "<blob>",
    "index": "int32",
    "end": "int32",
    "date": "date",
    "left": "int32",
    "interval": "int32",
    "order": "int32",
}


def attribute(name: str, text: str) -> Attribute:
    type = parse_type(text)
    return Attribute(name, type, parse_type("bytes") if type.is_codec else type, in_key=name == "id")


HEADING = Heading([attribute(name, text) for name, text in TYPES.items()])


def parse(text: str, **options: Any) -> Expression:
    return parse_expression(text, HEADING, allow_aggregates=True, **options)


def shape(expression: Expression) -> str:
    """A readable form of a tree."""
    if isinstance(expression, Column):
        return expression.name
    if isinstance(expression, Literal):
        return repr(expression.value)
    return f"({' '.join([expression.function, *map(shape, expression.arguments)])})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n > 1 AND x < 2 OR flag", "(OR (AND (> n 1) (< x 2.0)) flag)"),
        ("NOT n = 1", "(NOT (= n 1))"),
        ("n + 2 * id", "(+ n (* 2 id))"),
        ("n | id & 3 << 1", "(| n (& id (<< 3 1)))"),
        ("n - id - 1", "(- (- n id) 1)"),
        ("-n", "(NEGATE n)"),
        ("-5", "-5"),
        ("a = 1", None),
        ("name || 'x' || n", "(CONCAT (CONCAT name 'x') (CAST n))"),
        ("n IS NOT NULL", "(NOT (IS NULL n))"),
        ("n NOT IN (1, 2)", "(NOT (IN n 1 2))"),
        ("n NOT BETWEEN 1 AND 2 AND flag", "(AND (NOT (BETWEEN n 1 2)) flag)"),
        ("name NOT LIKE 'a%'", "(NOT (LIKE name 'a%'))"),
        ("n MOD 2 = MOD(n, 2)", "(= (% n 2) (% n 2))"),
        ("index > 1 AND end > 2 AND `order` = 3", "(AND (AND (> index 1) (> end 2)) (= order 3))"),
        ("left = LEFT(name, 1) ", None),
        ("date = DATE '2024-01-31'", "(= date datetime.date(2024, 1, 31))"),
        ("date > '2024-01-31'", "(> date datetime.date(2024, 1, 31))"),
        ("interval > 3", "(> interval 3)"),
        ("day + INTERVAL interval DAY", "(DATE_ADD day interval)"),
        ("CASE WHEN n THEN end ELSE 0 END", "(CASE (<> n 0) end 0)"),
        ("n::text", "(CAST n)"),
        ("j.a[0].b", "(-> j '$.a[0].b')"),
        ("j -> 'a' ->> 0", "(->> j '$.a[0]')"),
        ("EXTRACT(YEAR FROM ts)", "(YEAR ts)"),
        ("POSITION('a' IN name)", "(LOCATE 'a' name)"),
        ("INSTR(name, 'a')", "(LOCATE 'a' name)"),
        ("IFNULL(n, 1)", "(COALESCE n 1)"),
        ("N = 1", "(= n 1)"),
        ("current_timestamp", "(NOW)"),
        ("my_function(n, 1)", "(MY_FUNCTION n 1)"),
    ],
)
def test_the_grammar(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(DataMillError):
            parse(text)
    else:
        assert shape(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("n + 1", "int64"),
        ("n + 1.5", "float64"),
        ("p + 1", "decimal(65,30)"),
        ("p + 1.5", "decimal(65,30)"),
        ("p + x", "float64"),
        ("u + 1", "uint64"),
        ("u + n", "decimal(65,30)"),
        ("n / 2", "float64"),
        ("p / 2", "float64"),
        ("n DIV 2", "int64"),
        ("n > 1", "bool"),
        ("1.5", "float64"),
        ("COALESCE(p, 1.5)", "decimal(65,30)"),
        ("COALESCE(n, 1.5)", "float64"),
        ("IF(flag, day, ts)", "datetime(3)"),
        ("day + INTERVAL 1 DAY", "date"),
        ("day + INTERVAL 1 HOUR", "datetime"),
        ("ts + INTERVAL 1 DAY", "datetime(3)"),
        ("NOW(3)", "datetime(3)"),
        ("SUM(n)", "int64"),
        ("SUM(p)", "decimal(65,30)"),
        ("SUM(r)", "float64"),
        ("AVG(n)", "float64"),
        ("MIN(kind)", "text"),
        ("MAX(day)", "date"),
        ("CAST(n AS signed)", "int64"),
        ("CAST(x AS decimal(6, 1))", "decimal(6,1)"),
        ("CAST(x AS int16)", "int16"),
        ("STR_TO_DATE(name, '%Y-%m-%d')", "date"),
        ("STR_TO_DATE(name, '%Y-%m-%d %H:%i')", "datetime"),
        ("ROUND(p, 1)", "decimal(65,30)"),
        ("n", "int32"),
    ],
)
def test_types_of_results(text: str, type: str) -> None:
    assert parse(text).type.text == type


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n = '3'", 3),
        ("x = '2.5'", 2.5),
        ("p = 1.5", Decimal("1.5")),
        ("x = 1", 1.0),
        ("r = 0.1", 0.1),
        ("flag = 1", True),
        ("flag = 'false'", False),
        ("name = 5", "5"),
        ("name = 1.50", "1.50"),
        ("fixed = 'ab  '", "ab"),
        ("kind = 'a'", "a"),
        ("day = '2024-1-5'", datetime.date(2024, 1, 5)),
        ("day = '2024-01-05 00:00:00'", datetime.date(2024, 1, 5)),
        ("day > '2024-01-05 12:00:00'", datetime.datetime(2024, 1, 5, 12)),
        ("ts = '2024-01-05T12:00:00.5'", datetime.datetime(2024, 1, 5, 12, 0, 0, 500000)),
        ("clock = '12:00:00'", datetime.time(12)),
    ],
)
def test_a_literal_takes_the_type_of_what_it_stands_beside(text: str, value: Any) -> None:
    expression = parse(text)
    assert isinstance(expression, Call)
    literal = expression.arguments[1]
    assert isinstance(literal, Literal)
    assert (literal.value, type(literal.value)) == (value, type(value))


@pytest.mark.parametrize(
    "text", ["n = 99999999999999999999", "kind = 'other'", "flag = 2", "name = 'much longer than 20'"]
)
def test_values_that_cannot_occur_match_nothing(text: str) -> None:
    assert parse(text).type.kind == "bool"


@pytest.mark.parametrize(
    "text",
    [
        *("n = 'many'", "flag = 'maybe'", "day = 'someday'", "day > 5", "k = 'x'", "clock = 'noon'"),
        *(
            "name + 1",
            "day - day",
            "NOT name",
            "SUM(name)",
            "YEAR(name)",
            "n AND name",
            "SQRT(day)",
            "day = n",
        ),
        *(
            "LEFT(name)",
            "LEFT(name, 1, 2)",
            "COUNT()+COUNT(n, n)",
            "IF(n)",
            "NOW(7)",
            "GREATEST(n)",
            "CASE END",
        ),
        *(
            "CAST(n AS nothing)",
            "n::",
            "TIMESTAMPDIFF(FORTNIGHT, ts, ts)",
            "DATE_FORMAT(ts, '%q')",
            "SHA2(name, 1)",
        ),
        *(
            "INTERVAL 1 DAY",
            "n + INTERVAL 1",
            "ts + INTERVAL 1 FORTNIGHT",
            "EXTRACT(ERA FROM ts)",
            "DATE_ADD(ts)",
        ),
        *("name REGEXP '('", "name LIKE 'a' ESCAPE 'bc'", "name REGEXP '\\\\p'", "name REGEXP '[a'"),
        *(
            "SUM(SUM(n))",
            "RANK()",
            "n OVER ()",
            "LOWER(name) OVER ()",
            "SUM(n) OVER w",
            "JSON_ARRAYAGG(DISTINCT n)",
            "JSON_ARRAYAGG(n) OVER ()",
            "GROUP_CONCAT(n) OVER ()",
        ),
        *(
            "image IS NULL",
            "image = 1",
            "*",
            "COUNT(DISTINCT *)",
            "(n, id)",
            "(n, id) < (1, 2)",
            "(n, id) IN ((1, 2, 3))",
        ),
        *("day.x", "j[*]", "j.a[n]", "n IN ()", "n IN x", "n BETWEEN 1", "n BETWEEN 1 2", "a.n", "t.n = 3"),
        *(
            "j -> name",
            "name -> 'a'",
            "j -> '$.*'",
            "GROUP_CONCAT(n, n, n)",
            "GROUP_CONCAT(DISTINCT n ORDER BY x)",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert isinstance(caught.value, QuerySyntaxError | UnknownAttributeError)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("n = 1;", "';'"),
        ("n = 1; DROP TABLE x", "';'"),
        ("n = 1 -- all", "Comments"),
        ("n /* all */ = 1", "Comments"),
        ("n = 1 # all", "Comments"),
        ("n IN (SELECT 1)", "Subqueries"),
        ("EXISTS (SELECT 1)", "Subqueries"),
        ("n = ", "Required|missing|Not an expression"),
        ("n = 'open", "not closed"),
        ("n = 1)", "Unexpected|Invalid"),
        ("(n = 1", r"Expecting \)"),
        ("n = ?", "Placeholders"),
        ("n = @x", "variables"),
        ("n id", "Unexpected"),
        ("'a' 'b'", "side by side"),
        ("n AS m", "Unexpected|Invalid"),
        ("n = 1 UNION n", "Unexpected|Invalid"),
        ("CASE WHEN n ELSE 1 END", "THEN"),
        ("n IN (np.int64(1), np.int64(2))", r"np.int64\(\.\.\.\) is how numpy shows a value"),
        ("n = np.float64(2.5)", "how numpy shows a value"),
    ],
)
def test_one_expression_only(text: str, message: str) -> None:
    with pytest.raises(QuerySyntaxError, match=message) as caught:
        parse(text)
    assert caught.value.expression == text


def test_errors_say_where() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse("n > 1 AND LEFT(name) = 'a'")
    assert caught.value.position == 10


def test_unknown_names_have_near_misses() -> None:
    with pytest.raises(UnknownAttributeError, match="Did you mean 'name'") as caught:
        parse("nmae = 'x'")
    assert caught.value.candidates[0] == "name"


def test_names_ignore_case_only_if_unique() -> None:
    scope = {name: (attribute(name, "int32"), "") for name in ("size", "Size", "weight")}
    assert shape(parse_expression("WEIGHT + Size", scope)) == "(+ weight Size)"
    with pytest.raises(UnknownAttributeError):
        parse_expression("SIZE", scope)


@pytest.mark.parametrize(
    "text", ["\"name\" = 'x'", "'x' = \"name\"", "\"name\" IN ('x')", "\"name\" LIKE 'x%'"]
)
def test_a_quoted_attribute_is_explained(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match="double quotes is a string"):
        parse(text)


def test_double_quotes_are_strings() -> None:
    assert shape(parse('name = "x"')) == "(= name 'x')"
    assert shape(parse('name = "kind"')) == "(= name 'kind')"


def test_aggregates_and_windows_only_where_they_may_stand() -> None:
    with pytest.raises(QuerySyntaxError, match="aggr"):
        parse_expression("SUM(n)", HEADING)
    assert not has_aggregate(parse_expression("SUM(n) OVER ()", HEADING))
    with pytest.raises(QuerySyntaxError, match=r"only in proj"):
        parse_condition("SUM(n) OVER () > 1", HEADING)


def test_inside_aggregates_names_have_a_scope_of_their_own() -> None:
    outer = {"a": (attribute("a", "int32"), "left")}
    inner = {"b": (attribute("b", "int32"), "right")}
    expression = parse_expression("a + SUM(b)", outer, aggregate_scope=inner)
    assert {node.source for node in walk(expression) if isinstance(node, Column)} == {"left", "right"}
    for text in ("b + SUM(b)", "a + SUM(a)"):
        with pytest.raises(UnknownAttributeError):
            parse_expression(text, outer, aggregate_scope=inner)


def test_group_concat_is_ordered_by_the_key_unless_told_otherwise() -> None:
    by_key, by_value = parse("GROUP_CONCAT(name)"), parse("GROUP_CONCAT(DISTINCT name)")
    assert isinstance(by_key, Call)
    assert isinstance(by_value, Call)
    assert [shape(item.expression) for item in by_key.option("order")] == ["id"]
    assert [shape(item.expression) for item in by_value.option("order")] == ["name"]
    assert columns(by_key) == {"id", "name"}


@pytest.mark.parametrize("text", ["n", "x", "n > 1", "flag", "1", "j.a", "my_function(n)"])
def test_conditions(text: str) -> None:
    assert parse_condition(text, HEADING).type.family in ("bool", "opaque")


@pytest.mark.parametrize("text", ["name", "day", "k"])
def test_no_condition(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match="neither true nor false"):
        parse_condition(text, HEADING)


def test_orders() -> None:
    items = parse_order(["n DESC, KEY", "name || 'x' NULLS LAST", "x asc nulls first"], HEADING)
    found = [(shape(item.expression), item.descending, item.nulls_first) for item in items]
    assert found == [
        ("n", True, None),
        ("id", False, None),
        ("(CONCAT name 'x')", False, False),
        ("x", False, True),
    ]


@pytest.mark.parametrize("order", ["", "n,", "n UP", "n DESC ASC", "n NULLS", "nn", "n NULLS FIRST DESC"])
def test_wrong_orders(order: str) -> None:
    with pytest.raises(DataMillError):
        parse_order(order, HEADING)


def test_path_keys() -> None:
    key = parse_path_key("meta.cam[0].gain:float")
    assert (key.attribute, key.path, str(key.type)) == ("meta", ("cam", 0, "gain"), "float64")
    assert parse_path_key("meta.a").type is None
    for wrong in ("meta", "meta.", "meta.*", "meta.a[*]", "meta.a[", "meta.a:nothing", "meta..a"):
        with pytest.raises(QuerySyntaxError):
            parse_path_key(wrong)


@given(st.lists(st.one_of(st.text(min_size=1), st.integers(0, 10**6)), min_size=1, max_size=5).map(tuple))
def test_paths_are_read_as_they_are_written(path: tuple[str | int, ...]) -> None:
    assert parse_path(path_text(path)) == path


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_strings_are_read_as_they_are_quoted(text: str) -> None:
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    assert unquote(quoted) == text
    expression = parse(f"name = {quoted}")
    assert isinstance(expression, Call)
    assert expression.arguments[1] == Literal(text, expression.arguments[1].type)


@given(st.text())
@settings(max_examples=300)
def test_any_text_is_understood_or_refused(text: str) -> None:
    with contextlib.suppress(DataMillError):
        parse(text)


WORDS = st.sampled_from(
    [
        *(
            "n",
            "x",
            "name",
            "day",
            "ts",
            "j",
            "flag",
            "kind",
            "image",
            "nothing",
            "1",
            "2.5",
            "1e400",
            "'a'",
            '"b"',
            "NULL",
        ),
        *(
            "TRUE",
            "(",
            ")",
            "((",
            ",",
            "+",
            "-",
            "*",
            "/",
            "%",
            "=",
            "<>",
            "<=>",
            "->",
            "->>",
            "::",
            ".",
            "[0]",
            "||",
            "!",
        ),
        *(
            "AND",
            "OR",
            "NOT",
            "XOR",
            "IN",
            "IS",
            "LIKE",
            "BETWEEN",
            "REGEXP",
            "ESCAPE",
            "DISTINCT",
            "FROM",
            "AS",
            "int",
        ),
        *(
            "CASE",
            "WHEN",
            "THEN",
            "ELSE",
            "END",
            "INTERVAL",
            "DAY",
            "OVER",
            "ORDER BY",
            "PARTITION BY",
            "ROWS",
            "SEPARATOR",
        ),
        *(
            "SELECT",
            "CAST(",
            "SUM(",
            "COUNT(",
            "GROUP_CONCAT(",
            "IF(",
            "LEFT(",
            "DATE_ADD(",
            "EXTRACT(",
            "JSON_VALUE(",
        ),
        *(
            "{",
            "}",
            "?",
            "@",
            ":",
            ";",
            "#",
            "--",
            "/*",
            "\\",
            "`",
            "'",
            "$",
            "DIV",
            "MOD",
            "ILIKE",
            "ASC",
            "UNBOUNDED",
        ),
    ]
)


@given(st.lists(WORDS, max_size=14))
@settings(max_examples=1000)
def test_any_words_are_understood_or_refused(words: list[str]) -> None:
    text = " ".join(words)
    for read in (parse, lambda text: parse_order(text, HEADING), lambda text: parse_condition(text, HEADING)):
        with contextlib.suppress(DataMillError):
            read(text)


def test_deep_nesting_is_refused_not_a_crash() -> None:
    for text in ("(" * 3000 + "n" + ")" * 3000, "NOT " * 3000 + "flag", "n" + " + n" * 5000):
        with contextlib.suppress(DataMillError):
            parse(text)


def test_every_aggregate_of_the_tree_is_in_the_table() -> None:
    assert {name for name, row in FUNCTIONS.items() if row.is_aggregate} == AGGREGATES
    assert len(BY_NAME) == sum(1 + len(row.aliases) for row in FUNCTIONS.values())


def test_sqlglot_is_loaded_only_by_the_first_expression() -> None:
    code = (
        "import sys, datamill.algebra.expression, datamill.sql.dialects.sqlite\n"
        "assert 'sqlglot' not in sys.modules, 'sqlglot'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

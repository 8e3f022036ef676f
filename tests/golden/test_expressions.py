"""Every function of the expression language, as each dialect spells it: one file per group of functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pytest

from datamill.algebra.expression import parse_expression
from datamill.algebra.expression.functions import FUNCTIONS
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.types import parse_type
from datamill.sql.dialects.mysql import MARIADB, MYSQL
from datamill.sql.dialects.postgresql import POSTGRESQL
from datamill.sql.dialects.sqlite import SQLITE
from datamill.sql.expressions import render
from datamill.sql.writer import Statement, Writer

if TYPE_CHECKING:
    from datamill.sql.dialects.base import Dialect

Check = Callable[[str, str, Iterable[Statement]], None]

BY_NAME: dict[str, Dialect] = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "mysql": MYSQL, "mariadb": MARIADB}
TYPES = {
    "id": "int32",
    "n": "int32",
    "big": "int64",
    "u": "uint64",
    "x": "float64",
    "r": "float32",
    "p": "decimal(6,2)",
    "flag": "bool",
    "name": "varchar(20)",
    "code": "char(3)",
    "kind": "enum('b','a')",
    "day": "date",
    "ts": "datetime(3)",
    "clock": "time",
    "k": "uuid",
    "j": "json",
    "data": "bytes",
}
HEADING = Heading(
    [Attribute(name, parse_type(text), parse_type(text), in_key=name == "id") for name, text in TYPES.items()]
)

EXPRESSIONS: dict[str, tuple[str, ...]] = {
    "compare": (
        *(
            "n = 3",
            "n <> '3'",
            "x < 1.5",
            "p >= 1.5",
            "name <= 'b'",
            "u > 5",
            "n <=> NULL",
            "n IS DISTINCT FROM big",
        ),
        *(
            "n IS NULL",
            "flag IS TRUE",
            "n IS NOT FALSE",
            "p BETWEEN 1 AND 2",
            "n IN (1, 2)",
            "(n, name) IN ((1, 'a'))",
            "(p * 2, n) IN ((3, 1))",
        ),
        *("code = 'a'", "code > 'a'", "code IN ('a', 'b')", "code IS NULL"),
        *("kind = 'a'", "kind < 'a'", "flag = 1", "day = '2024-01-31'", "ts > day", "r = 0.1"),
        *("k = '12345678-1234-5678-1234-567812345678'", "j.a = 3", "j.a = 'x'", "j = CAST('{}' AS json)"),
    ),
    "operators": (
        *(
            "n = 1 AND x OR NOT flag XOR TRUE",
            "n + 1",
            "big + 1",
            "x - n * 2",
            "p * 2",
            "u - 1",
            "-n",
            "-big",
        ),
        *("n / 2", "n / n", "x / p", "n DIV 2", "p DIV n", "n % 3", "x % 2", "p MOD 2"),
        *("n & 1", "n | 1", "n ^ 1", "~n", "n << 1", "n >> 1", "name || n"),
    ),
    "match": (
        *("name LIKE 'a%'", "name LIKE CONCAT(name, '%')", "name ILIKE 'a_'", "name LIKE 'a!%' ESCAPE '!'"),
        *("code LIKE 'a'",),
        *("name REGEXP '^\\d.$'", "REGEXP_REPLACE(name, 'a+', 'b')", "REGEXP_SUBSTR(name, '\\w+')"),
    ),
    "conditional": (
        *("CASE WHEN n > 1 THEN 'a' ELSE name END", "IF(flag, n, x)", "COALESCE(n, 0)", "NULLIF(n, 0)"),
        *("GREATEST(n, 1)", "LEAST(p, 1)"),
    ),
    "strings": (
        *(
            "CONCAT(name, n, x)",
            "CONCAT_WS('-', name, n)",
            "LENGTH(name)",
            "LENGTH(data)",
            "CHAR_LENGTH(name)",
        ),
        *(
            "LOWER(name)",
            "UPPER(name)",
            "TRIM(name)",
            "LTRIM(name)",
            "RTRIM(name)",
            "REPLACE(name, 'a', 'b')",
        ),
        *("REPEAT(name, n)", "REVERSE(name)", "LPAD(name, 5)", "RPAD(name, 5, '-')", "HEX(name)", "HEX(n)"),
        *("FIELD(n, 1, 2)", "FIND_IN_SET(name, 'a,b')", "SUBSTRING_INDEX(name, '.', 1)", "SHA2(name, 256)"),
        *("LEFT(name, 2)", "LEFT(name, n)", "RIGHT(name, 2)", "SUBSTRING(name, 2)", "SUBSTRING(name, n, 3)"),
        *("LOCATE('a', name)", "LOCATE('a', name, 2)", "INSTR(name, 'a')"),
    ),
    "numeric": (
        *(
            "ABS(n)",
            "ABS(p)",
            "SIGN(x)",
            "CEIL(x)",
            "CEIL(p)",
            "FLOOR(n)",
            "TRUNCATE(x, 1)",
            "TRUNCATE(p, 1)",
        ),
        *(
            "ROUND(x)",
            "ROUND(x, 2)",
            "ROUND(p, 1)",
            "ROUND(n, -1)",
            "POW(x, 2)",
            "EXP(x)",
            "SQRT(x)",
            "SIN(x)",
        ),
        *(
            "COS(x)",
            "TAN(x)",
            "ASIN(x)",
            "ACOS(x)",
            "ATAN(x)",
            "ATAN2(x, 1)",
            "PI()",
            "RADIANS(x)",
            "DEGREES(x)",
        ),
        *("RAND()", "LN(x)", "LOG(x)", "LOG(2, x)", "LOG2(x)", "LOG10(n)"),
    ),
    "date": (
        *("NOW()", "NOW(3)", "CURDATE()", "YEAR(day)", "QUARTER(day)", "MONTH(day)", "DAY(day)", "HOUR(ts)"),
        *(
            "MINUTE(clock)",
            "SECOND(ts)",
            "MICROSECOND(ts)",
            "DAYOFYEAR(day)",
            "WEEKOFYEAR(day)",
            "DAYOFWEEK(day)",
        ),
        *("WEEKDAY(day)", "EXTRACT(YEAR FROM ts)", "DATE(ts)", "LAST_DAY(day)", "UNIX_TIMESTAMP(ts)"),
        *("UNIX_TIMESTAMP(day)", "FROM_UNIXTIME(n)", "FROM_UNIXTIME(x)", "DATEDIFF(ts, day)"),
        *("TIMESTAMPDIFF(MONTH, day, ts)", "TIMESTAMPDIFF(HOUR, day, ts)", "DATE_ADD(day, INTERVAL 1 MONTH)"),
        *("day - INTERVAL n DAY", "ts + INTERVAL 1 QUARTER", "DATE_SUB(day, 1)", "TIMESTAMPADD(HOUR, n, ts)"),
        *("DATE_FORMAT(ts, '%d.%m.%Y')", "STR_TO_DATE(name, '%d.%m.%Y')", "STR_TO_DATE(name, '%H:%i')"),
    ),
    "json": (
        *("j -> '$.a[0]'", "j ->> 'a'", "j.a[0].b", "JSON_VALUE(j, '$.a' RETURNING float)", "j.a + 1"),
        *("JSON_VALUE(j, '$.a' RETURNING date)", "JSON_VALUE(j, '$.a' RETURNING bool)", "JSON_UNQUOTE(j)"),
        *("JSON_LENGTH(j, '$.a')", "JSON_CONTAINS(j, '1', '$.a')", "JSON_KEYS(j)"),
    ),
    "aggregates": (
        *("COUNT(*)", "COUNT(DISTINCT n)", "COUNT(DISTINCT n, name)", "SUM(n)", "SUM(x)", "SUM(p)", "SUM(u)"),
        *("COUNT(DISTINCT p * 2)", "COUNT(DISTINCT p, n)", "SUM(DISTINCT p * 2)", "MAX(code)"),
        *("SUM(n > 3)", "AVG(n)", "MIN(name)", "MAX(p)", "MIN(flag)", "ANY_VALUE(k)", "JSON_ARRAYAGG(flag)"),
        *("BOOL_AND(flag)", "BOOL_OR(n)", "STDDEV(n)", "VARIANCE(x)", "STDDEV_SAMP(n)", "VAR_SAMP(n)"),
        *("GROUP_CONCAT(name)", "GROUP_CONCAT(DISTINCT name ORDER BY name DESC SEPARATOR '; ')"),
        *("STRING_AGG(n, '-' ORDER BY x DESC NULLS FIRST, kind)",),
    ),
    "casts": (
        *(
            "CAST(x AS int)",
            "CAST(p AS int)",
            "CAST(name AS unsigned)",
            "CAST(n AS float)",
            "CAST(p AS float)",
        ),
        *(
            "CAST(x AS decimal(6,1))",
            "CAST(n AS decimal)",
            "n::text",
            "x::text",
            "flag::text",
            "ts::text",
            "k::text",
        ),
        *(
            "name::varchar(3)",
            "kind::text",
            "name::date",
            "ts::date",
            "day::datetime",
            "ts::datetime",
            "ts::time",
        ),
        *("name::json", "n::json", "n::bool", "name::uuid", "name::binary"),
    ),
    "window": (
        *("ROW_NUMBER() OVER (ORDER BY n DESC)", "RANK() OVER (PARTITION BY flag ORDER BY n)"),
        *(
            "DENSE_RANK() OVER (ORDER BY name)",
            "PERCENT_RANK() OVER (ORDER BY n)",
            "CUME_DIST() OVER (ORDER BY n)",
        ),
        *("NTILE(4) OVER (ORDER BY n)", "LAG(n) OVER (ORDER BY id)", "LEAD(n, 2, 0) OVER (ORDER BY id)"),
        *("FIRST_VALUE(n) OVER (ORDER BY id)", "LAST_VALUE(n) OVER (ORDER BY id)", "NTH_VALUE(n, 2) OVER ()"),
        *(
            "SUM(n) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
            "AVG(x) OVER (PARTITION BY kind)",
            "COUNT(*) OVER (PARTITION BY p * 2, n)",
        ),
    ),
}


@pytest.mark.parametrize("group", EXPRESSIONS)
def test_expressions(dialect_name: str, golden: Check, group: str) -> None:
    statements = [_written(BY_NAME[dialect_name], text) for text in EXPRESSIONS[group]]
    golden(dialect_name, f"expressions/{group}", statements)


def _written(dialect: Dialect, text: str) -> Statement:
    writer = Writer(dialect)
    render(writer, parse_expression(text, HEADING, allow_aggregates=True))
    return writer.finish()


def test_the_same_expression_gives_the_same_text(dialect_name: str) -> None:
    for texts in EXPRESSIONS.values():
        for text in texts:
            assert _written(BY_NAME[dialect_name], text) == _written(BY_NAME[dialect_name], text)


def test_no_percent_sign_is_written(dialect_name: str) -> None:
    """PostgreSQL's and MySQL's drivers take it for a placeholder."""
    dialect = BY_NAME[dialect_name]
    for text in (text for texts in EXPRESSIONS.values() for text in texts):
        rest = _written(dialect, text).sql.replace(dialect.placeholder, "")
        assert dialect.placeholder != "%s" or "%" not in rest, text


def test_every_function_is_spelled_by_every_dialect(dialect_name: str) -> None:
    resolved_earlier = {
        *("IF", "INSTR", "EXTRACT", "DATE_SUB", "TIMESTAMPADD", "JSON_UNQUOTE"),
    }
    missing = set(FUNCTIONS) - set(BY_NAME[dialect_name].functions) - resolved_earlier
    assert missing == set()

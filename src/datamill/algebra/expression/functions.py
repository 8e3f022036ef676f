"""The function table: one row per operator and function of the expression language.

The row says what arguments a function takes and what it gives; coercion, error messages, SQL for every dialect and
the documentation follow it. Parameters are written as words, one per argument: a family, ``?`` behind it if the
argument may be left out, ``*`` if it may repeat.

| family | takes |
|---|---|
| ``any`` | anything |
| ``number``, ``integer``, ``float`` | numbers; true and false count as 1 and 0 |
| ``text`` | text; other values become their text |
| ``bool`` | true and false; of numbers, all but zero are true |
| ``day`` | date or datetime |
| ``moment`` | datetime; a date is its midnight |
| ``clock`` | time or datetime |
| ``json`` | a json value, or a json document as text |
| ``common`` | all such arguments are brought to one type |
| ``pair`` | values that can be compared, the same for all such arguments |
| ``constant`` | a literal |

Results: a type's name, ``first`` (type of the first argument), ``common`` (that of all ``common`` arguments),
``numeric`` (int, decimal or float, as the arguments are), ``total`` (the same, for sums).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Function:
    """One row of the table.

    Fields:
        name: Canonical upper-case name, or the sign of an operator.
        parameters: Families of the arguments, in order.
        least: Number of arguments needed.
        repeats: The last parameter may repeat without end.
        result: Type of the result, see the module's text.
        group: Heading in the documentation.
        aliases: Other names.
    """

    name: str
    parameters: tuple[str, ...]
    least: int
    repeats: bool
    result: str
    group: str
    aliases: tuple[str, ...] = ()

    @property
    def most(self) -> float:
        """The largest number of arguments."""
        return float("inf") if self.repeats else len(self.parameters)

    @property
    def is_aggregate(self) -> bool:
        """True if it consumes many rows."""
        return self.group == "aggregates"

    @property
    def is_window(self) -> bool:
        """True if it makes sense only with OVER."""
        return self.group == "window"

    def family(self, index: int) -> str:
        """Return the family of the argument at a position."""
        return self.parameters[min(index, len(self.parameters) - 1)]


_ROWS: dict[str, str] = {
    "compare": """
        = : pair pair -> bool
        <> : pair pair -> bool
        < : pair pair -> bool
        <= : pair pair -> bool
        > : pair pair -> bool
        >= : pair pair -> bool
        <=> : pair pair -> bool
        IS DISTINCT FROM : pair pair -> bool
        IS NULL | ISNULL : any -> bool
        IS TRUE : bool -> bool
        IS FALSE : bool -> bool
        BETWEEN : pair pair pair -> bool
        IN : pair pair* -> bool
    """,
    "operators": """
        AND : bool bool -> bool
        OR : bool bool -> bool
        XOR : bool bool -> bool
        NOT : bool -> bool
        + : number number -> numeric
        - : number number -> numeric
        * : number number -> numeric
        NEGATE : number -> numeric
        / : float float -> float64
        DIV : number number -> int64
        % | MOD : number number -> numeric
        & : integer integer -> int64
        | : integer integer -> int64
        ^ : integer integer -> int64
        ~ : integer -> int64
        << : integer integer -> int64
        >> : integer integer -> int64
    """,
    "match": """
        LIKE : text text constant? -> bool
        ILIKE : text text constant? -> bool
        REGEXP | RLIKE REGEXP_LIKE : text text -> bool
        REGEXP_REPLACE : text text text -> text
        REGEXP_SUBSTR : text text -> text
    """,
    "conditional": """
        CASE : bool common common* -> common
        IF : bool common common -> common
        COALESCE | IFNULL : common common* -> common
        NULLIF : pair pair -> first
        GREATEST : common common common* -> common
        LEAST : common common common* -> common
    """,
    "strings": """
        CONCAT | || : text text* -> text
        CONCAT_WS : text text text* -> text
        LENGTH | OCTET_LENGTH : any -> int64
        CHAR_LENGTH | CHARACTER_LENGTH : text -> int64
        LOWER | LCASE : text -> text
        UPPER | UCASE : text -> text
        TRIM : text -> text
        LTRIM : text -> text
        RTRIM : text -> text
        REPLACE : text text text -> text
        REPEAT : text integer -> text
        REVERSE : text -> text
        LPAD : text integer text? -> text
        RPAD : text integer text? -> text
        HEX : any -> text
        FIELD : pair pair pair* -> int64
        FIND_IN_SET : text text -> int64
        SUBSTRING_INDEX : text text integer -> text
        SHA2 : text constant? -> text
        LEFT : text integer -> text
        RIGHT : text integer -> text
        SUBSTRING | SUBSTR MID : text integer integer? -> text
        LOCATE | POSITION : text text integer? -> int64
        INSTR : text text -> int64
    """,
    "numeric": """
        ABS : number -> numeric
        SIGN : number -> int64
        CEIL | CEILING : number -> numeric
        FLOOR : number -> numeric
        TRUNCATE : number integer -> numeric
        ROUND : number integer? -> numeric
        POW | POWER : float float -> float64
        EXP : float -> float64
        SQRT : float -> float64
        SIN : float -> float64
        COS : float -> float64
        TAN : float -> float64
        ASIN : float -> float64
        ACOS : float -> float64
        ATAN : float float? -> float64
        ATAN2 : float float -> float64
        PI : -> float64
        RADIANS : float -> float64
        DEGREES : float -> float64
        RAND | RANDOM : -> float64
        LN : float -> float64
        LOG : float float? -> float64
        LOG2 : float -> float64
        LOG10 : float -> float64
    """,
    "date": """
        NOW | CURRENT_TIMESTAMP UTC_TIMESTAMP LOCALTIMESTAMP : constant? -> datetime
        CURDATE | CURRENT_DATE UTC_DATE : -> date
        YEAR : day -> int64
        QUARTER : day -> int64
        MONTH : day -> int64
        DAY | DAYOFMONTH : day -> int64
        HOUR : clock -> int64
        MINUTE : clock -> int64
        SECOND : clock -> int64
        MICROSECOND : clock -> int64
        DAYOFYEAR : day -> int64
        WEEKOFYEAR : day -> int64
        DAYOFWEEK : day -> int64
        WEEKDAY : day -> int64
        EXTRACT : constant any -> int64
        DATE : day -> date
        LAST_DAY : day -> date
        UNIX_TIMESTAMP : moment? -> unix
        FROM_UNIXTIME : number -> datetime
        DATEDIFF : day day -> int64
        TIMESTAMPDIFF : constant moment moment -> int64
        DATE_ADD | ADDDATE : day integer -> day
        DATE_SUB | SUBDATE : day integer -> day
        TIMESTAMPADD : constant integer day -> day
        DATE_FORMAT : moment constant -> text
        STR_TO_DATE : text constant -> datetime
    """,
    "json": """
        -> | JSON_EXTRACT : json constant -> json
        ->> : json constant -> text
        JSON_VALUE : json constant constant? -> text
        JSON_UNQUOTE : json -> text
        JSON_LENGTH : json constant? -> int64
        JSON_CONTAINS : json json constant? -> bool
        JSON_KEYS : json constant? -> json
    """,
    "aggregates": """
        COUNT : any* -> int64
        SUM : number -> total
        AVG : float -> float64
        MIN : any -> first
        MAX : any -> first
        ANY_VALUE : any -> first
        JSON_ARRAYAGG : any -> json
        BOOL_AND | EVERY : bool -> bool
        BOOL_OR : bool -> bool
        STDDEV_POP | STD STDDEV : float -> float64
        VAR_POP | VARIANCE : float -> float64
        STDDEV_SAMP : float -> float64
        VAR_SAMP : float -> float64
        GROUP_CONCAT | STRING_AGG : text constant? -> text
    """,
    "casts": """
        CAST : any constant -> cast
    """,
    "window": """
        ROW_NUMBER : -> int64
        RANK : -> int64
        DENSE_RANK : -> int64
        PERCENT_RANK : -> float64
        CUME_DIST : -> float64
        NTILE : integer -> int64
        LAG : any integer? any? -> first
        LEAD : any integer? any? -> first
        FIRST_VALUE : any -> first
        LAST_VALUE : any -> first
        NTH_VALUE : any integer -> first
    """,
}


def _read(group: str, line: str) -> Function:
    names, _, signature = line.partition(" : ")
    left, _, result = signature.rpartition("->")
    name, _, others = names.strip().partition(" | ") if " | " in names else (names.strip(), "", "")
    words = left.split()
    families = tuple(word.rstrip("?*") for word in words)
    least = sum(not word.endswith(("?", "*")) for word in words)
    repeats = bool(words) and words[-1].endswith("*")
    return Function(name, families, least, repeats, result.strip(), group, tuple(others.split()))


def _rows() -> Iterator[Function]:
    for group, text in _ROWS.items():
        for line in text.strip().splitlines():
            yield _read(group, line.strip())


FUNCTIONS: dict[str, Function] = {row.name: row for row in _rows()}
"""All functions by canonical name."""

BY_NAME: dict[str, Function] = {name: row for row in FUNCTIONS.values() for name in (row.name, *row.aliases)}
"""All functions by any of their names."""

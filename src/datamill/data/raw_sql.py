"""SQL as users write it: placeholders, cursors, and what kind of statement it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from datamill.backends.base import Result
from datamill.errors import QueryError, require
from datamill.model.types import AttributeType, core_type
from datamill.sql.dialects.base import Dialect
from datamill.sql.writer import Statement

_PIECES = re.compile(
    r"""(?P<quoted> '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | --[^\n]* | /\*.*?\*/ )
      | (?P<percent> %% )
      | (?P<placeholder> %s | %\((?P<name>[^)]+)\)s )
      | (?P<lone> % )""",
    re.VERBOSE | re.DOTALL,
)
_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|\()*", re.DOTALL)
_READS = frozenset(("SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "PRAGMA"))
_TRANSACTS = frozenset({"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"})
_DEFINES = frozenset(("CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "COMMENT", "ATTACH", "DETACH"))
_WRITES_INSIDE = re.compile(r"\b(?:INSERT|UPDATE|DELETE|REPLACE|MERGE)\b", re.IGNORECASE)
_KINDS: dict[type, str] = {bool: "bool", date: "date", Decimal: "decimal", UUID: "uuid"}

Arguments = Sequence[Any] | Mapping[str, Any] | None


def bind_arguments(sql: str, args: Arguments, dialect: Dialect) -> Statement:
    """Turn ``%s`` and ``%(name)s`` into the placeholders of a dialect, and values into what its driver takes.

    Placeholders inside quotes and comments are text; ``%%`` is ``%`` everywhere; a lone ``%`` stays. A list or tuple
    as a value becomes a parenthesised list, for ``IN %s``.

    Args:
        sql: The text.
        args: A sequence for ``%s``, a mapping for ``%(name)s``; None sends the text as it is.
        dialect: Whose placeholders to write.

    Raises:
        QueryError: Placeholders and values do not match.

    Example:
        >>> dialect = Dialect("sqlite", '"', "?", {})
        >>> bind_arguments("a = %s AND b LIKE '5%%'", [1], dialect)
        Statement(sql="a = ? AND b LIKE '5%'", params=(1,))
    """
    require(sql, str, "SQL must be text")
    if args is None:
        return Statement(sql)
    if isinstance(args, str | bytes) or not isinstance(args, Sequence | Mapping):
        args = (args,)
    binder = _Binder(sql, args, dialect)
    text = _PIECES.sub(binder.replace, sql)
    binder.finish()
    return Statement(text, tuple(binder.params))


class _Binder:
    def __init__(self, sql: str, args: Sequence[Any] | Mapping[str, Any], dialect: Dialect) -> None:
        self.sql = sql
        self.args = args
        self.dialect = dialect
        self.params: list[Any] = []
        self.used = 0
        # A driver that formats with % wants each other % doubled, but only when there is something to bind.
        self.percent = "%%" if dialect.placeholder == "%s" and len(args) else "%"

    def replace(self, match: re.Match[str]) -> str:
        if match["quoted"] is not None:
            return match["quoted"].replace("%%", "%").replace("%", self.percent)
        if match["placeholder"] is None:
            return self.percent
        value = self._next() if match["name"] is None else self._named(match["name"])
        if isinstance(value, list | tuple | set | frozenset):
            return f"({', '.join(self._add(item) for item in value) or 'NULL'})"
        return self._add(value)

    def _add(self, value: Any) -> str:
        self.params.append(driver_value(value, self.dialect))
        return self.dialect.placeholder

    def _next(self) -> Any:
        if isinstance(self.args, Mapping) or self.used >= len(self.args):
            raise self._mismatch()
        self.used += 1
        return self.args[self.used - 1]

    def _named(self, name: str) -> Any:
        if not isinstance(self.args, Mapping) or name not in self.args:
            raise QueryError(
                f"The query asks for %({name})s, which is not among the arguments.",
                sql=self.sql,
                hint="Pass a mapping with this name.",
            )
        return self.args[name]

    def finish(self) -> None:
        if (
            not isinstance(self.args, Mapping)
            and self.used != len(self.args)
            and (self.dialect.placeholder == "%s" or self.dialect.placeholder not in self.sql)
        ):
            raise self._mismatch()
        if isinstance(self.args, Sequence) and self.used < len(self.args):
            # The text uses the driver's own placeholders.
            self.params.extend(driver_value(value, self.dialect) for value in self.args[self.used :])

    def _mismatch(self) -> QueryError:
        count = sum(1 for match in _PIECES.finditer(self.sql) if match["placeholder"] is not None)
        return QueryError(
            f"The query has {count} placeholder(s) but {len(self.args)} argument(s).",
            sql=self.sql,
            hint="Give one argument per %s; write %% for a percent sign followed by 's', or args=None for plain text.",
        )


def driver_value(value: Any, dialect: Dialect) -> Any:
    """Return a Python value as the driver of a dialect takes it, judged by its Python type alone."""
    item = getattr(value, "item", None)
    if item is not None and type(value).__module__ == "numpy":
        value = item()
    type_ = _type_of(value)
    adapt = dialect.to_driver_for(type_) if type_ is not None else None
    return value if adapt is None else adapt(value)


def _type_of(value: Any) -> AttributeType | None:
    """Return the type whose values need translation for some driver, with the digits that this value's seconds have."""
    if isinstance(value, datetime | time):
        digits = 0 if not value.microsecond else 6 if value.microsecond % 1000 else 3
        return core_type("datetime" if isinstance(value, datetime) else "time", digits)
    return next((core_type(kind) for class_, kind in _KINDS.items() if isinstance(value, class_)), None)


def is_read(sql: str) -> bool:
    """True if a statement only reads."""
    word = first_word(sql)
    if word not in _READS:
        return False
    if word in ("WITH", "EXPLAIN", "PRAGMA"):
        bare = _PIECES.sub(lambda match: "''" if match["quoted"] is not None else match[0], sql)
        return "=" not in bare if word == "PRAGMA" else _WRITES_INSIDE.search(bare) is None
    return True


def is_definition(sql: str) -> bool:
    """True if a statement may change which tables there are."""
    return first_word(sql) in _DEFINES


def is_transaction(sql: str) -> bool:
    """True if a statement begins, ends or marks a transaction."""
    return first_word(sql) in _TRANSACTS


def first_word(sql: str) -> str:
    """Return the first keyword of a statement in upper case, comments and parentheses skipped."""
    start = _COMMENTS.match(sql)
    match = re.compile(r"[A-Za-z]+").match(sql, start.end() if start else 0)
    return match[0].upper() if match else ""


class Cursor:
    """The answer to a raw query: a small part of the DB-API.

    Args:
        result: What the session returned.
        as_dict: Rows are dicts instead of tuples.

    Example:
        >>> cursor = Cursor(Result(("a", "b"), [(1, 2), (3, 4)], 2), as_dict=True)
        >>> cursor.fetchone(), list(cursor)
        ({'a': 1, 'b': 2}, [{'a': 3, 'b': 4}])
    """

    arraysize = 1

    def __init__(self, result: Result, as_dict: bool = False) -> None:
        self.rowcount = result.rowcount
        self.description = [(name, *(None,) * 6) for name in result.columns] or None
        self._columns = result.columns
        self._rows = iter(result.rows)
        self._as_dict = as_dict

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        row = next(self._rows)
        return dict(zip(self._columns, row, strict=True)) if self._as_dict else row

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        return next(self, None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows, at most ``size`` (default `arraysize`)."""
        return list(islice(self, self.arraysize if size is None else size))

    def fetchall(self) -> list[Any]:
        """Return the remaining rows."""
        return list(self)

    def close(self) -> None:
        """Forget the remaining rows."""
        self._rows = iter(())

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

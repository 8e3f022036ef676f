"""Columns of values as rows of SQL text, or of LOAD DATA: whole columns at a time, rows joined in C."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from datamill.backends.mysql_literals import float_literal, literal, literals

_NONE = type(None)
_PLAIN = frozenset((int,))


def rows_as_values(columns: Sequence[Sequence[Any]]) -> list[bytes]:
    """Return ``(a,b,...)`` for each row.

    Raises:
        InvalidValueError: MySQL has nothing like a value.

    Example:
        >>> rows_as_values([[1, 2], ["x", None]])
        [b"(1,'x')", b'(2,NULL)']
    """
    if len(columns[0]) == 1:
        return [b"(" + b",".join(literals([column[0] for column in columns])) + b")"]
    shapes, texts = zip(*map(_column_as_values, columns), strict=True)
    template = b"(" + b",".join(shapes) + b")"
    return list(map(template.__mod__, zip(*texts, strict=True)))


def _column_as_values(column: Sequence[Any]) -> tuple[bytes, Sequence[Any]]:
    """Return the place of a column in the template, and what goes there."""
    kinds = set(map(type, column))
    if kinds == {int}:
        return b"%d", column
    if kinds == {float}:
        return b"%b", list(map(float_literal, column))
    if kinds == {str}:
        encoded = list(map(str.encode, column))
        if _needs_no_escape(encoded):
            return b"'%b'", encoded
    return b"%b", list(map(literal, column))


def _needs_no_escape(encoded: Sequence[bytes]) -> bool:
    everything = b"".join(encoded)
    return not (b"'" in everything or b"\\" in everything)


# --- LOAD DATA -------------------------------------------------------------------------------------------------

LOAD_OPTIONS = r"FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n'"


def rows_as_lines(columns: Sequence[Sequence[Any]]) -> list[bytes]:
    r"""Return one line of LOAD DATA per row: fields between tabs, ``\N`` for NULL.

    Example:
        >>> rows_as_lines([[1, 2], ["x", None]])
        [b'1\tx\n', b'2\t\\N\n']
    """
    shapes, texts = zip(*map(_column_as_fields, columns), strict=True)
    template = b"\t".join(shapes) + b"\n"
    return list(map(template.__mod__, zip(*texts, strict=True)))


def _column_as_fields(column: Sequence[Any]) -> tuple[bytes, Sequence[Any]]:
    kinds = set(map(type, column))
    if kinds == {int}:
        return b"%d", column
    if kinds == {str}:
        encoded = list(map(str.encode, column))
        joined = b"".join(encoded)
        if not (b"\\" in joined or b"\t" in joined or b"\n" in joined or b"\0" in joined):
            return b"%b", encoded
    return b"%b", list(map(_field, column))


def _field(value: Any) -> bytes:
    if value is None:
        return rb"\N"
    if isinstance(value, str):
        return _escaped(value.encode())
    if isinstance(value, bytes | bytearray | memoryview):
        return _escaped(bytes(value))
    if isinstance(value, float):
        return float_literal(value)
    if isinstance(value, bool | int):
        return b"%d" % value
    if isinstance(value, Decimal):
        return format(value, "f").encode()
    if isinstance(value, datetime):
        return value.isoformat(" ").encode()
    if isinstance(value, date | time):
        return value.isoformat().encode()
    return _escaped(literal(value).strip(b"'"))


def _escaped(raw: bytes) -> bytes:
    for letter, escape in ((b"\\", rb"\\"), (b"\t", rb"\t"), (b"\n", rb"\n"), (b"\0", rb"\0")):
        if letter in raw:
            raw = raw.replace(letter, escape)
    return raw


def pieces(rows: Sequence[bytes], most: int, separator: int = 1) -> list[tuple[int, Sequence[bytes]]]:
    """Cut rows into runs of at most ``most`` bytes; return the position of the first row, and the run, of each.

    A row that alone is longer makes a run of its own: the server says what it thinks of it.

    Example:
        >>> pieces([b"aa", b"bb", b"cc"], 6)
        [(0, [b'aa', b'bb']), (2, [b'cc'])]
    """
    if sum(map(len, rows)) + separator * len(rows) <= most:
        return [(0, rows)]
    runs, start, size = [], 0, 0
    for index, row in enumerate(rows):
        size += len(row) + separator
        if size > most and index > start:
            runs.append((start, rows[start:index]))
            start, size = index, len(row) + separator
    return [*runs, (start, rows[start:])]

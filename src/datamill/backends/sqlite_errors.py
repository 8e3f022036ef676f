"""From SQLite's errors to the error tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import apsw

from datamill.errors import (
    AccessError,
    DataMillError,
    DuplicateError,
    IntegrityError,
    InvalidValueError,
    LockTimeoutError,
    LostConnectionError,
    MissingAttributeError,
    MissingTableError,
    QueryError,
    QuerySyntaxError,
    UnknownAttributeError,
)
from datamill.model.names import TableName

VALUE_ERRORS = (TypeError, OverflowError, UnicodeError)
"""What the driver raises for values it cannot bind."""

_UNIQUE = re.compile(r"UNIQUE constraint failed: (?:index '(?P<index>.*)'|(?P<columns>.*))\Z", re.S)
_NOT_NULL = re.compile(r"NOT NULL constraint failed: (?P<column>.*)\Z", re.S)
_CHECK = re.compile(r"CHECK constraint failed: (?P<attribute>.*)\Z", re.S)
_DATATYPE = re.compile(r"cannot store (?P<got>\w+) value in \w+ column (?P<column>.*)\Z", re.S)
_NO_TABLE = re.compile(r"no such table: (?:main\.)?(?P<table>.*)\Z", re.S)
_NO_COLUMN = re.compile(r"(?:no such column: |table .* has no column named )\"?(?P<column>[^\"]*)\"?", re.S)
_IS_SYNTAX = re.compile(r"near \".*\": syntax error|unrecognized token|incomplete input", re.S)


def translate(error: Exception, sql: str | None, path: str, waited: float = 0) -> DataMillError:
    """Return the datamill error that says what an error of the driver means.

    Args:
        error: What the driver raised.
        sql: The statement, if one was running.
        path: The database file.
        waited: Seconds that a lock is waited for.
    """
    if isinstance(error, DataMillError):
        return error
    if isinstance(error, VALUE_ERRORS):
        return InvalidValueError(f"SQLite cannot store a value: {error}.", reason=str(error))
    for kind, make in _MAKERS:
        if isinstance(error, kind):
            return make(error, {"sql": sql, "code": _code(error), "backend": "sqlite"}, path, waited)
    return QueryError(f"SQLite refused: {error}.", sql=sql, code=_code(error), backend="sqlite")


def _code(error: Exception) -> int | None:
    code = getattr(error, "extendedresult", None)
    return int(code) if code is not None else None


Facts = dict[str, Any]


def _split(column: str) -> tuple[str, str]:
    """Split ``schema.table.attribute``."""
    table, _, attribute = column.rpartition(".")
    return table, attribute


def _constraint(error: Exception, facts: Facts, path: str, waited: float) -> DataMillError:
    message = str(error)
    if match := _UNIQUE.match(message):
        return _duplicate(match, facts)
    if match := _NOT_NULL.match(message):
        table, attribute = _split(match["column"])
        hint = "Give a value, or declare the attribute with a default."
        text = f"{attribute!r} of {table} has no value."
        return MissingAttributeError(text, attribute=attribute, table=table, hint=hint, **facts)
    if match := _CHECK.match(message):
        attribute = match["attribute"]
        text = f"A value of {attribute!r} is outside what its type allows."
        return InvalidValueError(
            text, attribute=attribute, reason=message, hint="Compare it with the definition."
        )
    if match := _DATATYPE.match(message):
        table, attribute = _split(match["column"])
        text = f"A {match['got'].lower()} value does not fit the type of {attribute!r} of {table}."
        return InvalidValueError(text, table=table, attribute=attribute, reason=message)
    if "FOREIGN KEY" in message:
        text = "A foreign key forbids the change: a row would refer to a row that does not exist."
        return IntegrityError(text, constraint="foreign key", **facts)
    return IntegrityError(f"A constraint forbids the change: {message}.", constraint="other", **facts)


def _duplicate(match: re.Match[str], facts: Facts) -> DuplicateError:
    if match["index"] is not None:
        text = f"A row with the same values of the unique index {match['index']!r} exists."
        return DuplicateError(text, attributes=(), **facts)
    pairs = [_split(column) for column in match["columns"].split(", ")]
    table, attributes = pairs[0][0], tuple(attribute for _, attribute in pairs)
    text = f"A row of {table} with the same ({', '.join(attributes)}) exists."
    return DuplicateError(text, attributes=attributes, table=table, **facts)


def duplicate_key(error: DuplicateError, table: TableName, key: tuple[str, ...]) -> DuplicateError:
    """Return the error for a clash of primary keys, which another unique index reported first."""
    facts = {"sql": error.sql, "code": error.code, "backend": error.backend}
    text = f"A row of {table} with the same ({', '.join(key)}) exists."
    better = DuplicateError(text, attributes=key, table=str(table), **facts)
    better.row_index = error.row_index
    return better


def _locked(error: Exception, facts: Facts, path: str, waited: float) -> DataMillError:
    if facts["code"] == apsw.SQLITE_BUSY_SNAPSHOT:
        text = f"Another process wrote to {path} after this transaction had read from it."
        conflict = LockTimeoutError(text, hint="Repeat the transaction.", **facts)
        conflict.is_retryable = True
        return conflict
    text = f"{path} stayed locked by another process for {waited:g} s."
    return LockTimeoutError(text, hint="Wait for the other writer, or raise database.busy_timeout.", **facts)


def _read_only(error: Exception, facts: Facts, path: str, waited: float) -> DataMillError:
    if facts["code"] == apsw.SQLITE_READONLY_DBMOVED:
        return LostConnectionError(f"The database file {path} was moved or removed.", hint="Connect again.")
    if facts["sql"] is None:
        return _cannot_open(error, facts, path, waited)  # its write-ahead log cannot be made
    hint = "Ask for write permission on the file and its folder."
    return AccessError(f"{path} cannot be written.", privilege="write", hint=hint, **facts)


def _cannot_open(error: Exception, facts: Facts, path: str, waited: float) -> DataMillError:
    hint = "You need permission to write in its folder, even to read: or copy the file to a folder of yours."
    return AccessError(f"{path} cannot be opened.", privilege="open", hint=hint, **facts)


def _full(error: Exception, facts: Facts, path: str, waited: float) -> DataMillError:
    text = f"There is no room left to write to {path}; this change was not stored."
    return QueryError(text, hint="Free disk space or raise the quota, then repeat.", **facts)


def _input_output(error: Exception, facts: Facts, path: str, waited: float) -> DataMillError:
    verb = "written" if facts["code"] in _WRITING else "read"
    text = f"{path} could not be {verb}; this change was not stored. The system says: {error}."
    return QueryError(text, hint="Check the disk, its free space and its quota, then repeat.", **facts)


_WRITING = (
    apsw.SQLITE_IOERR_WRITE,
    apsw.SQLITE_IOERR_FSYNC,
    apsw.SQLITE_IOERR_TRUNCATE,
    apsw.SQLITE_IOERR_SHMSIZE,
)


def _not_a_database(error: Exception, facts: Facts, path: str, waited: float) -> DataMillError:
    return DataMillError(
        f"{path} is not an SQLite database.", hint="Choose another file; this one was left alone."
    )


def _corrupt(error: Exception, facts: Facts, path: str, waited: float) -> DataMillError:
    hint = "Restore it from a backup, or salvage rows with the .recover command of the sqlite3 program."
    return DataMillError(f"The database file {path} is damaged: {error}.", hint=hint)


def _interrupted(error: Exception, facts: Facts, path: str, waited: float) -> DataMillError:
    return QueryError("The statement was interrupted; what it changed was undone.", **facts)


def _closed(error: Exception, facts: Facts, path: str, waited: float) -> DataMillError:
    return LostConnectionError(f"The connection to {path} is closed.", hint="Connect again.")


def _threads(error: Exception, facts: Facts, path: str, waited: float) -> DataMillError:
    return DataMillError(
        f"Two threads used one session of {path} at once.", hint="Give each thread its own session."
    )


def _too_big(error: Exception, facts: Facts, path: str, waited: float) -> DataMillError:
    text = "A value or statement exceeds what SQLite can hold: one billion bytes."
    return InvalidValueError(text, reason=str(error), hint="Keep large objects in a store.")


def _statement(error: Exception, facts: Facts, path: str, waited: float) -> DataMillError:
    message = str(error)
    if match := _NO_TABLE.match(message):
        schema, _, table = match["table"].rpartition(".")
        text = f"Table {match['table']} does not exist."
        hint = "Declare it, or check its name; in SQL a table is written as its full_table_name says"
        hint += f""": "{match["table"]}".""" if schema else "."
        return MissingTableError(text, schema=schema, table=table, hint=hint)
    if match := _NO_COLUMN.match(message):
        return UnknownAttributeError(
            f"{message[0].upper()}{message[1:]}.", attribute=match["column"], **facts
        )
    if _IS_SYNTAX.match(message):
        position = getattr(error, "error_offset", -1)
        return QuerySyntaxError(
            f"SQLite does not understand the statement: {message}.",
            expression=facts["sql"],
            position=position if position >= 0 else None,
            **facts,
        )
    return QueryError(f"SQLite refused the statement: {message}.", **facts)


_MAKERS: tuple[tuple[type[Exception], Callable[[Exception, Facts, str, float], DataMillError]], ...] = (
    (apsw.ConstraintError, _constraint),
    (apsw.BusyError, _locked),
    (apsw.LockedError, _locked),
    (apsw.SQLError, _statement),
    (apsw.ReadOnlyError, _read_only),
    (apsw.PermissionsError, _read_only),
    (apsw.AuthError, _read_only),
    (apsw.CantOpenError, _cannot_open),
    (apsw.FullError, _full),
    (apsw.IOError, _input_output),
    (apsw.NotADBError, _not_a_database),
    (apsw.CorruptError, _corrupt),
    (apsw.InterruptError, _interrupted),
    (apsw.ConnectionClosedError, _closed),
    (apsw.CursorClosedError, _closed),
    (apsw.ThreadingViolationError, _threads),
    (apsw.TooBigError, _too_big),
)

"""From PostgreSQL's errors to the error tree, by their SQLSTATE."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg

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
from datamill.settings.address import DatabaseAddress

DRIVER_ERRORS = (psycopg.Error, TypeError, OverflowError, UnicodeError)
"""What the driver raises for a statement, or for a value it cannot bind."""

Facts = dict[str, Any]
Maker = Callable[[psycopg.Error, Facts], DataMillError]

# Messages are in the server's language; what stands in quotes and parentheses is the same in all.
_KEY = re.compile(r"\((?P<names>.*?)\)=\((?P<values>.*)\)", re.DOTALL)
_QUOTED = re.compile(r'["«„“](?P<name>[^"»“”]+)["»“”]')
_LINE = re.compile(r"\ACOPY .*?, \D*(?P<line>\d+)", re.DOTALL)
_PLAIN_NAME = re.compile(r'[\w$]+\Z|"(?:[^"]|"")+"\Z')
_WRITES = ("INSERT", "COPY", "UPDATE")


def translate(error: Exception, sql: str | None, place: str) -> DataMillError:
    """Return the datamill error that says what an error of the driver means.

    Args:
        error: What the driver raised.
        sql: The statement, if one was running.
        place: The database, for messages.
    """
    if isinstance(error, DataMillError):
        return error
    if not isinstance(error, psycopg.Error):
        return InvalidValueError(f"PostgreSQL cannot store a value: {error}.", reason=str(error))
    state = error.sqlstate
    facts: Facts = {"sql": sql, "code": state, "backend": "postgresql"}
    if state is None:
        return _of_driver(error, facts, place)
    if (state[:2] == "08" and state != "08P01") or state in _GONE:
        return LostConnectionError(
            f"The connection to {place} was lost: {first_line(error)}.",
            hint="Anything not committed is undone.",
        )
    maker = _MAKERS.get(state) or _CLASSES.get(state[:2]) or _refused
    return maker(error, facts)


_GONE = frozenset(("57P01", "57P02", "57P03", "57P05", "25P03"))
"""Shut down by an administrator, after a crash, while starting; idle for too long."""


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, without a full stop."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _of_driver(error: psycopg.Error, facts: Facts, place: str) -> DataMillError:
    """Explain an error that has no SQLSTATE: it comes from the driver, not from the server."""
    text = first_line(error)
    # An internal error of the driver: the server's last words were cut off in the middle of an answer.
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | psycopg.InternalError):
        return LostConnectionError(
            f"The connection to {place} was lost: {text}.", hint="Anything not committed is undone."
        )
    if isinstance(error, psycopg.DataError | psycopg.NotSupportedError) or "cannot adapt" in text:
        return InvalidValueError(f"PostgreSQL cannot take or give a value: {text}.", reason=text)
    return QueryError(f"The statement cannot be sent to PostgreSQL: {text}.", **facts)


def cannot_connect(error: psycopg.Error, address: DatabaseAddress) -> DataMillError:
    """Explain why no connection could be opened."""
    text = " ".join(str(error).split())
    lowered = text.lower()
    facts: Facts = {"code": error.sqlstate, "backend": "postgresql"}
    if "password authentication failed" in lowered or "no password supplied" in lowered:
        hint = "Check database.user and database.password."
        return AccessError(
            f"{address} refuses the user or password.", privilege="connect", hint=hint, **facts
        )
    if "does not exist" in lowered and "database" in lowered.rpartition("fatal:")[2]:
        hint = f"Create it (CREATE DATABASE {address.name!r}) or correct database.name."
        return AccessError(
            f"The server has no database {address.name!r}.", privilege="connect", hint=hint, **facts
        )
    if any(words in lowered for words in ("permission denied", "pg_hba.conf", "is not permitted to log in")):
        return AccessError(f"{address} refuses the connection: {text}.", privilege="connect", **facts)
    hint = "Check that the server runs, and database.host, database.port and database.use_tls."
    return LostConnectionError(f"{address} cannot be reached: {text}.", hint=hint)


def copied_row(error: psycopg.Error) -> int | None:
    """Return the 0-based row of a COPY that an error is about, if the server says so."""
    match = _LINE.match(error.diag.context or "")
    return int(match["line"]) - 1 if match else None


# by SQLSTATE -------------------------------------------------------------------------------------------------


def _table(error: psycopg.Error) -> str | None:
    schema, table = error.diag.schema_name, error.diag.table_name
    return f"{schema}.{table}" if schema and table else table


def _is_write(facts: Facts) -> bool:
    return (facts["sql"] or "").lstrip("( \n").upper().startswith(_WRITES)


def _duplicate(error: psycopg.Error, facts: Facts) -> DataMillError:
    attributes = clashing(error.diag.message_detail)
    table = _table(error)
    if attributes:
        text = f"A row of {table} with the same ({', '.join(attributes)}) exists."
    else:
        text = f"A row of {table} with the same values of the unique index {error.diag.constraint_name!r} exists."
    return DuplicateError(text, attributes=attributes, table=table, **facts)


def clashing(detail: str | None) -> tuple[str, ...]:
    """Return the columns that the detail of an error names, none if it names expressions.

    Example:
        >>> clashing('Key (mouse, "Day")=(1, 2) already exists.')
        ('mouse', 'Day')
    """
    match = _KEY.search(detail or "")
    names = match["names"].split(", ") if match else []
    if not all(_PLAIN_NAME.match(name) for name in names):
        return ()
    return tuple(name[1:-1].replace('""', '"') if name.startswith('"') else name for name in names)


def _dangling(error: psycopg.Error, facts: Facts) -> DataMillError:
    child, detail = _table(error), error.diag.message_detail or ""
    attributes = clashing(detail)
    statement = (facts["sql"] or "").lstrip("( \n").upper()
    others = [name for name in _QUOTED.findall(detail) if name != error.diag.table_name]
    if statement.startswith(("DELETE", "DROP", "TRUNCATE")) or not others:
        text = f"Rows of {child} refer to rows that were to be changed or deleted."
        return IntegrityError(
            text, constraint="foreign key", child=child, hint="Delete those first.", **facts
        )
    text = f"A row of {child} would refer to a row that {others[-1]} does not have."
    return IntegrityError(
        text, constraint="foreign key", child=child, parent=others[-1], attributes=attributes, **facts
    )


def _missing_value(error: psycopg.Error, facts: Facts) -> DataMillError:
    attribute, table = error.diag.column_name, _table(error)
    hint = "Give a value, or declare the attribute with a default."
    text = f"{attribute!r} of {table} has no value."
    return MissingAttributeError(text, attribute=attribute, table=table, hint=hint, **facts)


def _check(error: psycopg.Error, facts: Facts) -> DataMillError:
    attribute, table = error.diag.constraint_name, _table(error)
    text = f"A value of {attribute!r} of {table} is outside what its type allows."
    hint = "Compare it with the definition."
    return InvalidValueError(text, table=table, attribute=attribute, reason=first_line(error), hint=hint)


def _integrity(error: psycopg.Error, facts: Facts) -> DataMillError:
    text = f"A constraint forbids the change: {error.diag.message_primary}."
    return IntegrityError(text, constraint="other", child=_table(error), **facts)


def _bad_value(error: psycopg.Error, facts: Facts) -> DataMillError:
    """Explain a value that its type cannot hold: at fault is the value where rows are written, else the query."""
    text = error.diag.message_primary or first_line(error)
    if _is_write(facts):
        table, attribute = _table(error), error.diag.column_name
        return InvalidValueError(
            f"A value does not fit its attribute: {text}.", table=table, attribute=attribute, reason=text
        )
    return QueryError(f"PostgreSQL cannot compute the query: {text}.", **facts)


def _no_table(error: psycopg.Error, facts: Facts) -> DataMillError:
    match = _QUOTED.search(error.diag.message_primary or "")
    schema, _, table = (match["name"] if match else "").rpartition(".")
    text = f"Table {match['name'] if match else ''} does not exist."
    return MissingTableError(text, schema=schema, table=table, hint="Declare it, or check its name.")


def _no_schema(error: psycopg.Error, facts: Facts) -> DataMillError:
    match = _QUOTED.search(error.diag.message_primary or "")
    if match is None:
        return _refused(error, facts)
    schema = match["name"]
    return MissingTableError(
        f"Schema {schema} does not exist.", schema=schema, hint="Create it, or check its name."
    )


def _no_column(error: psycopg.Error, facts: Facts) -> DataMillError:
    text = error.diag.message_primary or first_line(error)
    match = _QUOTED.search(text)
    attribute = match["name"] if match else [*text.split(), "", ""][1].rpartition(".")[2]
    return UnknownAttributeError(f"{text[:1].upper()}{text[1:]}.", attribute=attribute, **facts)


def _syntax(error: psycopg.Error, facts: Facts) -> DataMillError:
    place = error.diag.statement_position
    return QuerySyntaxError(
        f"PostgreSQL does not understand the statement: {error.diag.message_primary}.",
        expression=facts["sql"],
        position=int(place) - 1 if place else None,
        **facts,
    )


def _denied(error: psycopg.Error, facts: Facts) -> DataMillError:
    words = (facts["sql"] or "").lstrip("( \n").upper().split(maxsplit=1)
    verb = words[0] if words else "CONNECT"
    privilege = _PRIVILEGES.get(verb, verb)
    match = _QUOTED.search(error.diag.message_primary or "")
    text = error.diag.message_primary or first_line(error)
    thing = match["name"] if match else text.rsplit(" ", 1)[-1]
    return AccessError(
        f"The database refuses: {text}; {privilege} is needed.",
        privilege=privilege,
        table=thing,
        hint=f"Ask the owner of {thing} to grant {privilege}.",
        **facts,
    )


_PRIVILEGES = {
    "WITH": "SELECT",
    "COPY": "INSERT",
    "ALTER": "ownership",
    "DROP": "ownership",
    "COMMENT": "ownership",
}
"""First word of a statement -> the privilege it needs, where it is another word."""


def _read_only(error: psycopg.Error, facts: Facts) -> DataMillError:
    hint = "Connect without default_transaction_read_only, or to the primary server."
    return AccessError("The connection is read-only.", privilege="write", hint=hint, **facts)


def _conflict(error: psycopg.Error, facts: Facts) -> DataMillError:
    text = f"Others changed the same rows at the same time: {error.diag.message_primary}."
    conflict = QueryError(text, hint="Repeat the transaction.", **facts)
    conflict.is_retryable = True
    return conflict


def _locked(error: psycopg.Error, facts: Facts) -> DataMillError:
    text = f"A lock was waited for in vain: {error.diag.message_primary}."
    hint = "Wait for the other transaction, or raise lock_timeout."
    return LockTimeoutError(text, hint=hint, **facts)


def _canceled(error: psycopg.Error, facts: Facts) -> DataMillError:
    if error.diag.source_function == "ProcessInterrupts" and "timeout" in (error.diag.message_primary or ""):
        text = f"The statement took too long: {error.diag.message_primary}."
        return LockTimeoutError(text, hint="Restrict it, or raise statement_timeout.", **facts)
    return QueryError("The statement was interrupted; what it changed was undone.", **facts)


def _stale_plan(error: psycopg.Error, facts: Facts) -> DataMillError:
    """Explain 0A000: mostly a statement prepared before somebody altered a table."""
    refused = _refused(error, facts)
    if isinstance(refused, QueryError) and is_stale_plan(error):
        refused.is_retryable = True
    return refused


def is_stale_plan(error: Exception) -> bool:
    """True if a prepared statement no longer fits its tables: sending it anew cures that."""
    return (
        isinstance(error, psycopg.Error)
        and error.sqlstate in ("0A000", "26000")
        and (error.diag.source_function in ("RevalidateCachedQuery", "FetchPreparedStatement"))
    )


def _full(error: psycopg.Error, facts: Facts) -> DataMillError:
    text = f"The server has no room left; this change was not stored: {error.diag.message_primary}."
    return QueryError(text, hint="Free disk space or memory on the server, then repeat.", **facts)


def _refused(error: psycopg.Error, facts: Facts) -> DataMillError:
    return QueryError(f"PostgreSQL refused the statement: {first_line(error)}.", **facts)


_MAKERS: dict[str, Maker] = {
    "23505": _duplicate,
    "23503": _dangling,
    "23001": _dangling,
    "23502": _missing_value,
    "23514": _check,
    "42P01": _no_table,
    "3F000": _no_schema,
    "42703": _no_column,
    "42601": _syntax,
    "42501": _denied,
    "25006": _read_only,
    "55P03": _locked,
    "57014": _canceled,
    "0A000": _stale_plan,
    "26000": _stale_plan,
    "40001": _conflict,
    "40P01": _conflict,
}
_CLASSES: dict[str, Maker] = {"22": _bad_value, "23": _integrity, "2B": _integrity, "53": _full}
"""First two characters of SQLSTATE -> maker, for what has none of its own."""

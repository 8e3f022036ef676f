"""From the errors of MySQL and MariaDB to the error tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

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

DUPLICATE = 1062
DEADLOCKS = frozenset((1213, 1614, 1020, 3101))
"""Another transaction was in the way, and the server undid this one (1020: MariaDB's snapshot isolation)."""
LOST = frozenset(
    (0, 1053, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 2014, 2027, 2055, 4031)
)
"""The connection is gone, or cannot be used any more."""
_UNREACHABLE = frozenset((2001, 2002, 2003, 2004, 2005, 2012))
_TOO_MANY = frozenset((1040, 1203, 1226))
_TLS = frozenset((2026,))

Facts = dict[str, Any]
_ROW = re.compile(r" at row (\d+)")
_COLUMN = re.compile(r"column '((?:[^']|'')*)'", re.IGNORECASE)


def code_of(error: Exception) -> int:
    """Return the number of an error of a driver; -1 if it has none."""
    code = error.args[0] if error.args else -1
    return code if isinstance(code, int) else -1


def message_of(error: Exception) -> str:
    """Return the text of an error of a driver."""
    return str(error.args[1]) if len(error.args) > 1 else str(error)


def row_of(error: Exception) -> int | None:
    """Return which row of the statement the server complains about, from 0; None if it does not say."""
    found = _ROW.search(message_of(error))
    return int(found[1]) - 1 if found else None


def translate(error: Exception, sql: str | None, place: str) -> DataMillError:
    """Return the datamill error that says what an error of the driver means.

    Args:
        error: What the driver raised.
        sql: The statement, if one was running.
        place: The server, for messages.
    """
    if isinstance(error, DataMillError):
        return error
    code, message = code_of(error), message_of(error)
    if code in LOST or (code == -1 and isinstance(error, OSError | EOFError)):
        return LostConnectionError(f"The connection to {place} was lost: {_clean(message)}.")
    facts: Facts = {"sql": sql, "code": code, "backend": "mysql"}
    make = _MAKERS.get(code)
    if make is not None:
        return make(message, facts, place)
    return QueryError(f"The server refused: {_clean(message)}.", **facts)


def _clean(message: str) -> str:
    return message.strip().rstrip(".")


# --- constraints -----------------------------------------------------------------------------------------------

_KEY = re.compile(r"Duplicate entry '(?P<value>.*)' for key '(?:(?P<table>.+)\.)?(?P<key>[^.']*)'\Z", re.S)


def _duplicate(message: str, facts: Facts, place: str) -> DataMillError:
    match = _KEY.search(message)
    if match is None:
        return DuplicateError("A row with the same unique key exists.", attributes=(), **facts)
    which = "primary key" if match["key"] == "PRIMARY" else f"unique index {match['key']!r}"
    text = f"A row with the same {which} exists: {match['value']}."
    return DuplicateError(text, attributes=(), table=match["table"], **facts)


_REFERENCE = re.compile(
    r"\(`(?P<schema>(?:[^`]|``)*)`\.`(?P<table>(?:[^`]|``)*)`, CONSTRAINT `(?:[^`]|``)*` "
    r"FOREIGN KEY \((?P<columns>[^)]*)\) REFERENCES (?P<parent>`(?:[^`]|``)*`(?:\.`(?:[^`]|``)*`)?)"
)


def _no_parent(message: str, facts: Facts, place: str) -> DataMillError:
    found = _reference(message)
    child, parent = found.get("child", "the table"), found.get("parent", "the other table")
    text = f"A foreign key forbids the change: a row of {child} would refer to a row that {parent} does not have."
    return IntegrityError(text, constraint="foreign key", **found, **facts)


def _has_children(message: str, facts: Facts, place: str) -> DataMillError:
    found = _reference(message)
    child = found.get("child") or "another table"
    text = f"A foreign key forbids the change: rows of {child} refer to the row."
    return IntegrityError(text, constraint="foreign key", **found, **facts)


def _reference(message: str) -> Facts:
    match = _REFERENCE.search(message)
    if match is None:
        return {}
    parent = match["parent"].replace("`", "")
    columns = tuple(re.findall(r"`((?:[^`]|``)*)`", match["columns"]))
    return {
        "child": f"{match['schema']}.{match['table']}",
        "parent": parent if "." in parent else f"{match['schema']}.{parent}",
        "attributes": columns,
    }


def _check(message: str, facts: Facts, place: str) -> DataMillError:
    return InvalidValueError(f"A value is outside what its column allows: {_clean(message)}.", reason=message)


def _no_value(message: str, facts: Facts, place: str) -> DataMillError:
    match = _COLUMN.search(message) or re.search(r"Field '([^']*)'", message)
    attribute = match[1] if match else None
    hint = "Give a value, or declare the attribute with a default."
    return MissingAttributeError(f"{attribute!r} has no value.", attribute=attribute, hint=hint, **facts)


def _bad_value(message: str, facts: Facts, place: str) -> DataMillError:
    match = _COLUMN.search(message)
    return InvalidValueError(
        f"A value does not fit its column: {_clean(message)}.",
        attribute=match[1] if match else None,
        reason=message,
        hint="Compare it with the definition.",
    )


def _bad_in_query(message: str, facts: Facts, place: str) -> DataMillError:
    """Values that do not convert: those of an expression are errors of the query."""
    if _COLUMN.search(message) and _ROW.search(message):
        return _bad_value(message, facts, place)
    return QueryError(f"A value cannot be converted: {_clean(message)}.", **facts)


def _out_of_range(message: str, facts: Facts, place: str) -> DataMillError:
    text = f"The result of an expression is out of range: {_clean(message)}."
    return QueryError(text, hint="Cast its operands to a wider type.", **facts)


def too_big(message: str) -> InvalidValueError:
    """Return the error for a statement that exceeds the server's packet."""
    text = "One value or row is larger than the server takes in one piece (max_allowed_packet)."
    hint = "Raise max_allowed_packet on the server (up to 1 GiB), or keep large objects in a store."
    return InvalidValueError(text, reason=message, hint=hint)


def _too_big(message: str, facts: Facts, place: str) -> DataMillError:
    return too_big(message)


# --- names and texts -------------------------------------------------------------------------------------------


def _no_table(message: str, facts: Facts, place: str) -> DataMillError:
    match = re.search(r"'(?P<name>[^']+)'", message)
    schema, _, table = (match["name"] if match else "").partition(".")
    text = f"Table {schema}.{table} does not exist." if table else f"{_clean(message)}."
    return MissingTableError(text, schema=schema, table=table, hint="Declare it, or check its name.")


def _no_schema(message: str, facts: Facts, place: str) -> DataMillError:
    match = re.search(r"'([^']*)'", message)
    hint = "Create the schema, or check its name."
    return MissingTableError(f"{_clean(message)}.", schema=match[1] if match else None, hint=hint)


def _no_column(message: str, facts: Facts, place: str) -> DataMillError:
    match = re.search(r"Unknown column '(?:[^']*\.)?`?([^'`]+)`?'", message)
    return UnknownAttributeError(f"{_clean(message)}.", attribute=match[1] if match else None, **facts)


def _syntax(message: str, facts: Facts, place: str) -> DataMillError:
    text = f"The server does not understand the statement: {_clean(message)}."
    return QuerySyntaxError(text, expression=facts["sql"], **facts)


# --- rights and locks ------------------------------------------------------------------------------------------

_DENIED = re.compile(r"(?P<privilege>[A-Z][A-Z ]*(?:, [A-Z][A-Z ]*)*) command denied to user")
_NEEDS = re.compile(r"you need \(?(?:at least one of )?(?:the )?(?P<privilege>[A-Z_, ]+?)\)? privilege")
_DEFINES = re.compile(r"(?P<privilege>CREATE|ALTER|DROP) ")


def _denied(message: str, facts: Facts, place: str) -> DataMillError:
    # Of whole schemas the message does not say what is forbidden: the statement's verb does.
    match = _DENIED.search(message) or _NEEDS.search(message) or _DEFINES.match(facts["sql"] or "")
    privilege = match["privilege"].strip() if match else "access"
    hint = (
        f"Ask the administrator of {place} to GRANT {privilege}."
        if match
        else "Ask the administrator for it."
    )
    return AccessError(f"The server forbids it: {_clean(message)}.", privilege=privilege, hint=hint, **facts)


def _no_login(message: str, facts: Facts, place: str) -> DataMillError:
    hint = "Check database.user and database.password."
    return AccessError(
        f"{place} refused the login: {_clean(message)}.", privilege="login", hint=hint, **facts
    )


def _read_only(message: str, facts: Facts, place: str) -> DataMillError:
    text = f"The server or the transaction is read-only: {_clean(message)}."
    return AccessError(text, privilege="write", hint="Connect to a server that takes writes.", **facts)


def _locked(message: str, facts: Facts, place: str) -> DataMillError:
    text = "A lock that another session holds was waited for in vain."
    return LockTimeoutError(text, hint="Wait for the other session, or raise database.busy_timeout.", **facts)


def _deadlock(message: str, facts: Facts, place: str) -> DataMillError:
    error = QueryError(
        "Another transaction was in the way, and the server undid this one.",
        hint="Repeat the transaction.",
        **facts,
    )
    error.is_retryable = True
    return error


# --- the server ------------------------------------------------------------------------------------------------


def _unreachable(message: str, facts: Facts, place: str) -> DataMillError:
    hint = "Check host and port, and that the server runs."
    return LostConnectionError(f"{place} cannot be reached: {_clean(message)}.", hint=hint)


def _busy(message: str, facts: Facts, place: str) -> DataMillError:
    hint = "Close connections that are not needed, or raise max_connections."
    return LostConnectionError(f"{place} takes no more connections: {_clean(message)}.", hint=hint)


def _tls(message: str, facts: Facts, place: str) -> DataMillError:
    hint = "Check database.use_tls: True requires TLS, None tries it, False turns it off."
    return LostConnectionError(f"A safe connection to {place} failed: {_clean(message)}.", hint=hint)


def _interrupted(message: str, facts: Facts, place: str) -> DataMillError:
    return QueryError("The statement was interrupted; what it changed was undone.", **facts)


def _full(message: str, facts: Facts, place: str) -> DataMillError:
    text = f"The server has no room left; this change was not stored. It says: {_clean(message)}."
    return QueryError(text, hint="Free disk space on the server, then repeat.", **facts)


Maker = Callable[[str, Facts, str], DataMillError]
_MAKERS: dict[int, Maker] = {
    **dict.fromkeys((1022, DUPLICATE, 1169, 1586), _duplicate),
    **dict.fromkeys((1216, 1452), _no_parent),
    **dict.fromkeys((1217, 1451, 1834, 3730), _has_children),
    **dict.fromkeys((3819, 4025), _check),
    **dict.fromkeys((1048, 1263, 1364), _no_value),
    **dict.fromkeys((1264, 1265, 1300, 1406, 3140, 3156, 4078), _bad_value),
    **dict.fromkeys((1292, 1366, 1367, 1411, 1525, 3141, 4079), _bad_in_query),
    **dict.fromkeys((1416, 1690, 3020, 3064), _out_of_range),
    **dict.fromkeys((1153, 1301), _too_big),
    **dict.fromkeys((1051, 1146), _no_table),
    1049: _no_schema,
    1054: _no_column,
    **dict.fromkeys((1064, 1149), _syntax),
    **dict.fromkeys((1044, 1142, 1143, 1227, 1370, 1410, 3118), _denied),
    **dict.fromkeys((1045, 1130, 1251, 1698, 1820, 2049, 2059, 2061), _no_login),
    **dict.fromkeys((1290, 1792, 1836), _read_only),
    **dict.fromkeys((1205, 1907, 3572), _locked),
    **dict.fromkeys(DEADLOCKS, _deadlock),
    **dict.fromkeys(_UNREACHABLE, _unreachable),
    **dict.fromkeys(_TOO_MANY, _busy),
    **dict.fromkeys(_TLS, _tls),
    **dict.fromkeys((1317, 1969, 3024), _interrupted),
    **dict.fromkeys((3, 1021, 1114, 1206, 3675), _full),
}
"""Error number -> function making our error."""

"""Opening an SQLite file: settings of the connection, whose file it is, and making a new one ours."""

from __future__ import annotations

import os
import time
from pathlib import Path
from urllib.parse import quote

import apsw

from datamill.backends.sqlite_errors import translate
from datamill.errors import AccessError, DataMillError

MEMORY = ":memory:"
APPLICATION_ID = 0x646D696C
"""``dmil``: marks a database file as ours (``PRAGMA application_id``)."""
FORMAT_VERSION = 1
"""Version of the layout of spec 06 §9 (``PRAGMA user_version``)."""
PAGE_SIZE = 8192
"""Bytes per page of a new file: blobs are read and written 20-35 % faster than with 4096 (measured), rows as fast."""

# Names of schemas ignore case, because those of SQLite's tables do: "Lab.t" and "lab.t" would be one table.
CATALOG_TABLES = (
    'CREATE TABLE IF NOT EXISTS "~schemas" ("name" TEXT NOT NULL COLLATE NOCASE PRIMARY KEY, '
    '"created" TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP) STRICT, WITHOUT ROWID',
    'CREATE TABLE IF NOT EXISTS "~tables" ("schema" TEXT NOT NULL, "name" TEXT NOT NULL, '
    '"comment" TEXT NOT NULL DEFAULT \'\', "definition" TEXT, PRIMARY KEY ("schema", "name")) '
    "STRICT, WITHOUT ROWID",
    'CREATE TABLE IF NOT EXISTS "~columns" ("schema" TEXT NOT NULL, "table_name" TEXT NOT NULL, '
    '"name" TEXT NOT NULL, "ordinal" INTEGER NOT NULL, "comment" TEXT NOT NULL DEFAULT \'\', '
    'PRIMARY KEY ("schema", "table_name", "name")) STRICT, WITHOUT ROWID',
)
_FLAGS = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
_SIGNAL_STEPS = 1_000_000
"""Instructions of SQLite's machine (some 20 ms) between two looks at pending signals such as Ctrl-C."""


def open_connection(path: str, busy_timeout: float, *, read_only: bool = False) -> apsw.Connection:
    """Open a database file and see that it is ours; a new or empty file is made ours.

    Args:
        path: Absolute path, or ":memory:".
        busy_timeout: Seconds to wait for a lock.
        read_only: Refuse to write through this connection.

    Raises:
        AccessError: The file cannot be opened or, being new, not be written.
        DataMillError: It is the file of another program, of a newer datamill, or damaged.
        LockTimeoutError: Others kept it locked.
    """
    try:
        return _open(path, path, busy_timeout, read_only)
    except AccessError:
        if not (read_only and _is_finished(path)):
            raise
    return _open(path, f"file:{quote(path)}?immutable=1", busy_timeout, read_only)


def _is_finished(path: str) -> bool:
    """True for a file that nobody has open, in a folder where none of the files can be made that SQLite shares."""
    return (
        Path(path).is_file()
        and not Path(f"{path}-wal").exists()
        and not os.access(Path(path).parent, os.W_OK)
    )


def _open(path: str, place: str, busy_timeout: float, read_only: bool) -> apsw.Connection:
    try:
        connection = apsw.Connection(place, flags=_FLAGS, statementcachesize=200)
    except apsw.Error as error:
        raise _cannot_open(error, path) from error
    except ValueError as error:
        raise AccessError(f"{path!r} cannot name a database file: {error}.", privilege="open") from error
    try:
        _configure(connection, busy_timeout, read_only)
        _claim(connection, path, busy_timeout)
    except apsw.Error as error:
        connection.close()
        raise translate(error, None, path, busy_timeout) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _cannot_open(error: apsw.Error, path: str) -> DataMillError:
    folder = Path(path).parent
    try:
        is_folder = Path(path).is_dir()
    except OSError as reason:  # such as a name that is too long
        hint = "Choose another database.url or database.path."
        return AccessError(f"{path} cannot be opened: {reason.strerror}.", privilege="open", hint=hint)
    if not folder.is_dir():
        hint = f"Create the folder first, or correct database.url; the path is {path}."
        return AccessError(
            f"The folder {folder} of the database file does not exist.", privilege="open", hint=hint
        )
    if is_folder:
        return AccessError(f"{path} is a folder, not a database file.", privilege="open")
    return translate(error, None, path)


def _configure(connection: apsw.Connection, busy_timeout: float, read_only: bool) -> None:
    from datamill.backends import sqlite_functions

    connection.set_busy_timeout(int(busy_timeout * 1000))
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)
    # A misspelt "name" must be an error, not the text 'name'.
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    connection.set_progress_handler(_let_signals_in, _SIGNAL_STEPS)
    sqlite_functions.register(connection)
    if read_only:
        connection.execute("PRAGMA query_only = ON")


def _let_signals_in() -> bool:
    """Do nothing: on the way into this function Python raises KeyboardInterrupt, which ends the statement."""
    return False


def _claim(connection: apsw.Connection, path: str, busy_timeout: float) -> None:
    mark = _pragma(connection, "application_id")
    if mark == 0 and _is_empty(connection):
        _check_writable(connection, path)
        _make_ours(connection, path, busy_timeout)
    mark = mark or _pragma(connection, "application_id")  # another process may have been faster
    if mark != APPLICATION_ID:
        hint = "Choose another file in database.url or database.path; this one was left alone."
        raise DataMillError(f"{path} is the database of another program.", hint=hint)
    version = _pragma(connection, "user_version")
    if version > FORMAT_VERSION:
        text = f"{path} was written by a newer datamill (format {version}; this one reads {FORMAT_VERSION})."
        raise DataMillError(text, hint="Upgrade datamill.")
    # A crash of the machine may lose the last commits, never their order or the file; a crash of a process nothing.
    connection.execute("PRAGMA synchronous = NORMAL")


def _pragma(connection: apsw.Connection, name: str) -> int:
    return int(connection.pragma(name))


def _is_empty(connection: apsw.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall() == []


def _check_writable(connection: apsw.Connection, path: str) -> None:
    if connection.readonly("main"):
        hint = "Ask for write permission on the file and its folder."
        raise AccessError(f"{path} is empty and cannot be written.", privilege="write", hint=hint)


def _make_ours(connection: apsw.Connection, path: str, busy_timeout: float) -> None:
    if path != MEMORY:
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        _write_ahead(connection, busy_timeout)
    connection.execute("BEGIN IMMEDIATE")
    if _is_empty(connection):  # else another process was faster
        for statement in CATALOG_TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
    connection.execute("COMMIT")


def _write_ahead(connection: apsw.Connection, busy_timeout: float) -> None:
    """Switch to the write-ahead log; SQLite does not always wait for the lock this needs, so wait here."""
    deadline = time.monotonic() + busy_timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)

"""Which objects of a store the rows of a database refer to: every schema, every table, the trash."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datamill.codecs import CodecChain, chain_for
from datamill.codecs.codec import Codec
from datamill.data.trash import saved_columns
from datamill.data.trash_table import TRASH_TABLE
from datamill.errors import DataMillError
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql.keys import select_some
from datamill.sql.writer import Statement
from datamill.storage.backend import StorageBackend

if TYPE_CHECKING:
    from datamill.data.connection import Connection


@dataclass(slots=True)
class References:
    """Paths in one store that rows refer to, and what could not be found out.

    Fields: ``paths``; ``errors``, one text per trouble: with any of them nothing may be removed.
    """

    paths: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


def find_references(connection: Connection, backend: StorageBackend, *, complete: bool) -> References:
    """Read every column of the database whose values lie in stores.

    Args:
        connection: The database.
        backend: The store; it is recognised by what it is, not by its name. References to a store that is not
            configured here count too: it may be this one.
        complete: Trust that the account sees all schemas, where the database cannot prove it.
    """
    found = References()
    _Scan(connection, backend, found).run()
    if not complete and not _sees_everything(connection):
        found.errors.append(
            "This account may not see all schemas of the server: grant it SELECT on *.*, or pass assume_complete=True."
        )
    return found


def _sees_everything(connection: Connection) -> bool:
    """Tell whether no schema can be hidden from this account, as far as its database says."""
    question = connection.dialect.grants_query
    if not question:
        return True
    grants = connection.read(Statement(question))
    return any(_EVERYWHERE.match(str(row[0])) for row in grants)


_EVERYWHERE = re.compile(r"GRANT (ALL PRIVILEGES|(.*, )?SELECT(,.*)?) ON \*\.\* TO ")


class _Scan:
    def __init__(self, connection: Connection, backend: StorageBackend, found: References) -> None:
        self._connection = connection
        self._backend = backend
        self._found = found
        self._relevant: dict[str | None, bool] = {}

    def run(self) -> None:
        catalog = self._connection.catalog
        try:
            catalog.invalidate()
            schemas = catalog.list_schemas()
        except DataMillError as error:
            self._found.errors.append(f"The schemas cannot be listed: {error}")
            return
        for schema in schemas:
            try:
                specs = catalog.load(schema, hidden=True)
                for name, spec in specs.items():
                    if name.table == TRASH_TABLE:
                        self._trash(schema)
                    elif not name.table.startswith("~") or name.table.startswith("~~"):
                        self._table(spec)
            except DataMillError as error:
                self._found.errors.append(f"Schema {schema} cannot be read: {error}")

    def _table(self, spec: TableSpec) -> None:
        for attribute in spec.columns:
            if not attribute.is_codec:
                continue
            codecs, is_store = codecs_of(attribute.type.text)
            if codecs:
                try:
                    for values in _values(self._connection, spec.name, attribute.name):
                        self._add(codecs, values, is_store, f"{spec.name}.{attribute.name}")
                except DataMillError as error:
                    self._found.errors.append(f"{spec.name}.{attribute.name} cannot be read: {error}")

    def _trash(self, schema: str) -> None:
        for table, definition, columns in saved_columns(self._connection, schema):
            for name, declared, *_ in definition["columns"]:
                codecs, is_store = codecs_of(declared) if declared.startswith("<") else ((), False)
                if codecs and name in columns:
                    self._add(codecs, columns[name], is_store, f"the trash of {table}.{name}")

    def _add(self, codecs: tuple[Codec, ...], values: Iterable[Any], is_store: bool, place: str) -> None:
        for value in values:
            if value is None:
                continue
            pairs = referenced(codecs, value)
            if pairs is None or (not pairs and is_store):
                self._found.errors.append(f"A value of {place} names no object: {str(value)[:80]!r}")
            for path, store in pairs or ():
                if self._is_ours(store):
                    self._found.paths.add(path)

    def _is_ours(self, store: str | None) -> bool:
        known = self._relevant.get(store)
        if known is None:
            known = self._relevant[store] = self._look(store)
        return known

    def _look(self, store: str | None) -> bool:
        if store is None:  # written before stores were recorded: it may mean any store
            return True
        try:
            return self._connection.stores.backend(store).identity == self._backend.identity
        except (DataMillError, OSError):  # not configured here: it may be this store under another name
            return True


def codecs_of(declared: str) -> tuple[tuple[Codec, ...], bool]:
    """Return the codecs that may refer to objects, and whether their values lie in a store for certain.

    Args:
        declared: Type as declared: ``<blob@>``.
    """
    try:
        chain: CodecChain = chain_for(declared)
    except DataMillError:  # not installed here: what looks like a reference counts as one
        return (_Unknown(),), "@" in declared
    if chain.store is not None:
        return chain.codecs, True
    return (chain.codecs, False) if chain.dtype == "json" else ((), False)


class _Unknown(Codec, register=False):
    """Stands for a codec that is not installed."""

    def get_dtype(self, is_store: bool) -> str:
        return "json"

    def encode(self, value: Any, *arguments: Any, **keywords: Any) -> Any:
        raise NotImplementedError

    def decode(self, stored: Any, *arguments: Any, **keywords: Any) -> Any:
        raise NotImplementedError


def referenced(codecs: Iterable[Codec], value: Any) -> set[tuple[str, str | None]] | None:
    """Return the objects that a stored value refers to by any of its codecs; None if a codec failed."""
    found: set[tuple[str, str | None]] = set()
    for codec in codecs:
        try:
            found.update((path, store or None) for path, store in codec.referenced_paths(value))
        except Exception:  # noqa: BLE001 - a codec of the user may fail in any way; nothing is removed then
            return None
    return found


def _values(connection: Connection, table: TableName, column: str) -> Iterator[list[Any]]:
    """Yield the values of a column as the database holds them, json as dicts, a batch at a time."""
    dialect = connection.dialect
    statement = select_some(dialect, table, [column], 2**62)
    statement = Statement(statement.sql, statement.params)
    for rows in connection.stream(statement):
        yield [_plain(row[0]) for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            value = bytes(value).decode()
        except UnicodeDecodeError:
            return bytes(value)
    if isinstance(value, str):
        try:
            found = json.loads(value)
        except ValueError:
            return value
        return found if isinstance(found, Mapping) else value
    return value

"""Values that lie in stores: uploaded before their rows are written, downloaded after the query is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable
from datamill.codecs import CodecChain, chain_for
from datamill.data.gc_marks import Reference, doomed, wait_until_purged
from datamill.data.scalars import fetch_tuples
from datamill.errors import ConfigError
from datamill.model.attribute import Attribute
from datamill.model.table import TableSpec
from datamill.sql.dml import insert_select
from datamill.sql.select import compile_select
from datamill.storage.content import BeingPurged, Doomed, not_trusting
from datamill.storage.stores import Stores

if TYPE_CHECKING:
    from datamill.data.connection import Connection

Key = tuple[Any, ...]
Encoded = TypeVar("Encoded")


def is_stored(attribute: Attribute) -> bool:
    """Tell whether the values of an attribute lie in a store.

    Raises:
        DataMillError: Its codec is unknown.
    """
    return attribute.is_codec and chain_for(attribute.type.text).store is not None


class UploadGate:
    """Stands before the uploads of one insert: nothing is uploaded for rows that cannot be or will not be written.

    Args:
        connection: Where rows will be written.
        spec: The table.
        skip_existing: Rows whose primary key exists, or came earlier in this call, are passed over.
    """

    def __init__(self, connection: Connection, spec: TableSpec, *, skip_existing: bool) -> None:
        self._connection = connection
        self._spec = spec
        self._skip_existing = skip_existing
        self._is_open = False
        self.doomed = Doomed()
        self._seen: set[Key] = set()

    def open(self) -> None:
        """Make sure, once, that rows may be inserted at all.

        Raises:
            AccessError: The connection is read-only, or the user may not insert.
        """
        self.doomed = doomed(self._connection, self._spec.name.schema)
        if self._is_open:
            return
        if self._connection.observer is None:  # a running make writes later, when it returns
            require_insertable(self._connection, self._spec)
        for attribute in self._spec.heading.attributes.values():
            if is_stored(attribute):
                _claim(self._connection.stores, attribute)
        self._is_open = True

    def upload(self, encode: Callable[[], Encoded]) -> Encoded:
        """Encode a column whose values go to a store; wait for objects that are being removed just now.

        Raises:
            DataMillError: Garbage collection does not end.
        """
        while True:
            try:
                with not_trusting(self.doomed):
                    return encode()
            except BeingPurged as signal:
                schema = self._spec.name.schema
                wait_until_purged(self._connection, schema, str(signal))
                self.doomed = doomed(self._connection, schema)

    def wanted(self, keys: Sequence[Key]) -> list[int] | None:
        """Return the positions of the rows to write; None: all of them.

        Args:
            keys: Primary keys of the rows of a batch, canonical.
        """
        if not self._skip_existing or not self._spec.heading.key:
            return None
        known = self._seen | existing_keys(self._connection, self._spec, keys)
        positions = []
        for index, key in enumerate(keys):
            if key not in known:
                known.add(key)
                self._seen.add(key)
                positions.append(index)
        return None if len(positions) == len(keys) else positions


def _claim(stores: Stores, attribute: Attribute) -> None:
    """Note in the store of an attribute that this database writes to it; a store of others' files is left alone."""
    chain = chain_for(attribute.type.text)
    if not _is_filepath(chain):
        stores.claim(chain.store)


def require_stores(connection: Connection, spec: TableSpec) -> None:
    """Make sure that the stores of a table that is to be made are configured.

    Raises:
        ConfigError: One is not.
    """
    for attribute in filter(is_stored, spec.heading.attributes.values()):
        chain = chain_for(attribute.type.text)
        try:
            connection.stores.name(chain.store, use_filepath_default=_is_filepath(chain))
        except ConfigError as error:
            error.add_note(f"Attribute {attribute.name!r} of {spec.name} needs it: {attribute.type.text}.")
            raise


def _is_filepath(chain: CodecChain) -> bool:
    return chain.codecs[-1].name == "filepath"


def referenced(attribute: Attribute, stored: Iterable[Any]) -> list[Reference]:
    """Return the objects that stored values of an attribute refer to, as its codecs say."""
    codecs = chain_for(attribute.type.text).codecs
    found = [
        pair
        for value in stored
        if value is not None
        for codec in codecs
        for pair in codec.referenced_paths(value)
    ]
    return [(store, path) for path, store in dict.fromkeys(found)]


def is_owned(attribute: Attribute) -> bool:
    """Tell whether each value of an attribute has an object of its own, that no other row may refer to.

    Content under its hash is shared on purpose, and files of `<filepath@>` are somebody else's.
    """
    if not is_stored(attribute):
        return False
    return chain_for(attribute.type.text).codecs[-1].name not in ("hash", "filepath")


def require_insertable(connection: Connection, spec: TableSpec) -> None:
    """Insert no row at all, so that a missing privilege shows before an object is written.

    Raises:
        AccessError: The connection is read-only, or the user may not insert.
    """
    nothing = restrict(BaseTable(spec, connection), False)
    select = compile_select(nothing, connection.dialect)
    statements = insert_select(
        connection.dialect, spec.name, nothing.heading.names, select, key=spec.physical_key
    )

    def work(session: Any) -> None:
        for statement in statements:
            session.execute(statement.sql, statement.params)

    connection.run_write(work)


def existing_keys(connection: Connection, spec: TableSpec, keys: Sequence[Key]) -> set[Key]:
    """Return which primary keys the table has already."""
    names = spec.heading.key
    if not names:
        return {()} if fetch_tuples(connection, BaseTable(spec, connection), ()) else set()
    conditions = [dict(zip(names, key, strict=True)) for key in keys]
    observer, connection.observer = connection.observer, None  # the platform asks, not make
    try:
        return set(fetch_tuples(connection, restrict(BaseTable(spec, connection), conditions), names))
    finally:
        connection.observer = observer

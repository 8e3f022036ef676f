"""What the database says about its tables, read once and kept until it changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from datamill.backends.base import RawTable
from datamill.catalog import definitions
from datamill.catalog.contracts import Host
from datamill.catalog.lineage import lineage_name
from datamill.catalog.read import TableReader
from datamill.catalog.resolve import declared_indexes, stored_type
from datamill.errors import MissingTableError, did_you_mean
from datamill.model.graph import DependencyGraph
from datamill.model.names import TableName, Tier
from datamill.model.table import TableSpec

HIDDEN_TIERS = (Tier.HIDDEN, Tier.JOBS)


class _Cache:
    """Everything read since the last change; replaced as a whole when something changes."""

    __slots__ = ("everything", "graphs", "schemas", "specs", "version")

    def __init__(self, version: int | None) -> None:
        self.version = version
        self.specs: Mapping[TableName, TableSpec] = {}
        self.schemas: frozenset[str] = frozenset()
        self.everything = False
        self.graphs: dict[frozenset[str] | None, DependencyGraph] = {}

    def has_loaded(self, schema: str) -> bool:
        return self.everything or schema in self.schemas


class Catalog:
    """The tables of a database, as its own catalog describes them.

    Threads may share it. What was read is kept until a table is declared, altered or dropped here, or, where the
    database tells cheaply, by anybody.

    Args:
        host: The connection.

    Example:
        >>> connection.catalog.spec(TableName("lab", "mouse")).heading.primary_key
        ['mouse']
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self.invalidate()

    # reading ---------------------------------------------------------------------------------------------------

    def spec(self, name: TableName) -> TableSpec:
        """Return the specification of a table.

        Raises:
            MissingTableError: There is no such table.
        """
        found = self.find(name)
        if found is None:
            raise self._missing(name)
        return found

    def has(self, name: TableName) -> bool:
        """True if the table is in the database now."""
        self.refresh()
        return self.find(name) is not None

    def load(self, schema: str, *, hidden: bool = False) -> dict[TableName, TableSpec]:
        """Return the tables of a schema.

        Args:
            schema: Its name.
            hidden: Include the platform's own tables, whose names start with ``~``.
        """
        self.refresh()
        specs = self._read([schema]).specs
        return {
            name: spec
            for name, spec in specs.items()
            if name.schema == schema and (hidden or _is_shown(name))
        }

    def graph(self, schemas: Iterable[str] | None = None) -> DependencyGraph:
        """Return the graph of dependencies between tables, hidden tables left out.

        Args:
            schemas: Whose tables are the nodes; None: those of every schema of the database.
        """
        self.refresh()
        wanted = None if schemas is None else frozenset(schemas)
        cache = self._read(None if wanted is None else sorted(wanted))
        graph = cache.graphs.get(wanted)
        if graph is None:
            graph = DependencyGraph(
                spec
                for name, spec in cache.specs.items()
                if _is_shown(name) and (wanted is None or name.schema in wanted)
            )
            cache.graphs[wanted] = graph
        return graph

    def list_schemas(self) -> list[str]:
        """Return the names of all schemas, sorted, without the database's own."""
        return self._host.run_read(lambda session: session.list_schemas())

    def schema_exists(self, schema: str) -> bool:
        """True if the schema is in the database now."""
        return schema in self.list_schemas()

    def lineage_table_exists(self, schema: str) -> bool:
        """True if a schema has its table ``~lineage``."""
        return self.has(lineage_name(schema))

    # the cache -------------------------------------------------------------------------------------------------

    def invalidate(self) -> None:
        """Forget what was read."""
        self._forget(None)

    def _forget(self, version: int | None) -> None:
        self._lock = threading.Lock()
        self._cache = _Cache(version)

    def refresh(self) -> None:
        """Forget what was read if another connection changed tables since, where the database tells cheaply."""
        known = self._cache.version
        if known is not None and known != (version := self._version()):
            self._forget(version)

    def read_new(self, names: Sequence[TableName]) -> Callable[[], None]:
        """Read tables just made by the open transaction; return what adds them to what is known, once they last.

        Declaring a pipeline takes a time in proportion to its tables since none of the others is read again.
        """
        session, old = self._host.session, self._cache
        found = session.load_tables(sorted({name.schema for name in names}), [name.table for name in names])
        new = _Cache(session.catalog_version())
        new.specs = {**old.specs, **self._specs({table.name: table for table in found}, old)}
        new.schemas, new.everything = old.schemas, old.everything

        def keep() -> None:
            self._cache = new

        return keep

    def after_fork(self) -> None:
        """Make the catalog of a forked child independent of what its parent was doing."""
        self.invalidate()

    def find(self, name: TableName) -> TableSpec | None:
        """Return the specification of a table, or None."""
        found = self._cache.specs.get(name)
        if found is None:
            self.refresh()
            found = self.peek(name)
        return found

    def peek(self, name: TableName) -> TableSpec | None:
        """Return the specification of a table as it was when the catalog was last refreshed, or None."""
        return self._read([name.schema]).specs.get(name)

    def _read(self, schemas: Sequence[str] | None) -> _Cache:
        """Make sure that schemas (None: all) and those they refer to are read; return the cache that has them.

        No lock is held while the database works: a thread in a transaction on a shared session would never get on.
        """
        cache = self._cache
        if cache.version is None:
            cache.version = self._version()
        raw = self._read_raw(cache, schemas)
        specs = self._specs(raw, cache)
        read = frozenset(schemas or ()) | {name.schema for name in specs}
        with self._lock:
            cache.specs = {**cache.specs, **specs}
            cache.schemas |= read
            cache.everything = cache.everything or schemas is None
        return cache

    def _specs(self, raw: Mapping[TableName, RawTable], cache: _Cache) -> dict[TableName, TableSpec]:
        if not raw:
            return {}
        return TableReader(raw, cache.specs, self._host.dialect, stored_type, declared_indexes).read_all()

    def _read_raw(self, cache: _Cache, schemas: Sequence[str] | None) -> dict[TableName, RawTable]:
        if cache.everything:
            return {}
        if schemas is None:
            return {table.name: table for table in self._tables(None)}
        raw: dict[TableName, RawTable] = {}
        missing = {schema for schema in schemas if not cache.has_loaded(schema)}
        seen = set(missing)
        while missing:
            tables = self._tables(sorted(missing))
            raw.update((table.name, table) for table in tables)
            parents = {key.parent.schema for table in tables for key in table.foreign_keys}
            missing = {schema for schema in parents if schema not in seen and not cache.has_loaded(schema)}
            seen |= missing
        return raw

    def _tables(self, schemas: Sequence[str] | None) -> list[RawTable]:
        return self._host.run_read(lambda session: session.load_tables(schemas))

    def _version(self) -> int | None:
        return self._host.run_read(lambda session: session.catalog_version())

    def _missing(self, name: TableName) -> MissingTableError:
        tables = [str(other) for other in self._cache.specs if other.schema == name.schema]
        return MissingTableError(
            f"There is no table {name} in the database.",
            schema=name.schema,
            table=name.table,
            hint=did_you_mean(str(name), tables) or "Declare it first, or check the schema's name.",
        )

    # changing --------------------------------------------------------------------------------------------------

    def create_schema(self, schema: str) -> None:
        """Create a schema; one that exists is left as it is.

        Raises:
            DefinitionError: The name is too long or empty.
            DataMillError: A transaction is open.
        """
        definitions.create_schema(self._host, self, schema)

    def drop_schema(self, schema: str) -> None:
        """Drop a schema with all its tables.

        Raises:
            IntegrityError: Tables of other schemas reference it.
            DataMillError: There is no such schema, or a transaction is open.
        """
        definitions.drop_schema(self._host, self, schema)

    def declare(self, *specs: TableSpec) -> list[TableName]:
        """Create tables, with their rows in ``~lineage``, all or nothing; on MySQL and MariaDB table by table.

        Args:
            specs: Tables of one schema, which exists; what they reference exists or stands before them.

        Returns:
            Those created, without those that exist, maybe since another process was faster.

        Raises:
            MissingTableError: A referenced table does not exist.
            DefinitionError: A name is too long, or an index, a view or the like has it.
            DataMillError: The schema does not exist, or a transaction is open.
        """
        return definitions.declare(self._host, self, specs)

    def drop_tables(self, names: Iterable[TableName]) -> list[TableName]:
        """Drop tables with their job tables and lineage rows, in one transaction, dependents first.

        Args:
            names: Which; those that do not exist are passed over.

        Returns:
            The tables dropped, in that order.

        Raises:
            IntegrityError: Tables that are not among them reference one.
            DataMillError: A transaction is open.
        """
        return definitions.drop_tables(self._host, self, list(names))

    def rebuild_lineage(self, schema: str) -> None:
        """Write the table ``~lineage`` of a schema anew, from the foreign keys.

        Raises:
            DataMillError: A transaction is open.
        """
        definitions.rebuild_lineage(self._host, self, schema)


def _is_shown(name: TableName) -> bool:
    return name.tier not in HIDDEN_TIERS

"""The table of jobs of one auto-populated table: its definition, and the way between Python values and its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from datamill.algebra.relations import BaseTable
from datamill.catalog.definitions import changing
from datamill.catalog.resolve import stored_type
from datamill.compute.job_states import Status
from datamill.data.values import from_driver, table_coder
from datamill.errors import AccessError, DataMillError, MissingTableError, require
from datamill.model.attribute import Attribute, Now
from datamill.model.heading import Heading
from datamill.model.table import Index, IndexPart, TableSpec
from datamill.model.types import AttributeType, parse_type
from datamill.sql import jobs as sql
from datamill.sql.ddl_columns import column_definition
from datamill.sql.writer import Statement

if TYPE_CHECKING:
    from datamill.backends.base import BackendSession
    from datamill.data.connection import Connection

Key = Mapping[str, Any]

LONGEST_MESSAGE = 2047
MAY_BE_HIDDEN = frozenset({"user", "host", "pid", "connection_id", "version", "duration"})
"""Columns that only inform: a key attribute of the same name takes their place."""
ORDER = ("status", "priority", "scheduled_time")
_CUT = "...truncated"
_STATUS = f"enum({', '.join(repr(item.value) for item in Status)})"


def job_key(target: TableSpec, source_key: Sequence[str]) -> tuple[str, ...]:
    """Return the key of a job table.

    Args:
        target: The table whose keys are computed.
        source_key: Key attributes of its key source.

    Returns:
        The key attributes that come from foreign keys and are in the key source; if there are none, those of the key
        source.
    """
    inherited = {name for key in target.foreign_keys for name in key.attributes}
    wanted = [name for name in target.heading.key if name in source_key]
    return tuple(name for name in wanted if name in inherited) or tuple(wanted)


def job_spec(target: TableSpec, key: Sequence[str], quoted_name: str) -> TableSpec:
    """Return the definition of a job table (spec 06, section 5).

    Args:
        target: The table whose keys are computed.
        key: From `job_key`.
        quoted_name: The target's name as the database quotes it, for the comment.

    Raises:
        DataMillError: An attribute of the key has the name of a column that the queue cannot do without.
    """
    taken = [item.name for item in _columns() if item.name in key and item.name not in MAY_BE_HIDDEN]
    if taken:
        raise DataMillError(
            f"{target.name} can have no job queue: {taken[0]!r} in its key is the name of a column of queues.",
            hint="Rename the attribute, or populate(reserve_jobs=False).",
        )
    own = [_key_attribute(target.heading[name]) for name in key]
    columns = [item for item in _columns() if item.name not in key]
    # The key at the end of the index lets a claim read the first jobs without sorting all of them.
    index = Index(tuple(IndexPart(name) for name in (*ORDER, *key)))
    return TableSpec(
        target.name.jobs,
        Heading([*own, *(item for item in columns if not item.is_hidden)], f"Job queue for {quoted_name}"),
        hidden=tuple(item for item in columns if item.is_hidden),
        indexes=(index,),
        comment=f"Job queue for {quoted_name}",
    )


def _key_attribute(attribute: Attribute) -> Attribute:
    return replace(attribute, in_key=True, default=None, nullable=False)


def _columns() -> list[Attribute]:
    return [
        _column("status", _STATUS),
        _column("priority", "int8"),
        _column("created_time", "datetime(3)", Now(3)),
        _column("scheduled_time", "datetime(3)", Now(3)),
        _column("reserved_time", "datetime(3)", nullable=True),
        _column("completed_time", "datetime(3)", nullable=True),
        _column("duration", "float64", nullable=True),
        _column("error_message", f"varchar({LONGEST_MESSAGE})", ""),
        _column("error_stack", "<blob>", nullable=True),
        _column("user", "varchar(255)", ""),
        _column("host", "varchar(255)", ""),
        _column("pid", "int32", 0),
        _column("connection_id", "int64", 0),
        _column("version", "varchar(64)", ""),
        _column("_worker", "varchar(64)", nullable=True),
        _column("_token", "int64", 0),
        _column("_lease_until", "datetime(3)", nullable=True),
        _column("_attempts", "int32", 0),
        _column("_crashes", "int32", 0),
    ]


def _column(name: str, text: str, default: Any = None, *, nullable: bool = False) -> Attribute:
    declared = parse_type(text)
    return Attribute(name, declared, stored_type(declared), nullable=nullable, default=default)


def shortened(message: str) -> str:
    """Return an error message that fits its column."""
    require(message, str, "The message about a job must be text")
    if len(message) <= LONGEST_MESSAGE:
        return message
    return message[: LONGEST_MESSAGE - len(_CUT)] + _CUT


class JobTable:
    """The job table of one table, and how its values travel.

    Args:
        connection: Where it is.
        target: The table whose keys are computed.
        source_key: Key attributes of the key source; None if the job table is known to exist.
    """

    def __init__(
        self, connection: Connection, target: TableSpec, source_key: Sequence[str] | None = None
    ) -> None:
        self.connection = connection
        self.target = target
        self.name = target.name.jobs
        self._source_key = source_key
        self._seen: tuple[TableSpec, TableSpec] | None = None

    @property
    def exists(self) -> bool:
        """True if the table is in the database."""
        return self.connection.catalog.find(self.name) is not None

    @property
    def spec(self) -> TableSpec:
        """The table as it is in the database, or would be; its key has the lineage of the target's."""
        found = self.connection.catalog.find(self.name)
        if found is None:
            if self._source_key is None:
                raise MissingTableError(f"There is no job table {self.name}.", table=str(self.name))
            quoted = self.connection.dialect.table(self.target.name)
            return job_spec(self.target, job_key(self.target, self._source_key), quoted)
        if self._seen is None or self._seen[0] is not found:
            self._seen = (found, _with_lineage(found, self.target))
        return self._seen[1]

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the key."""
        return self.spec.heading.key

    @property
    def has_leases(self) -> bool:
        """True if claims can carry a lease: false in tables made by others that may not be altered."""
        return any(item.name == "_lease_until" for item in self.spec.hidden)

    @property
    def relation(self) -> BaseTable:
        """The table as a relation."""
        return BaseTable(self.spec, self.connection)

    def declare(self) -> None:
        """Create the table if it is absent; add the hidden columns to one made by others, where allowed.

        Raises:
            DataMillError: A transaction is open, or nothing would tell one job from another.
        """
        if not self.key:
            raise DataMillError(
                f"{self.target.name} can have no job queue: its keys have no attributes.",
                hint="Its make() runs once: populate(reserve_jobs=False).",
            )
        if not self.exists:
            self.connection.catalog.declare(self.spec)
        elif not self.has_leases:
            with suppress(AccessError):  # then jobs are reserved without leases, as their maker does
                self._add_columns()

    def _add_columns(self) -> None:
        spec, dialect, catalog = self.spec, self.connection.dialect, self.connection.catalog
        known = {item.name for item in spec.columns}
        missing = [item for item in _columns() if item.is_hidden and item.name not in known]
        with changing(self.connection, catalog, f"add columns to {self.name}") as session:
            for item in missing:
                text = column_definition(spec, item, dialect, {}, {})
                session.execute(f"ALTER TABLE {dialect.table(self.name)} ADD COLUMN {text}")

    # values ----------------------------------------------------------------------------------------------------

    def bound(self, name: str, value: Any) -> Any:
        """Return a value of a column as the driver takes it."""
        if value is None or isinstance(value, sql.Plus):
            return value
        coder = table_coder(self.connection.dialect, self.spec).columns.get(name)
        if coder is None:
            attribute = next(item for item in self.spec.hidden if item.name == name)
            adapt = self.connection.dialect.to_driver_for(attribute.stored)
            return value if adapt is None else adapt(value)
        return coder.encode([value]).driver[0]

    def changes(self, **values: Any) -> dict[str, Any]:
        """Return changes as the driver takes them; columns that the table lacks, or has in its key, are left out."""
        known = {item.name for item in self.spec.columns if not item.in_key}
        return {name: self.bound(name, value) for name, value in values.items() if name in known}

    def values_of(self, keys: Sequence[Key]) -> list[tuple[Any, ...]]:
        """Return the canonical values of keys, equal where they name the same job, whoever gave them.

        Attributes that are no part of the job's key are left out.

        Raises:
            DataMillError: A key lacks an attribute.
        """
        if not keys:
            return []
        coders = table_coder(self.connection.dialect, self.spec).columns
        columns = []
        for name in self.key:
            try:
                values = [key[name] for key in keys]
            except KeyError:
                raise DataMillError(f"A job of {self.target.name} has no {name!r} in its key.") from None
            except (TypeError, IndexError):
                raise TypeError(f"The key of a job of {self.target.name} must be a mapping.") from None
            columns.append(coders[name].encode(values).canonical)
        return list(zip(*columns, strict=True))

    def keys_of(self, rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
        """Return keys from driver rows that begin with the columns of the key."""
        if not rows:
            return []
        dialect, heading = self.connection.dialect, self.spec.heading
        columns = [
            from_driver(dialect, heading[name], [row[index] for row in rows])
            for index, name in enumerate(self.key)
        ]
        return [dict(zip(self.key, values, strict=True)) for values in zip(*columns, strict=True)]

    def listed(self, keys: Sequence[tuple[Any, ...]]) -> sql.Condition:
        """Return the condition that a job has one of some keys (canonical values)."""
        return sql.listed(self.key, self._key_types, keys)

    @property
    def _key_types(self) -> tuple[AttributeType, ...]:
        return tuple([item.stored for item in self.spec.heading.attributes.values() if item.in_key])

    def select(self, wanted: Sequence[str], conditions: Sequence[sql.Condition], **how: Any) -> Statement:
        """Return the query for columns of the jobs that meet conditions; see `datamill.sql.jobs.select`."""
        kinds = {name: item.kind for name, item in zip(self.key, self._key_types, strict=True)}
        return sql.select(self.connection.dialect, self.name, wanted, conditions, kinds=kinds, **how)

    def is_in(self, *statuses: Status) -> sql.Condition:
        """Return the condition that a job has one of some statuses."""
        if len(statuses) == 1:
            return sql.equals("status", statuses[0].value)
        return sql.among("status", [status.value for status in statuses])

    def now(self, session: BackendSession) -> tuple[datetime, int]:
        """Return the time in the server's zone, to the millisecond, and its number of this connection."""
        return server_time(session)


def server_time(session: BackendSession) -> tuple[datetime, int]:
    """Return the time in the zone that is the server's own, to the millisecond, and its number of this connection.

    Programs that share a queue compare it; datamill's sessions are in another zone, UTC.
    """
    statement = sql.now(session.dialect)
    ((moment, number),) = session.execute(statement.sql, statement.params).rows
    adapt = session.dialect.from_driver_for(parse_type("datetime(3)"))
    return (moment if adapt is None else adapt(moment)), int(number)


def _with_lineage(spec: TableSpec, target: TableSpec) -> TableSpec:
    """Give the key of a job table the lineage of its target's, so that the two can be matched."""

    def attribute(item: Attribute) -> Attribute:
        theirs = target.heading.get(item.name) if item.in_key else None
        return item if theirs is None else replace(item, lineage=theirs.lineage)

    heading = Heading([attribute(item) for item in spec.heading.attributes.values()], spec.heading.comment)
    return replace(spec, heading=heading)

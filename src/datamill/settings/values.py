"""The settings as frozen values: one field per setting, with its default, kind and description.

This is the only list of settings. Names, environment variables, files and documentation derive from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

from datamill.settings.kinds import (
    BOOLEAN,
    LOG_LEVEL,
    MAPPING,
    PRIORITY,
    SECONDS,
    SECRET,
    SIZE,
    TEXT,
    TLS,
    URL,
    Kind,
    choice,
    integer,
    optional,
)
from datamill.settings.secret import Secret, masked

_BACKENDS = choice("sqlite", "postgresql", "mysql", aliases={"postgres": "postgresql", "mariadb": "mysql"})


def _setting(default: object, kind: Kind[Any], doc: str, *, short: str = "", **extra: object) -> Any:
    metadata = {"kind": kind, "doc": doc, "short": short, **extra}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


class _Values:
    """Base of the groups: prints without secrets."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown = (f"{item.name}={masked(item.name, getattr(self, item.name))!r}" for item in fields(self))  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, slots=True, repr=False)
class DatabaseSettings(_Values):
    """Which database, and how to reach it."""

    url: str | None = _setting(
        None, optional(URL), "Address of the database in one text.", short="URL", datajoint=False
    )
    path: str | None = _setting(
        None, optional(TEXT), "SQLite file; a relative one is beside the file that says so."
    )
    backend: str | None = _setting(None, optional(_BACKENDS), "Kind of database.", short="BACKEND")
    host: str = _setting("localhost", TEXT, "Server host name.", short="HOST")
    port: int | None = _setting(None, optional(integer(1, 65535)), "Server port.", short="PORT")
    user: str | None = _setting(None, optional(TEXT), "User name.", short="USER")
    password: Secret | None = _setting(None, optional(SECRET), "Password.", short="PASS")
    name: str | None = _setting(None, optional(TEXT), "PostgreSQL database.", short="DATABASE_NAME")
    reconnect: bool = _setting(True, BOOLEAN, "Connect again after the connection was lost.")
    use_tls: bool | Mapping[str, Any] | None = _setting(
        None,
        optional(TLS),
        "TLS required (true), off (false), tried (none), or its options.",
        short="USE_TLS",
    )
    create_tables: bool = _setting(True, BOOLEAN, "Declare absent tables.", short="CREATE_TABLES")
    busy_timeout: float = _setting(30, SECONDS, "Seconds to wait for another writer (SQLite, MySQL).")
    database_prefix: str = _setting(
        "",
        TEXT,
        "Deprecated: prefix of schema names.",
        short="DATABASE_PREFIX",
        empty=True,
        deprecated="write schema names in full",
    )
    collation: str | None = _setting(
        None,
        optional(TEXT),
        'Collation of new MySQL schemas; none is the best binary one of the server, "" the server\'s own.',
        empty=True,
    )
    notify: bool = _setting(True, BOOLEAN, "Announce writes to waiting workers (PostgreSQL).")
    time_zone: str = _setting("utc", choice("utc", "server"), "Time zone of sessions.")


@dataclass(frozen=True, slots=True, repr=False)
class ConnectionSettings(_Values):
    """What a new connection is told."""

    charset: str = _setting("", TEXT, "MySQL character set; empty is utf8mb4.", empty=True)
    init_function: str | None = _setting(None, optional(TEXT), "SQL to run on each new connection.")


@dataclass(frozen=True, slots=True, repr=False)
class DisplaySettings(_Values):
    """Previews and diagrams."""

    limit: int = _setting(12, integer(0), "Rows in a preview.")
    width: int = _setting(14, integer(1), "Characters per column in a preview.")
    show_tuple_count: bool = _setting(True, BOOLEAN, "Show the number of rows below a preview.")
    diagram_direction: str = _setting(
        "LR", choice("LR", "TB"), "Diagrams from left to right or top to bottom.", short="DIAGRAM_DIRECTION"
    )
    diagram_theme: str = _setting(
        "auto", choice("auto", "light", "dark"), "Diagram colours.", short="DIAGRAM_THEME"
    )


@dataclass(frozen=True, slots=True, repr=False)
class JobsSettings(_Values):
    """How populate computes."""

    auto_refresh: bool = _setting(
        True, BOOLEAN, "Refresh the job queue before reserved populate.", short="JOBS_AUTO_REFRESH"
    )
    keep_completed: bool = _setting(False, BOOLEAN, "Keep jobs that succeeded.", short="JOBS_KEEP_COMPLETED")
    stale_timeout: float = _setting(
        3600, SECONDS, "Seconds after which a job without key is removed.", short="JOBS_STALE_TIMEOUT"
    )
    default_priority: int = _setting(
        5, PRIORITY, "Priority of new jobs; lower is sooner.", short="JOBS_DEFAULT_PRIORITY"
    )
    version_method: str | None = _setting(
        None, optional(choice("git", "none")), "How the code version is found.", short="JOBS_VERSION_METHOD"
    )
    add_job_metadata: bool = _setting(
        False, BOOLEAN, "Give computed tables hidden job columns.", short="JOBS_ADD_JOB_METADATA"
    )
    allow_new_pk_fields_in_computed_tables: bool = _setting(
        False,
        BOOLEAN,
        "Allow key attributes of a computed table that no foreign key brings.",
        short="JOBS_ALLOW_NEW_PK_FIELDS_IN_COMPUTED_TABLES",
    )
    transaction: str = _setting(
        "flush",
        choice("flush", "make"),
        "Transaction around storing, or around make.",
        short="JOBS_TRANSACTION",
    )
    contract: str = _setting(
        "warn",
        choice("warn", "off", "strict"),
        "What make reading or writing undeclared tables, or other rows of its own, does.",
        short="JOBS_CONTRACT",
    )
    empty_make: str = _setting(
        "warn", choice("warn", "error"), "What make storing no row does.", short="JOBS_EMPTY_MAKE"
    )
    lease: float = _setting(
        120, SECONDS, "Seconds a worker holds a job without renewing.", short="JOBS_LEASE"
    )
    max_crashes: int = _setting(
        3, integer(1), "Crashes after which a job is put aside.", short="JOBS_MAX_CRASHES"
    )
    buffer_bytes: int = _setting(
        2**28, SIZE, "Bytes of results held before a flush.", short="JOBS_BUFFER_BYTES"
    )
    start_method: str | None = _setting(
        None,
        optional(choice("spawn", "fork", "forkserver")),
        "How worker processes start; none is spawn.",
        short="JOBS_START_METHOD",
    )
    provenance: bool = _setting(
        True, BOOLEAN, "Record runs and code of computed rows.", short="JOBS_PROVENANCE"
    )


@dataclass(frozen=True, slots=True, repr=False)
class ProvenanceSettings(_Values):
    """Where entered rows came from."""

    capture: bool = _setting(
        False, BOOLEAN, "Record the origin of rows entered by hand.", short="PROVENANCE_CAPTURE"
    )
    source: Mapping[str, Any] = _setting(
        {}, MAPPING, "Free facts stored with such rows.", short="PROVENANCE_SOURCE"
    )


@dataclass(frozen=True, slots=True, repr=False)
class DeclareSettings(_Values):
    """Declaring tables."""

    drift: str = _setting(
        "warn", choice("warn", "error", "ignore"), "What a table differing from its definition does."
    )


@dataclass(frozen=True, slots=True, repr=False)
class CompatSettings(_Values):
    """Behaviour kept for old pipelines."""

    blobs: bool = _setting(False, BOOLEAN, "Serialise values of native blobs; read the types of 0.14.")


@dataclass(frozen=True, slots=True, repr=False)
class StorageSettings(_Values):
    """Object stores in general."""

    threads: int = _setting(8, integer(1), "Threads for uploads and downloads.")
    cache: str | None = _setting(None, optional(TEXT), "Folder that keeps downloaded objects.")
    cache_limit: int = _setting(10 * 2**30, SIZE, "Bytes the cache may hold.")
    verify: str = _setting("hash", choice("hash", "size", "none"), "What is checked when an object is read.")
    gc_grace: float = _setting(86400, SECONDS, "Seconds an unreferenced object is kept.")


@dataclass(frozen=True, slots=True, repr=False)
class DeleteSettings(_Values):
    """Deleting rows."""

    trash: bool = _setting(False, BOOLEAN, "Keep deleted rows in a trash table.")


@dataclass(frozen=True, slots=True, repr=False)
class Settings(_Values):
    """All settings at one moment.

    Example:
        >>> Settings().display.limit
        12
    """

    database: DatabaseSettings = DatabaseSettings()
    connection: ConnectionSettings = ConnectionSettings()
    display: DisplaySettings = DisplaySettings()
    jobs: JobsSettings = JobsSettings()
    provenance: ProvenanceSettings = ProvenanceSettings()
    declare: DeclareSettings = DeclareSettings()
    compat: CompatSettings = CompatSettings()
    storage: StorageSettings = StorageSettings()
    delete: DeleteSettings = DeleteSettings()
    stores: Mapping[str, Any] = _setting({}, MAPPING, "Object stores by name.", short="STORES")
    custom: Mapping[str, Any] = _setting({}, MAPPING, "Anything you like.")
    loglevel: str = _setting("INFO", LOG_LEVEL, "Least severity of messages.", short="LOG_LEVEL")
    safemode: bool = _setting(True, BOOLEAN, "Ask before deleting and dropping.")
    query_cache: str | None = _setting(None, optional(TEXT), "Folder for cached query results.")
    download_path: str = _setting(".", TEXT, "Folder for fetched attachments.")
    ignore_config_file: bool = _setting(
        False, BOOLEAN, "Read no settings files and no secrets.", short="IGNORE_CONFIG_FILE"
    )


GROUPS: dict[str, type[Any]] = {
    item.name: type(item.default) for item in fields(Settings) if isinstance(item.default, _Values)
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of one setting.

    Fields: dotted ``name``; ``kind``; ``default``; ``doc`` in one sentence; ``short`` environment name, "" if none;
    ``datajoint``: the short name also works as ``DJ_…``; ``empty``: an empty text is a value;
    ``deprecated``: what to do instead, or "".
    """

    name: str
    kind: Kind[Any]
    default: Any
    doc: str
    short: str = ""
    datajoint: bool = True
    empty: bool = False
    deprecated: str = ""

    @property
    def is_mapping(self) -> bool:
        """The value is a table of keys and values."""
        return self.kind is MAPPING


def _describe(prefix: str, item: Field[Any]) -> Setting:
    default = {} if item.default is MISSING else item.default
    return Setting(name=f"{prefix}{item.name}", default=default, **item.metadata)


def _collect() -> dict[str, Setting]:
    found = [_describe(f"{group}.", item) for group, cls in GROUPS.items() for item in fields(cls)]
    found += [_describe("", item) for item in fields(Settings) if item.name not in GROUPS]
    return {setting.name: setting for setting in found}


SETTINGS: dict[str, Setting] = _collect()
"""Every setting by its dotted name."""

"""Hash-addressed content and lineage, in the words of DataJoint's submodules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datamill.catalog.lineage import lineage_name
from datamill.data.connection import Connection
from datamill.model.names import TableName
from datamill.storage.backend import StorageBackend
from datamill.storage.content import get_content, put_content
from datamill.storage.hashing import content_hash
from datamill.storage.stores import stores_for


def compute_hash(data: bytes) -> str:
    """Return the hash of some content: 26 characters.

    Example:
        >>> compute_hash(b"hello")
        'lvauakv4jmvhnolrtwiraf6fsi'
    """
    return content_hash(data)


def get_store_backend(store_name: str | None = None, config: Any = None) -> StorageBackend:
    """Return a store.

    Args:
        store_name: Its name; None: the default store.
        config: Settings; None: the default ones.
    """
    return stores_for(_config(config)).backend(store_name)


def put_hash(
    data: bytes, schema_name: str, store_name: str | None = None, config: Any = None
) -> dict[str, Any]:
    """Store content under its hash unless it is there.

    Returns:
        ``hash``, ``path``, ``schema``, ``store``, ``size``.
    """
    return put_content(get_store_backend(store_name, config), schema_name, data)


def get_hash(metadata: Mapping[str, Any], config: Any = None) -> bytes:
    """Return content that `put_hash` stored.

    Raises:
        MissingExternalFile: It is not there.
        ObjectIntegrityError: It is not what was stored.
    """
    return get_content(get_store_backend(metadata.get("store"), config), metadata)


def _config(config: Any) -> Any:
    if config is not None:
        return config
    from datamill.api.default import config as default

    return default


def lineage_table_exists(connection: Connection, database: str) -> bool:
    """True if a schema has its table ``~lineage``."""
    return connection.catalog.lineage_table_exists(database)


def get_schema_lineages(connection: Connection, database: str) -> dict[str, str]:
    """Return the table ``~lineage`` of a schema: ``schema.table.attribute`` -> where it originates."""
    if not lineage_table_exists(connection, database):
        return {}
    table = connection.dialect.table(lineage_name(database))
    rows = connection.query(f"SELECT table_name, attribute_name, lineage FROM {table}").fetchall()
    return {f"{database}.{name}.{attribute}": lineage for name, attribute, lineage in rows}


def get_table_lineages(connection: Connection, database: str, table_name: str) -> dict[str, str]:
    """Return where the attributes of a table originate, by name; others have no lineage."""
    spec = connection.catalog.spec(TableName(database, table_name))
    return {name: item.lineage for name, item in spec.heading.attributes.items() if item.lineage is not None}


def get_lineage(connection: Connection, database: str, table_name: str, attribute_name: str) -> str | None:
    """Return where an attribute originates, or None."""
    return get_table_lineages(connection, database, table_name).get(attribute_name)


def rebuild_schema_lineage(connection: Connection, database: str) -> None:
    """Write the table ``~lineage`` of a schema anew, from the foreign keys."""
    connection.catalog.rebuild_lineage(database)

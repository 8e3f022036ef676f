"""Taking back tables and schemas that were made for something that failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datamill.catalog.lineage import lineage_name
from datamill.errors import DataMillError
from datamill.model.names import TableName

if TYPE_CHECKING:
    from datamill.data.connection import Connection


@dataclass(slots=True)
class Made:
    """What was created so far.

    Fields:
        schemas, tables: Names; a table may be noted before it is made.
    """

    schemas: list[str] = field(default_factory=list)
    tables: list[TableName] = field(default_factory=list)


@contextmanager
def undone_on_failure(connection: Connection) -> Iterator[Made]:
    """Run a block that creates tables; if it fails, drop those that it has noted.

    If even that is refused, the error says so.

    Yields:
        Where the block notes what it creates.
    """
    made = Made()
    try:
        yield made
    except BaseException as error:
        try:
            _undo(connection, made)
        except DataMillError as other:
            text = f"Tables that were created meanwhile are left in {connection}: {other}"
            error.suggest(text) if isinstance(error, DataMillError) else error.add_note(text)
        raise


def _undo(connection: Connection, made: Made) -> None:
    catalog = connection.catalog
    catalog.drop_tables(made.tables)
    for schema in made.schemas:
        if catalog.schema_exists(schema) and not catalog.load(schema, hidden=True).keys() - {
            lineage_name(schema)
        }:
            catalog.drop_schema(schema)

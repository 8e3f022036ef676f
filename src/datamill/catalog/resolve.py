"""What the catalog borrows from codecs and the definition language."""

from __future__ import annotations

from datamill.backends.base import RawTable
from datamill.codecs import resolve_dtype
from datamill.errors import DefinitionError
from datamill.language import parse_definition
from datamill.model.table import Index
from datamill.model.types import AttributeType, parse_type


def stored_type(declared: AttributeType) -> AttributeType:
    """Return the core type at the end of a codec chain.

    Raises:
        DataMillError: The codec is not installed.
    """
    return parse_type(resolve_dtype(declared.text)[0])


def declared_indexes(raw: RawTable) -> tuple[Index, ...]:
    """Return the indexes that the stored definition of a table declares; empty where none is stored."""
    if not raw.definition:
        return ()
    try:
        definition = parse_definition(raw.definition)
    except DefinitionError:
        # Written by a newer version: the database's own text of the indexes has to do.
        return ()
    return tuple(Index(line.parts, line.unique) for line in definition.indexes)

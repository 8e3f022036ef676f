"""One attribute of a heading."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from datamill.model.types import KINDS, AttributeType


class _Missing(Enum):
    NO_DEFAULT = "no default"


NO_DEFAULT: Final = _Missing.NO_DEFAULT
"""Marks an attribute that must be given."""


@dataclass(frozen=True, slots=True)
class Now:
    """The default ``CURRENT_TIMESTAMP``, with the digits of its attribute's seconds."""

    digits: int = 0


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: a name, a type, and what a row may leave out.

    Fields:
        name: Lower-case name.
        type: The type as declared.
        stored: The core type in which the value lies in the column: ``type`` itself but for codecs, where it is the
            end of the codec chain.
        in_key: True if it belongs to the primary key of its heading.
        nullable: True if it may be NULL.
        default: The converted Python value, `Now`, None (NULL), or `NO_DEFAULT`.
        comment: Free text.
        lineage: ``schema.table.attribute`` where it originates, None if it is native and secondary or computed.
        collation: Name of a collation other than code-point order (columns of older MySQL databases), else None.
    """

    name: str
    type: AttributeType
    stored: AttributeType
    in_key: bool = False
    nullable: bool = False
    default: Any = NO_DEFAULT
    comment: str = ""
    lineage: str | None = None
    collation: str | None = None

    @property
    def is_required(self) -> bool:
        """True if an inserted row must give a value."""
        return self.default is NO_DEFAULT and not self.nullable and not self.is_auto_increment

    @property
    def is_codec(self) -> bool:
        """True for ``<...>`` types."""
        return self.type.kind == "codec"

    @property
    def is_blob(self) -> bool:
        """True for values that a human would not read in a table: codecs and raw bytes."""
        return self.is_codec or self.stored.kind == "bytes"

    @property
    def is_numeric(self) -> bool:
        """True for integers, floats and decimals."""
        return not self.is_codec and KINDS[self.stored.kind].family in ("integer", "float", "decimal")

    @property
    def is_auto_increment(self) -> bool:
        """True for ``serial`` and ``auto_increment`` keys, which the database numbers."""
        native = self.type.native or ""
        return native == "serial" or native.endswith("auto_increment")

    @property
    def is_hidden(self) -> bool:
        """True for the platform's own attributes."""
        return self.name.startswith("_")

"""One attribute of a heading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from datamill.model.types import KINDS, AttributeType


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
        default: The converted Python value, `Now`, or None: NULL if it is nullable, else it must be given.
        comment: Free text.
        lineage: ``schema.table.attribute`` where it originates, None if it is native and secondary or computed.
        collation: Name of a collation other than code-point order (columns of older MySQL databases), else None.
    """

    name: str
    type: AttributeType
    stored: AttributeType
    in_key: bool = False
    nullable: bool = False
    default: Any = None
    comment: str = ""
    lineage: str | None = None
    collation: str | None = None

    @property
    def is_required(self) -> bool:
        """True if an inserted row must give a value."""
        return self.default is None and not self.nullable and not self.is_auto_increment

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
    def autoincrement(self) -> bool:
        """As `is_auto_increment`; this and the next are the names that DataJoint has for them."""
        return self.is_auto_increment

    @property
    def numeric(self) -> bool:
        """As `is_numeric`."""
        return self.is_numeric

    @property
    def string(self) -> bool:
        """True for texts and enums."""
        return not self.is_codec and KINDS[self.stored.kind].family in ("text", "enum")

    @property
    def uuid(self) -> bool:
        """True for UUIDs."""
        return self.type.kind == "uuid"

    @property
    def json(self) -> bool:
        """True for JSON documents."""
        return self.type.kind == "json"

    @property
    def is_attachment(self) -> bool:
        """True for files: ``<attach>``, in the row or in a store."""
        return self.is_codec and self.type.codec_name == "attach"

    @property
    def is_filepath(self) -> bool:
        """True for files that the store keeps: ``<filepath@>``."""
        return self.is_codec and self.type.codec_name == "filepath"

    @property
    def store(self) -> str | None:
        """The store of a codec: its name, ``""`` for the default one, None if values are in the row."""
        return self.type.args[1] if self.is_codec else None

    @property
    def is_hidden(self) -> bool:
        """True for the platform's own attributes."""
        return self.name.startswith("_")

"""What type records and references of DataJoint 0.14 mean (spec 06, section 8)."""

from __future__ import annotations

import re
from dataclasses import replace

from datamill.backends.base import RawColumn, RawTable
from datamill.model.types import AttributeType, parse_type

EXTERNAL = "~external"
_IN_STORE = re.compile(r"(?P<codec>blob|attach|filepath)@(?P<store>[\w-]*)\Z")


def legacy_type(record: str | None, column: RawColumn) -> AttributeType | None:
    """Return the type that a record of DataJoint 0.14 stands for; None if it is no such record.

    Args:
        record: ``attach``, ``blob@store`` and so on.
        column: The column that has it; in stores, values are keys of ``~external_{store}``, or JSON once migrated.

    Example:
        >>> legacy_type("blob@raw", RawColumn("a", "binary(16)", False, None, "")).text
        '<external-blob@raw>'
    """
    if not record:
        return None
    if record == "attach":
        return parse_type("<attach>")
    in_store = _IN_STORE.match(record)
    if in_store is not None:
        prefix = "external" if column.sql_type.lower().startswith("binary") else "migrated"
        return parse_type(f"<{prefix}-{in_store['codec']}@{in_store['store']}>")
    return parse_type("<external>") if record.startswith("external") else None


def without_externals(raw: RawTable) -> RawTable:
    """Return a table without its references to ``~external_{store}``: they belong to how values are stored."""
    dropped = [key for key in raw.foreign_keys if key.parent.table.startswith(EXTERNAL)]
    if not dropped:
        return raw
    columns = {key.columns for key in dropped}
    return replace(
        raw,
        foreign_keys=tuple(key for key in raw.foreign_keys if key not in dropped),
        indexes=tuple(index for index in raw.indexes if index.columns not in columns),
    )

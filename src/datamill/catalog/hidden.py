"""The attributes that only the platform adds to tables."""

from __future__ import annotations

from typing import Any

from datamill.model.attribute import Attribute
from datamill.model.names import TableName, Tier
from datamill.model.types import parse_type

ORIGIN = "_prov"
"""Where a row comes from that entered a manual table."""


def hidden_attributes(
    name: TableName, *, job_metadata: bool = False, provenance: bool = False, origin: bool = False
) -> tuple[Attribute, ...]:
    """Return the platform's own attributes of a new table.

    Args:
        name: The table.
        job_metadata: Include those of ``jobs.add_job_metadata``.
        provenance: Include those of ``jobs.provenance``.
        origin: Include that of ``provenance.capture``.
    """
    if origin and name.tier is Tier.MANUAL:
        comment = "extrinsic provenance for a row that entered from outside"
        return (_hidden(ORIGIN, "json", True, None, comment),)
    if not name.tier.is_auto_populated:
        return ()
    metadata = (
        _hidden("_job_start_time", "datetime(3)", True, None, "when computation began"),
        _hidden("_job_duration", "float32", True, None, "computation duration in seconds"),
        _hidden("_job_version", "varchar(64)", False, "", "code version"),
    )
    records = (
        _hidden("_job_run", "uuid", True, None, "run of populate"),
        _hidden("_job_code", "char(16)", True, None, "fingerprint of the code"),
    )
    return (*(metadata if job_metadata else ()), *(records if provenance else ()))


def _hidden(name: str, type_text: str, nullable: bool, default: Any, comment: str) -> Attribute:
    attribute_type = parse_type(type_text)
    return Attribute(
        name, attribute_type, attribute_type, nullable=nullable, default=default, comment=comment
    )

"""Rows as a list of dicts."""

from __future__ import annotations

from typing import Any

from datamill.data.fetched import Fetched


def to_dicts(fetched: Fetched) -> list[dict[str, Any]]:
    """Return one dict per row, in heading order."""
    return fetched.dicts(fetched.names)

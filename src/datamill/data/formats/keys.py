"""Primary keys as a list of dicts."""

from __future__ import annotations

from typing import Any

from datamill.data.fetched import Fetched


def to_keys(fetched: Fetched) -> list[dict[str, Any]]:
    """Return the primary key of each row as a dict; empty dicts if the key is empty."""
    return fetched.keys()

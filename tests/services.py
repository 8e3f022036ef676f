"""Where the servers are that tests use: `scripts/services start` says so."""

from __future__ import annotations

import json
import os
from pathlib import Path

_URLS = Path(__file__).parent.parent / ".services" / "urls.json"


def service_url(name: str) -> str | None:
    """Return the URL of a service; None if it was not started.

    Args:
        name: ``postgresql``, ``mysql``, ``mariadb``, ... The variable ``DATAMILL_TEST_<NAME>_URL`` wins over what
            `scripts/services` wrote.
    """
    variable = f"DATAMILL_TEST_{name.upper().replace('-', '_')}_URL"
    if variable in os.environ:
        return os.environ[variable] or None
    try:
        found: dict[str, str] = json.loads(_URLS.read_text())
    except (OSError, ValueError):
        return None
    return found.get(name)

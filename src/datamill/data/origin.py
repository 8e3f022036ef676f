"""Where rows come from that enter a pipeline: the hidden attribute ``_prov`` of manual tables."""

from __future__ import annotations

import getpass
import socket
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def origin_of_rows(connection: Connection) -> dict[str, Any]:
    """Return what is recorded with rows that are inserted now: time, agent, code, source, and the make they are from.

    Parts that are empty are left out.
    """
    address, config = connection.address, connection.config
    version = recorded_version(config.jobs.version_method)
    agent = {
        "user": address.user or getpass.getuser(),
        "host": address.host or socket.gethostname(),
        "database_name": address.name,
    }
    observer = connection.observer
    context: Mapping[str, Any] = {} if observer is None else {**observer.origin(), "version": version}
    parts = {
        "time": datetime.now(UTC).isoformat(),
        "agent": _without_empty(agent),
        "version": version,
        "source": dict(config.provenance.source),
        "context": _without_empty(context),
    }
    return _without_empty(parts)


def _without_empty(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part}


def recorded_version(method: str | None) -> str:
    """Return the version of the code by a method of ``jobs.version_method``; empty for none."""
    return _git_version() if method == "git" else ""


@cache
def _git_version() -> str:
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--tags"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return described.stdout.strip()[:64]

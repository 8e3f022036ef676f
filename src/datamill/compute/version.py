"""The version of the code that computes, for the hidden attribute ``_job_version``."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

from datamill.compute.target import Target
from datamill.data.origin import recorded_version


def code_version(target: Target) -> str:
    """Return the version to record, by the setting ``jobs.version_method``; empty if none is recorded."""
    method = target.connection.config.jobs.version_method
    has_column = any(item.name == "_job_version" for item in target.spec.hidden)
    return recorded_version(method) if has_column else ""


@cache
def code_state(module: str) -> tuple[str, bool | None]:
    """Return commit and dirtiness of the repository that a module's file is in; empty and None if in none.

    Args:
        module: Name of the module.
    """
    path = getattr(sys.modules.get(module), "__file__", None)
    folder = Path(path).resolve().parent if path else Path.cwd()
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
            cwd=folder,
        )
    except (OSError, subprocess.SubprocessError):
        return "", None
    commit, _, dirty = done.stdout.strip().partition("-")
    return commit[:64], bool(dirty)

"""The version of the code that computes, for the hidden attribute ``_job_version``."""

from __future__ import annotations

import subprocess
from functools import cache

from datamill.compute.target import Target


def code_version(target: Target) -> str:
    """Return the version to record, by the setting ``jobs.version_method``; empty if none is recorded."""
    method = target.connection.config.jobs.version_method
    has_column = any(item.name == "_job_version" for item in target.spec.hidden)
    return _git_version() if has_column and method == "git" else ""


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


def recorded_version(method: str | None) -> str:
    """Return the version of the code by a method of ``jobs.version_method``; empty for none."""
    return _git_version() if method == "git" else ""

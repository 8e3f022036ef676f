"""The ``datamill`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from datamill.cli.commands import app

    app()

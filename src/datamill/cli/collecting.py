"""``datamill gc``: what could be freed in a store, and freeing it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from datamill.cli import completing
from datamill.cli.connecting import AsJson, Url, connected, print_json
from datamill.errors import DataMillError


def gc(
    schemas: Annotated[
        list[str] | None,
        typer.Argument(help="Schemas; default: all of the database.", autocompletion=completing.schemas),
    ] = None,
    url: Url = None,
    store: Annotated[str | None, typer.Option(help="Store; default: the default store.")] = None,
    grace: Annotated[
        float | None, typer.Option(help="Seconds between mark and removal; default: storage.gc_grace.")
    ] = None,
    forget: Annotated[
        str | None, typer.Option(help="Database that is gone or moved, and no longer writes to the store.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Mark, and remove what is due; else only show.")] = False,
    assume_complete: Annotated[
        bool, typer.Option(help="Trust that this account sees all schemas of the server.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the objects in a store that no row refers to; with --yes mark them, and remove those marked long ago."""
    import warnings

    from datamill.maintenance.gc import Collector

    with connected(url) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # --grace 0 was typed by somebody who read the help
        names = schemas or connection.catalog.list_schemas()
        collector = Collector(connection, names, store=store, assume_complete=assume_complete)
        if forget is not None and not collector.forget(forget):
            raise DataMillError(f"The store has no note about a database {forget!r}.")
        report = collector.collect(dry_run=not yes, grace=grace)
    if as_json:
        print_json(report)
    else:
        typer.echo(table(report))
    for text in report["scan_errors"] + report["errors"]:
        typer.echo(f"error: {text}", err=True)
    if report["scan_errors"] or report["errors"]:
        raise typer.Exit(1)


def table(report: dict[str, Any]) -> str:
    """Return a report of garbage collection as a table of text."""
    lines = [f"{'':<10}{'referenced':>12}{'stored':>10}{'orphaned':>10}{'bytes':>16}{'deleted':>10}"]
    for kind, title in (("hash", "content"), ("schema", "objects")):
        values = [report[f"{kind}_paths_{name}"] for name in _COLUMNS]
        lines.append(
            f"{title:<10}{values[0]:>12}{values[1]:>10}{values[2]:>10}{values[3]:>16,}{values[4]:>10}"
        )
    lines.append(f"marked: {report['quarantined']}, of which due: {report['purgeable']}")
    if report["unfinished"]:
        lines.append(f"uploads that were broken off: {report['unfinished']}")
    if report["being_removed"]:
        lines.append(
            f"being removed by another collection, maybe one that was interrupted: {report['being_removed']}; "
            "try again in some minutes"
        )
    if report["dangling"]:
        lines.append(
            f"rows refer to {len(report['dangling'])} objects that are missing: {report['dangling'][0]} ..."
        )
    if report["dry_run"]:
        lines.append("Nothing was changed; datamill gc --yes marks orphans and removes what is due.")
    else:
        lines.append(f"freed {report['bytes_freed']:,} bytes")
    return "\n".join(lines)


_COLUMNS = ("referenced", "stored", "orphaned", "orphaned_bytes", "deleted")

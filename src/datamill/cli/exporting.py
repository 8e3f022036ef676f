"""``datamill export`` and ``datamill import``."""

from __future__ import annotations

from typing import Annotated

import typer

from datamill.cli import completing
from datamill.errors import DataMillError


def export(
    dest: Annotated[str, typer.Argument(help="Folder or URL to write to.")],
    schemas: Annotated[
        list[str] | None, typer.Argument(help="Schemas; default: all.", autocompletion=completing.schemas)
    ] = None,
    url: Annotated[str | None, typer.Option(help="Database URL; default: as configured.")] = None,
    objects: Annotated[str, typer.Option(help="copy, reference or none.")] = "copy",
    partition: Annotated[
        list[str] | None, typer.Option(help="Attribute that cuts tables into folders.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")] = False,
    progress: Annotated[bool, typer.Option(help="Show a progress bar.")] = True,
) -> None:
    """Write schemas with their objects to a folder that opens without datamill: Parquet files and a manifest."""
    from datamill.api.default import config
    from datamill.api.exporting import export_project
    from datamill.data.connection import Connection

    try:
        with Connection(url=url, config_override=config) as connection:
            manifest = export_project(
                dest,
                *(schemas or ()),
                objects=objects,
                partition=partition or (),
                overwrite=overwrite,
                connection=connection,
                display_progress=progress,
            )
    except DataMillError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(1) from error
    rows = sum(item["rows"] for item in manifest["tables"])
    size = sum(item["size"] for item in manifest["files"])
    typer.echo(
        f"{rows} rows of {len(manifest['tables'])} tables, {len(manifest['files'])} files, {size:,} bytes"
    )


def import_(
    src: Annotated[str, typer.Argument(help="Folder or URL that datamill export wrote.")],
    schemas: Annotated[list[str] | None, typer.Argument(help="Schemas; default: all.")] = None,
    url: Annotated[str | None, typer.Option(help="Database URL; default: as configured.")] = None,
    store: Annotated[
        str | None, typer.Option(help="Store for the objects; default: as the types say.")
    ] = None,
    progress: Annotated[bool, typer.Option(help="Show a progress bar.")] = True,
) -> None:
    """Read back what datamill export wrote: declare missing tables, insert rows and objects, all or none."""
    from datamill.api.default import config
    from datamill.api.exporting import import_project
    from datamill.data.connection import Connection

    try:
        with Connection(url=url, config_override=config) as connection:
            rows = import_project(
                src, schemas or None, store, connection=connection, display_progress=progress
            )
    except DataMillError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{sum(rows.values())} rows of {len(rows)} tables")

"""``datamill export`` and ``datamill import``."""

from __future__ import annotations

from typing import Annotated

import typer

from datamill.cli import completing
from datamill.cli.connecting import AsJson, Url, connected, print_json


def export(
    dest: Annotated[str, typer.Argument(help="Folder or URL to write to.")],
    schemas: Annotated[
        list[str] | None, typer.Argument(help="Schemas; default: all.", autocompletion=completing.schemas)
    ] = None,
    url: Url = None,
    objects: Annotated[str, typer.Option(help="copy, reference or none.")] = "copy",
    partition: Annotated[
        list[str] | None, typer.Option(help="Attribute that cuts tables into folders.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")] = False,
    progress: Annotated[bool, typer.Option(help="Show a progress bar.")] = True,
    as_json: AsJson = False,
) -> None:
    """Write schemas with their objects to a folder that opens without datamill: Parquet files and a manifest."""
    from datamill.api.exporting import export_project

    with connected(url) as connection:
        manifest = export_project(
            dest,
            *(schemas or ()),
            objects=objects,
            partition=partition or (),
            overwrite=overwrite,
            connection=connection,
            display_progress=progress and not as_json,
        )
        if as_json:
            print_json(manifest)
            return
        tables, files = manifest["tables"], manifest["files"]
        rows, size = sum(item["rows"] for item in tables), sum(item["size"] for item in files)
        typer.echo(f"{rows} rows of {len(tables)} tables, {len(files)} files, {size:,} bytes")


def import_(
    src: Annotated[str, typer.Argument(help="Folder or URL that datamill export wrote.")],
    schemas: Annotated[list[str] | None, typer.Argument(help="Schemas; default: all.")] = None,
    url: Url = None,
    store: Annotated[
        str | None, typer.Option(help="Store for the objects; default: as the types say.")
    ] = None,
    progress: Annotated[bool, typer.Option(help="Show a progress bar.")] = True,
    as_json: AsJson = False,
) -> None:
    """Read back what datamill export wrote: declare missing tables, insert rows and objects, all or none."""
    from datamill.api.exporting import import_project

    with connected(url, may_create=True) as connection:
        shown = progress and not as_json
        rows = import_project(src, schemas or None, store, connection=connection, display_progress=shown)
        if as_json:
            print_json(rows)
        else:
            typer.echo(f"{sum(rows.values())} rows of {len(rows)} tables")

"""``datamill shell``: an interactive session with the schemas of the database at hand."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datamill.cli import completing
from datamill.cli.connecting import Url, connected

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def shell(
    schemas: Annotated[
        list[str] | None,
        typer.Argument(help="Schemas to load; default: all.", autocompletion=completing.schemas),
    ] = None,
    url: Url = None,
) -> None:
    """Start IPython (or Python) with `dm`, the connection `conn`, and a module of tables for each schema."""
    with connected(url, may_create=True) as connection:
        namespace = loaded(connection, schemas)
        names = [name for name in namespace if name not in ("dm", "conn")]
        banner = f"{connection}\nSchemas: {', '.join(names) or 'none'}. Also: dm, conn."
        try:
            ipython: Any = import_module("IPython")
        except ImportError:
            import code

            code.interact(banner, local=namespace, exitmsg="")
            return
        typer.echo(banner)
        ipython.start_ipython(argv=["--no-banner", "--no-confirm-exit"], user_ns=namespace)


def loaded(connection: Connection, schemas: list[str] | None) -> dict[str, Any]:
    """Return what a session starts with: ``dm``, ``conn``, and a module of classes per schema."""
    import datamill
    from datamill.api.virtual import virtual_schema

    namespace: dict[str, Any] = {"dm": datamill, "conn": connection}
    for schema in schemas or connection.catalog.list_schemas():
        name = schema if schema.isidentifier() else "".join(c if c.isalnum() else "_" for c in schema)
        namespace[name] = virtual_schema(schema, connection=connection)
    return namespace

"""``datamill ls``, ``datamill describe`` and ``datamill diagram``: what there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datamill.cli import completing
from datamill.cli.connecting import AsJson, Url, all_tables, connected, named_table, print_json

if TYPE_CHECKING:
    from datamill.api.diagram import Diagram
    from datamill.data.connection import Connection
    from datamill.model.names import TableName


def ls(
    schema: Annotated[
        str | None,
        typer.Argument(
            help="Schema whose tables to list; default: all schemas.", autocompletion=completing.schemas
        ),
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Count the rows too.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List the schemas of the database, or the tables of one."""
    with connected(url) as connection:
        rows = _schemas(connection) if schema is None else _tables(connection, schema, count)
        if as_json:
            print_json(rows)
        else:
            _print_columns(rows)


def _schemas(connection: Connection) -> list[dict[str, Any]]:
    tables = all_tables(connection)
    return [
        {"schema": schema, "tables": sum(name.schema == schema for name in tables)}
        for schema in connection.catalog.list_schemas()
    ]


def _tables(connection: Connection, schema: str, counted: bool) -> list[dict[str, Any]]:
    from datamill.algebra.relations import BaseTable
    from datamill.data import fetch
    from datamill.diagram.picture import KINDS
    from datamill.errors import DataMillError, did_you_mean

    known = connection.catalog.list_schemas()
    if schema not in known:
        raise DataMillError(f"There is no schema {schema!r}.", hint=did_you_mean(schema, known))
    rows: list[dict[str, Any]] = []
    for name in all_tables(connection):
        if name.schema == schema:
            spec = connection.catalog.spec(name)
            row: dict[str, Any] = {
                "table": name.class_name,
                "tier": KINDS.get(name.tier, ""),
                "comment": spec.comment,
            }
            if counted:
                row["rows"] = fetch.count(connection, BaseTable(spec, connection))
            rows.append(row)
    return rows


def _print_columns(rows: list[dict[str, Any]]) -> None:
    if not rows:
        typer.echo("(nothing)")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        numeric = isinstance(rows[0][name], int)
        table.add_column(name, justify="right" if numeric else "left", no_wrap=name != "comment")
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row.values()))
    console = Console()
    console.print(table, soft_wrap=not console.is_terminal)


def describe(
    table: Annotated[
        str,
        typer.Argument(help="lab.Mouse, Session.Probe, or the full name.", autocompletion=completing.tables),
    ],
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show the definition of a table, what it depends on and what depends on it."""
    with connected(url) as connection:
        name = named_table(connection, table)
        found = _description(connection, name)
        if as_json:
            print_json(found)
            return
        typer.echo(f"{found['table']}  ({found['tier']})\n\n{found['definition'].rstrip()}\n")
        for title in ("parents", "children"):
            typer.echo(f"{title + ':':<10}{', '.join(found[title]) or 'none'}")


def _description(connection: Connection, name: TableName) -> dict[str, Any]:
    from datamill.api.table import FreeTable
    from datamill.diagram.picture import KINDS

    spec, graph = connection.catalog.spec(name), connection.catalog.graph()
    return {
        "table": f"{name.schema}.{name.class_name}",
        "full_table_name": connection.dialect.table(name),
        "tier": KINDS.get(name.tier, ""),
        "comment": spec.comment,
        "definition": FreeTable(connection, str(name)).describe(),
        "attributes": [
            {
                "name": item.name,
                "type": item.type.text,
                "in_key": item.in_key,
                "nullable": item.nullable,
                "comment": item.comment,
            }
            for item in spec.heading.attributes.values()
        ],
        "parents": list(dict.fromkeys(str(edge.parent) for edge in graph.parents(name))),
        "children": list(dict.fromkeys(str(edge.child) for edge in graph.children(name))),
    }


def diagram(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Schemas and tables; default: all schemas.", autocompletion=completing.sources),
    ] = None,
    up: Annotated[int, typer.Option(min=0, help="Levels of parents to add.")] = 0,
    down: Annotated[int, typer.Option(min=0, help="Levels of children to add.")] = 0,
    collapse: Annotated[bool, typer.Option("--collapse", help="One node per schema.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write: .svg, .png, .mmd or .dot.")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Draw schemas and tables: as text, or as a picture into a file."""
    with connected(url) as connection:
        drawn = _diagram(connection, sources or []) - up + down
        drawn = drawn.collapse() if collapse else drawn
        if output is not None:
            drawn.save(output)
            typer.echo(str(output))
        elif as_json:
            print_json(_graph(drawn))
        else:
            typer.echo(drawn.text())


def _diagram(connection: Connection, sources: list[str]) -> Diagram:
    from datamill.api.diagram import Diagram
    from datamill.api.table import FreeTable
    from datamill.errors import DataMillError

    schemas = set(connection.catalog.list_schemas())
    names: dict[TableName, None] = {}
    for source in sources or sorted(schemas):
        if source in schemas:
            names.update(dict.fromkeys(name for name in all_tables(connection) if name.schema == source))
        else:
            names[named_table(connection, source)] = None
    if not names:
        raise DataMillError("There are no tables to draw.", hint="Declare some, or check --url.")
    return Diagram([FreeTable(connection, str(name)) for name in names])


def _graph(drawn: Diagram) -> dict[str, Any]:
    return {
        "nodes": [
            {"table": name, "primary_key": sorted(node["primary_key"])} for name, node in drawn.nodes.items()
        ],
        "edges": [
            {"parent": parent, "child": child, **attributes}
            for (parent, child, _), attributes in drawn.edges.items()
        ],
    }

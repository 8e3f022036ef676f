"""``datamill query`` and ``datamill delete``: expressions typed at the terminal."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datamill.cli import completing
from datamill.cli.connecting import AsJson, Url, connected, plain, print_json, to_json

if TYPE_CHECKING:
    from datamill.api.expression import QueryExpression


class Form(StrEnum):
    """Forms of output."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def query(
    expression: Annotated[
        str,
        typer.Argument(
            help='Such as "lab.Mouse * lab.Session & \'day > \\"2025-01-01\\"\'".',
            autocompletion=completing.expression,
        ),
    ],
    form: Annotated[Form, typer.Option("--format", "-f", help="How to print the rows.")] = Form.table,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="Rows at the most.")] = None,
    order_by: Annotated[str | None, typer.Option(help='Such as "KEY" or "day DESC".')] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL instead of running it.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Run a query: tables, & - * + << >>, proj, aggr, extend, join, union, Top, U, Not. No other code is run."""
    from datamill.algebra.conditions import Top
    from datamill.cli.evaluate import evaluate

    form = Form.json if as_json else form
    with connected(url) as connection:
        rows = evaluate(connection, expression)
        if order_by is not None or (limit is not None and form is not Form.table):
            rows = rows & Top(limit, order_by or "KEY")
        if sql:
            typer.echo(rows.make_sql())
            return
        if form is Form.parquet:
            _write_parquet(rows, output)
            return
        write = {
            Form.table: lambda stream: stream.write(rows.preview(limit=limit) + "\n"),
            Form.csv: lambda stream: _write_csv(rows, stream),
            Form.json: lambda stream: _write_json(rows, stream),
        }[form]
        _write_text(write, output)


def _write_text(write: Callable[[Any], object], output: Path | None) -> None:
    if output is None:
        write(sys.stdout)
        return
    with output.open("w", encoding="utf-8", newline="") as stream:
        write(stream)


def _write_csv(rows: QueryExpression, stream: io.TextIOBase) -> None:
    names = rows.heading.names
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in names])


def _cell(value: Any) -> Any:
    """Return what a CSV cell holds: text and numbers as they are, NULL empty, what has structure as JSON."""
    if value is None or isinstance(value, str | int | float):
        return value
    shown = plain(value) if not isinstance(value, dict | list | tuple) else value
    return shown if isinstance(shown, str) else to_json(shown)


def _write_json(rows: Iterable[dict[str, Any]], stream: io.TextIOBase) -> None:
    """Write a list, row by row, so that it may be of any length."""
    separator = "[\n  "
    for row in rows:
        stream.write(separator + to_json(row))
        separator = ",\n  "
    stream.write("[]\n" if separator.startswith("[") else "\n]\n")


def _write_parquet(rows: QueryExpression, output: Path | None) -> None:
    if output is None:
        raise typer.BadParameter("Parquet is no text: name a file with --output.")
    table = rows.to_arrow()
    from pyarrow import parquet

    parquet.write_table(table, str(output))
    typer.echo(f"{table.num_rows} rows in {output}")


def delete(
    expression: Annotated[
        str,
        typer.Argument(
            help="A table, restricted or not: \"lab.Mouse & 'mouse = 3'\".",
            autocompletion=completing.expression,
        ),
    ],
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    part_integrity: Annotated[str, typer.Option(help="enforce, ignore or cascade.")] = "enforce",
    trash: Annotated[bool | None, typer.Option(help="Keep the rows in the trash.")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Delete rows and all that depends on them, after showing the plan; --plan shows it only."""
    from datamill.api.table import Table
    from datamill.cli.evaluate import evaluate
    from datamill.errors import DataMillError

    with connected(url) as connection:
        rows = evaluate(connection, expression)
        if not isinstance(rows, Table):
            raise DataMillError("Rows can only be deleted from a table, restricted or not.")
        made = rows.plan_delete(part_integrity)
        if as_json:
            print_json(_plan(made))
        elif made.total == 0:
            typer.echo("Nothing to delete.")
        else:
            typer.echo(str(made.diagram()))
            typer.echo(f"{_many(made.total, 'row')} in {_many(len(made.tables), 'table')}")
            for violation in made.violations():
                typer.echo(
                    f"{_many(violation.count, 'row')} of {violation.part} without their master {violation.master}"
                )
        if plan or made.total == 0:
            return
        if not yes:
            typer.confirm("Commit deletes?", abort=True, err=True)
        count = made.apply(trash=trash)
        typer.echo(f"{_many(count, 'row')} of {made.target} deleted, {made.total} in all", err=as_json)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _plan(made: Any) -> dict[str, Any]:
    return {
        "target": made.target,
        "counts": made.counts(),
        "total": made.total,
        "violations": [
            {"part": str(item.part), "master": str(item.master), "count": item.count}
            for item in made.violations()
        ],
    }

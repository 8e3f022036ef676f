"""``datamill run``, ``work``, ``status``, ``progress``, ``errors`` and ``retry``: pipelines at the terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datamill.cli.connecting import AsJson, plain, print_json
from datamill.errors import DataMillError, MissingExtraError

if TYPE_CHECKING:
    from datamill.api.running import Runner

FAILED, USAGE, INTERRUPTED, TERMINATED = 1, 2, 130, 143
LONGEST = 200
"""Characters of an error message that a list of failures shows."""

Targets = Annotated[
    list[str], typer.Argument(help="Modules or packages of the pipeline, module:name, or files ending .py.")
]
Where = Annotated[
    list[str] | None, typer.Option("--where", help="Condition on the key source of each table; repeatable.")
]
Processes = Annotated[int, typer.Option("--processes", "-p", help="Worker processes; 0: one per processor.")]
Executor = Annotated[
    str | None, typer.Option(help="Where to compute: processes, threads, dask, ray, slurm, mpi.")
]
Capacity = Annotated[
    str | None, typer.Option(help="What local workers may take together: cpus=8,memory=32GB,gpus=2.")
]
JsonLog = Annotated[bool, typer.Option("--json", help="Log one JSON object per line.")]


def run(
    targets: Targets,
    where: Where = None,
    processes: Processes = 1,
    executor: Executor = None,
    capacity: Capacity = None,
    wait_delayed: Annotated[
        bool, typer.Option("--wait-delayed", help="Wait for jobs that are due later.")
    ] = False,
    as_json: JsonLog = False,
) -> None:
    """Populate a pipeline in dependency order until nothing is left."""
    options = _options(where, processes, executor, capacity)
    with _ending(), _shown(targets, options, as_json) as runner:
        results = runner.run(wait_delayed)
    if not as_json and not any(result.calls for result in results.values()):
        typer.echo("Nothing was left to do.")
    _report(results)


def work(
    targets: Targets,
    where: Where = None,
    processes: Processes = 1,
    executor: Executor = None,
    capacity: Capacity = None,
    poll: Annotated[float, typer.Option(help="Seconds between looks for new work.")] = 5.0,
    idle: Annotated[float | None, typer.Option(help="End after so many seconds without work.")] = None,
    as_json: JsonLog = False,
) -> None:
    """Populate a pipeline, stay, and react to what is inserted."""
    options = _options(where, processes, executor, capacity)
    with _ending(), _shown(targets, options, as_json) as runner:
        results = runner.work(poll, idle)
    _report(results)


def status(targets: Targets, as_json: AsJson = False) -> None:
    """Show for each table what remains and its jobs by status."""
    with _ending():
        found = _runner(targets).progress()
        if as_json:
            print_json(found)
        else:
            _print_table(found)


def progress(targets: Targets, as_json: AsJson = False) -> None:
    """Show how much of each table is done; exit code 1 while something remains."""
    with _ending():
        found = _runner(targets).progress()
        rows = {table: (row["total"] - row["remaining"], row["total"]) for table, row in found.items()}
        if as_json:
            print_json({table: {"done": done, "total": total} for table, (done, total) in rows.items()})
        else:
            for table, (done, total) in rows.items():
                share = 100.0 if not total else 100 * done / total
                typer.echo(f"{table}: {done} of {total} ({share:.1f} %)")
        if any(done < total for done, total in rows.values()):
            raise typer.Exit(FAILED)


def errors(
    targets: Targets,
    as_json: AsJson = False,
    stack: Annotated[bool, typer.Option("--stack", help="Show tracebacks.")] = False,
) -> None:
    """List failed keys; exit code 1 if there are any."""
    with _ending():
        runner = _runner(targets)
        found = runner.errors(stack=stack)
        if as_json:
            print_json(found)
        else:
            for row in found:
                typer.echo(_failure(row["table"], row["key"], row["error_message"]))
                if stack and row["error_stack"]:
                    typer.echo(row["error_stack"])
        if found:
            raise typer.Exit(FAILED)


def retry(targets: Targets, where: Where = None) -> None:
    """Make failed jobs pending again."""
    with _ending():
        typer.echo(f"{_runner(targets).retry(*(where or ()))} jobs are pending again.")


# helpers ---------------------------------------------------------------------------------------------------------


def _runner(targets: list[str], **options: Any) -> Runner:
    from datamill.api.pipeline import import_target
    from datamill.api.running import Runner

    return Runner(*(import_target(target) for target in targets), **options)


def _options(
    where: list[str] | None, processes: int, executor: str | None, capacity: str | None
) -> dict[str, Any]:
    """Return the arguments of a runner."""
    given = dict(item.partition("=")[::2] for item in capacity.split(",")) if capacity else {}
    there: dict[str, Any] = {name: _read(name, text) for name, text in given.items()}
    return {
        "restrictions": tuple(where or ()),
        "processes": processes or None,
        "executor": executor,
        "capacity": there or None,
    }


def _read(name: str, text: str) -> Any:
    """Return a resource as `populate` takes it, or a text that it refuses with an explanation."""
    if name == "tags":
        return text.split("+")
    try:
        return float(text)
    except ValueError:
        return text


@contextmanager
def _ending() -> Iterator[None]:
    """Turn errors and signals into messages and exit codes."""
    from datamill.compute.interrupts import sigterm_as_exit

    try:
        with sigterm_as_exit():
            yield
    except KeyboardInterrupt:
        typer.echo("Interrupted; finished keys are stored, claims are given back.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except SystemExit as leaving:
        typer.echo(f"{leaving}; finished keys are stored, claims are given back.", err=True)
        raise typer.Exit(TERMINATED) from None
    except (DataMillError, ImportError) as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        usage = isinstance(error, MissingExtraError | ImportError)
        raise typer.Exit(USAGE if usage else FAILED) from error


@contextmanager
def _shown(targets: list[str], options: dict[str, Any], as_json: bool) -> Iterator[Runner]:
    """Make a runner whose events are shown: live on a terminal, as lines elsewhere, as JSON if asked for."""
    if not as_json and sys.stdout.isatty():
        from datamill.cli.live import LiveTable

        live = LiveTable()
        runner = _runner(targets, **options, on_event=live.on_event)
        with live.watching(runner):
            yield runner
        return
    yield _runner(targets, **options, on_event=_log_json if as_json else TextLog().on_event)


def _log_json(event: dict[str, Any]) -> None:
    import json

    stamped = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **event}
    typer.echo(json.dumps(stamped, default=plain, ensure_ascii=False))


class TextLog:
    """Prints a line for each table that was worked on, and one when waiting begins."""

    def __init__(self) -> None:
        self._waits = False

    def on_event(self, event: dict[str, Any]) -> None:
        """Take an event of the runner."""
        if event["event"] == "wait" and not self._waits:
            self._waits = True
            self._print("waiting for something to do")
        if event["event"] == "done" and (event["success"] or event["errors"] or event["skipped"]):
            self._waits = False
            counts = {"computed": event["success"], "failed": event["errors"], "skipped": event["skipped"]}
            shown = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
            self._print(f"{event['table']}: {shown} in {event['seconds']:.1f} s")

    def _print(self, text: str) -> None:
        typer.echo(f"{time.strftime('%H:%M:%S')} {text}")


def _report(results: dict[str, Any]) -> None:
    failed = [(table, *item) for table, result in results.items() for item in result["error_list"]]
    for table, key, message in failed:
        typer.echo(_failure(table, key, message), err=True)
    if failed:
        raise typer.Exit(FAILED)


def _failure(table: str, key: dict[str, Any], message: str) -> str:
    """Return one line about a failed key; ``errors --stack`` and ``--json`` show messages whole."""
    first, _, rest = message.partition("\n")
    short = first if len(first) <= LONGEST else first[:LONGEST]
    values = ", ".join(f"{name}={value}" for name, value in key.items())
    return f"{table} ({values}): {short}{'...' if rest or len(first) > LONGEST else ''}"


def _print_table(found: dict[str, dict[str, int]]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    names = list(next(iter(found.values()), {}))
    table = Table(Column("table", overflow="fold"), box=None)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for label, row in found.items():
        table.add_row(label, *(str(row[name]) for name in names))
    width = None if sys.stdout.isatty() else 1000  # what reads a pipe has no margin
    Console(width=width).print(table)

"""Commands of the command line, each a few lines over the library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datamill.cli.collecting import gc
from datamill.cli.connecting import AsJson, errors_told, print_json
from datamill.cli.copying import copy
from datamill.cli.exporting import export, import_
from datamill.cli.looking import describe, diagram, ls
from datamill.cli.querying import delete, query
from datamill.cli.running import errors, progress, retry, run, status, work
from datamill.cli.shell import shell

app = typer.Typer(
    help="datamill: a computational database for scientists and engineers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


app.command()(copy)
app.command()(gc)
app.command()(export)
app.command("import")(import_)
for _command in (ls, describe, diagram, query, delete, shell):
    app.command()(_command)
for _job_command in (run, work, status, progress, errors, retry):
    app.command()(_job_command)


@app.callback()
def _root() -> None:
    """Keep commands as subcommands, also while there are few."""


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the database and the pictures go.")] = Path(
        "datamill-demo"
    ),
    progress: Annotated[bool, typer.Option(help="Show progress bars.")] = True,
) -> None:
    """Run two pipelines on the embedded database and write a gallery of pictures."""
    from datamill.demo.run import run_demo

    with errors_told():
        run_demo(folder, typer.echo, display_progress=progress)


@app.command()
def version(as_json: AsJson = False) -> None:
    """Print the version."""
    import datamill

    if as_json:
        print_json({"datamill": datamill.__version__})
    else:
        typer.echo(datamill.__version__)

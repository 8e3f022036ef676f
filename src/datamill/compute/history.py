"""Where computed rows come from: the runs that made them, and whether the code has changed since."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datamill.algebra.operators import project, restrict
from datamill.algebra.relations import BaseTable, Distinct, Relation
from datamill.compute.fingerprint import fingerprint
from datamill.compute.records import CODE, RUN, runs_spec
from datamill.errors import DataMillError
from datamill.model.heading import Heading
from datamill.model.table import TableSpec

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def runs_of(connection: Connection, spec: TableSpec, rows: Relation) -> Relation:
    """Return the runs that made some rows of a table.

    Raises:
        DataMillError: The table keeps no record of runs, or none of its schema is recorded yet.
    """
    _require(spec, RUN)
    runs = runs_spec(spec.name.schema)
    if connection.catalog.find(runs.name) is None:
        raise DataMillError(f"No run of {spec.name} is recorded yet.", hint="populate() records each run.")
    heading = Heading(spec.columns, spec.heading.comment)  # the hidden attributes too
    seen = BaseTable(replace(spec, heading=heading, hidden=()), connection)
    made = Distinct(project(restrict(seen, project(rows)), made_in=RUN), ("made_in",))
    return restrict(BaseTable(runs, connection), project(made, run="made_in"), semantic_check=False)


def outdated(spec: TableSpec, maker: Any, rows: Relation) -> Relation:
    """Return those rows that other code made than that of a maker.

    Raises:
        DataMillError: The table keeps no record of code.
    """
    _require(spec, CODE)
    return restrict(rows, f"{CODE} <> '{fingerprint(maker)}'")


def _require(spec: TableSpec, name: str) -> None:
    if not any(item.name == name for item in spec.hidden):
        raise DataMillError(
            f"The rows of {spec.name} do not tell which run made them.",
            hint="It was declared by other software, or with jobs.provenance off.",
        )

"""Run records: one row of the schema's table ``~runs`` for each populate that computes something."""

from __future__ import annotations

import json
import os
import platform
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from datamill.catalog.resolve import stored_type
from datamill.compute.fingerprint import fingerprint
from datamill.compute.target import Target
from datamill.compute.version import code_state
from datamill.data.values import table_coder
from datamill.errors import AccessError
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.model.types import parse_type
from datamill.settings.log import logger
from datamill.sql import jobs as sql

if TYPE_CHECKING:
    from datamill.backends.base import BackendSession

RUN, CODE = "_job_run", "_job_code"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every row computed in a run carries: the run, and the fingerprint of the code."""

    run: UUID
    code: str


def runs_spec(schema: str) -> TableSpec:
    """Return the definition of a schema's table of runs."""
    columns = [
        _column("run", "uuid", in_key=True),
        _column("table_name", "varchar(64)"),
        _column("start_time", "datetime(3)"),
        _column("end_time", "datetime(3)", nullable=True),
        _column("user", "varchar(255)"),
        _column("host", "varchar(255)"),
        _column("pid", "int32"),
        _column("python_version", "varchar(32)"),
        _column("datamill_version", "varchar(32)"),
        _column("code_version", "varchar(64)"),
        _column("code_dirty", "bool", nullable=True),
        _column("code", "char(16)"),
        _column("packages", "json"),
        _column("make_kwargs", "json"),
        _column("findings", "json", nullable=True),
    ]
    return TableSpec(
        TableName(schema, "~runs"), Heading(columns, "runs of populate"), comment="runs of populate"
    )


def _column(name: str, text: str, *, in_key: bool = False, nullable: bool = False) -> Attribute:
    declared = parse_type(text)
    return Attribute(name, declared, stored_type(declared), in_key=in_key, nullable=nullable)


class RunRecord:
    """The record of one populate; nothing is written before the first key.

    Args:
        target: The table.
        make_kwargs: Of `populate`.
        stamp: Of the run that this is a part of, which keeps its record itself; None: this is a run.
    """

    def __init__(self, target: Target, make_kwargs: Mapping[str, Any], stamp: Stamp | None = None) -> None:
        self._target = target
        self._kwargs = make_kwargs
        self._is_part = stamp is not None
        self._written = False
        self.stamp = stamp
        if stamp is None and any(item.name in (RUN, CODE) for item in target.spec.hidden):
            self.stamp = Stamp(uuid4(), fingerprint(target.maker))

    def begin(self) -> None:
        """Write the row, once, if the table's rows refer to runs."""
        if self.stamp is None or self._is_part or self._written:
            return
        self._written = True
        connection, spec = self._target.connection, runs_spec(self._target.name.schema)
        try:
            if connection.catalog.find(spec.name) is None:
                connection.catalog.declare(spec)
            coders = table_coder(connection.dialect, spec).columns

            def work(session: BackendSession) -> None:
                moment = session.execute(*_now(session)).rows[0][0]
                values = {name: coders[name].encode([value]).driver for name, value in self._facts().items()}
                values["start_time"] = [moment]
                session.insert_columns(spec.name, tuple(values), list(values.values()), key=("run",))

            connection.run_write(work)
        except AccessError as error:
            logger.warning("The run is not recorded: %s", error)

    def end(self, findings: list[str]) -> None:
        """Write when the run ended, and how make broke its contract."""
        if not self._written or self.stamp is None:
            return
        connection, spec = self._target.connection, runs_spec(self._target.name.schema)
        coders = table_coder(connection.dialect, spec).columns
        (run,) = coders["run"].encode([self.stamp.run]).driver
        (found,) = coders["findings"].encode([findings]).driver

        def work(session: BackendSession) -> None:
            moment = session.execute(*_now(session)).rows[0][0]
            changes = {"end_time": moment, "findings": found}
            statement = sql.update(connection.dialect, spec.name, changes, [sql.equals("run", run)])
            session.execute(statement.sql, statement.params)

        try:
            connection.run_write(work)
        except AccessError as error:
            logger.warning("The end of the run is not recorded: %s", error)

    def _facts(self) -> dict[str, Any]:
        assert self.stamp is not None
        version, dirty = code_state(type(self._target.maker).__module__)
        return {
            "run": self.stamp.run,
            "table_name": self._target.name.table,
            "user": self._target.connection.get_user()[:255],
            "host": socket.gethostname()[:255],
            "pid": os.getpid(),
            "python_version": platform.python_version(),
            "datamill_version": _version(),
            "code_version": version,
            "code_dirty": dirty,
            "code": self.stamp.code,
            "packages": _packages(),
            "make_kwargs": json.loads(json.dumps(dict(self._kwargs), default=repr)),
        }


def _now(session: BackendSession) -> tuple[str, tuple[Any, ...]]:
    statement = sql.now(session.dialect)
    return statement.sql, statement.params


def _version() -> str:
    from datamill import __version__

    return __version__


@cache
def _packages() -> dict[str, str]:
    """Return the installed packages and their versions; read once per process."""
    return {item.name: item.version for item in sorted(metadata.distributions(), key=lambda item: item.name)}

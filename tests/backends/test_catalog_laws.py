"""Laws of the catalog: whatever is declared reads back as it was, and is described as what it is."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from tests.unit.language.test_laws import Tables, pipelines, stored_type

from datamill.catalog import compare
from datamill.catalog.drift import normalise
from datamill.data.connection import Connection
from datamill.errors import QuerySyntaxError, UnknownAttributeError
from datamill.language import describe, quoted_name
from datamill.model.names import TableName
from datamill.model.table import TableSpec


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pipelines())
@pytest.mark.filterwarnings("ignore::datamill.errors.DataMillWarning")
def test_reads_back_what_was_declared(tables: Tables) -> None:
    with (
        Connection(url="sqlite://") as connection,
        mock.patch("datamill.catalog.catalog.stored_type", stored_type),
    ):
        connection.catalog.create_schema("lab")
        declared = declare_all(connection, tables)
        for name, spec in declared.items():
            read = connection.catalog.spec(name)
            assert read.heading == normalise(spec).heading
            assert read == normalise(spec)
            assert compare(spec, read, comments=True) == []
            again = tables.resolve(describe(read, quoted_name, declared.get), name)
            assert normalise(again) == read


def declare_all(connection: Connection, tables: Tables) -> dict[TableName, TableSpec]:
    """Declare tables in order; those with an index expression that does not fit are left out."""
    declared: dict[TableName, TableSpec] = {}
    for name, spec in tables.items():
        if all(parent in declared for parent in spec.parents):
            try:
                connection.catalog.declare(spec)
            except (QuerySyntaxError, UnknownAttributeError):
                continue
            declared[name] = spec
    return declared

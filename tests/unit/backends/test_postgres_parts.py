"""Parts of the PostgreSQL backend that need no server."""

from __future__ import annotations

import psycopg
import pytest

from datamill.backends import postgres_errors
from datamill.errors import DataMillError, LostConnectionError


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("server closed the connection unexpectedly"),
        psycopg.InternalError("received 2 results from command 'FETCH FORWARD 16 FROM \"rows\"'"),
    ],
)
def test_answers_that_are_cut_off_are_lost_connections(error: psycopg.Error) -> None:
    explained: DataMillError = postgres_errors._of_driver(error, {}, "lab.org")
    assert isinstance(explained, LostConnectionError)

"""What the processes that test_data_faults.py kills are doing: a script taking a database URL and a task."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

from datamill.algebra.relations import BaseTable
from datamill.data.connection import Connection
from datamill.data.delete import delete
from datamill.data.insert import insert
from datamill.model.names import TableName


def main(url: str, task: str) -> None:
    with Connection(url=url) as connection:
        spec = connection.catalog.spec(TableName("lab", "mouse"))
        if task == "insert":
            insert(connection, spec, endless_rows())
        else:
            with connection.transaction:
                delete(connection, BaseTable(spec, connection), prompt=False)
                announce()
                time.sleep(60)


def endless_rows() -> Iterator[dict[str, Any]]:
    for k in range(10**7):
        if k == 5000:
            announce()
        yield {"mouse": 1000 + k}


def announce() -> None:
    sys.stdout.write("busy\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

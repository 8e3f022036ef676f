"""Transfers to and from an S3 server: datamill, the raw fsspec client in parallel, and the genuine DataJoint, in turn.

    python -m benchmarks.storage [--count 1000] [--size 1048576] [--rounds 3] [--server rclone] [--delay 10]
                                 [--database URL] [--peer PYTHON]

The server is started here: ``rclone serve s3``, a real server written in Go, or moto, which is one Python process and
slower than any client. Both share the processors with their clients; ``--delay`` puts a network between them that takes
so many milliseconds each way, as S3 is used. Rows go to SQLite unless ``--database`` says otherwise; the peer needs a
PostgreSQL or MySQL server there, and ``s3fs`` in its environment.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tests.backends.s3_server import SERVERS, S3Server

import datamill as dm
from benchmarks.delay import delayed
from benchmarks.harness import Row, in_turn, seconds, show
from benchmarks.peer import Peer
from datamill.storage import StorageBackend

AT_ONCE = 8
CODECS = ("hash", "blob")
TARGET = "<= 1.5, 5x"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--size", type=int, default=2**20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server", choices=SERVERS, default="rclone")
    parser.add_argument(
        "--delay", type=float, default=0, help="milliseconds each way between client and server"
    )
    parser.add_argument("--database", help="URL; default: an SQLite file")
    parser.add_argument(
        "--peer", metavar="PYTHON", help="interpreter of an environment with datajoint and s3fs"
    )
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        SERVERS[options.server](Path(folder)) as server,
        delayed(server.url, options.delay) as server.url,
    ):
        database = options.database or f"sqlite:///{Path(folder) / 'lab.db'}"
        with _peer(options, server) as peer:
            bench = Bench(server, database, options.count, options.size)
            print(show(bench.rows(options.rounds, peer)))


@contextmanager
def _peer(options: argparse.Namespace, server: S3Server) -> Iterator[Peer | None]:
    if options.peer is None:
        yield None
        return
    store = {**server.store("peer"), "secure": False, "endpoint": server.url.partition("://")[2]}
    del store["region"]  # unknown there
    os.environ["BENCH_STORE"] = json.dumps({"size": options.size, "store": store})
    script = str(Path(__file__).with_name("storage_peer.py"))
    with Peer(options.peer, options.database, options.count, script) as peer:
        yield peer


class Bench:
    """A table for each codec, and a raw client, in one bucket each.

    Args:
        server: The S3 server.
        database: URL of the database.
        count: Objects at once.
        size: Bytes of each.
    """

    def __init__(self, server: S3Server, database: str, count: int, size: int) -> None:
        self.count, self.size = count, size
        lab = dm.Instance(
            url=database, safemode=False, stores={"default": "main", "main": server.store("lab")}
        )
        if "bench_storage" in dm.list_schemas(lab.connection):
            lab.Schema("bench_storage").drop()
        self.schema = lab.Schema("bench_storage")
        self.tables: dict[str, Any] = {}
        for codec in CODECS:
            definition = f"k : int32\n---\ndata : <{codec}@>\n"
            self.tables[codec] = self.schema(type(codec.title(), (dm.Manual,), {"definition": definition}))
        self.raw = StorageBackend(server.store("raw"), "raw")
        self.written: list[str] = []

    def rows(self, rounds: int, peer: Peer | None) -> list[Row]:
        """Measure everything, and return the rows of the table."""
        found = []
        for codec in CODECS:
            for name, ours, raw in (
                (f"insert <{codec}@>", self.insert, self.put_raw),
                (f"fetch <{codec}@>", self.fetch, self.get_raw),
            ):
                actions: list[Callable[[], float]] = [partial(ours, codec), raw]
                if peer is not None:
                    actions.append(partial(peer.measure, name))
                times = [*in_turn(rounds, *actions), None]
                unit = f"{self.size / 2**20:g} MiB, of {self.count}"
                found.append(Row(name, unit, times[0] or 0.0, times[1], TARGET, times[2]))
        return found

    def insert(self, codec: str) -> float:
        """Insert fresh noise in place of the last one."""
        table = self.tables[codec]
        table.delete_quick()
        noise: list[Any] = [os.urandom(self.size) for _ in range(self.count)]
        if codec == "blob":
            noise = [np.frombuffer(item, dtype="u1") for item in noise]
        rows = [{"k": number, "data": value} for number, value in enumerate(noise)]
        return seconds(lambda: table.insert(rows), self.count)

    def fetch(self, codec: str) -> float:
        """Fetch what was inserted last."""
        return seconds(self.tables[codec].to_dicts, self.count)

    def put_raw(self) -> float:
        """Put as many objects with the filesystem alone."""
        prefix = self.raw._full_path(uuid.uuid4().hex)
        content = {f"{prefix}/{number}": os.urandom(self.size) for number in range(self.count)}
        self.written = list(content)
        return seconds(lambda: self.raw.fs.pipe(content, batch_size=AT_ONCE), self.count)

    def get_raw(self) -> float:
        """Get what was put last with the filesystem alone."""
        return seconds(lambda: self.raw.fs.cat(self.written, batch_size=AT_ONCE), self.count)


if __name__ == "__main__":
    main()

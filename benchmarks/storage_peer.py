"""The genuine DataJoint's transfers, as a black box: run by ``benchmarks.storage --peer PYTHON`` with that interpreter.

The store comes as JSON in the variable BENCH_STORE; the environment needs ``s3fs`` beside ``datajoint``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from peer import seconds, serve

CODECS = ("hash", "blob")


class Transfers:
    """One table for each codec; each insert is of new noise, each fetch of what was inserted last."""

    def __init__(self, count: int, size: int, store: dict[str, Any]) -> None:
        dj: Any = import_module("datajoint")

        self.count, self.size = count, size
        self.numbers = iter(range(0, 10**9, count))
        dj.config["safemode"] = False
        dj.config.stores.update({"default": "main", "main": store})
        dj.Schema("bench_storage_peer").drop(prompt=False)
        self.schema = dj.Schema("bench_storage_peer")
        self.tables = {}
        for codec in CODECS:
            definition = f"k : int32\n---\ndata : <{codec}@main>\n"
            self.tables[codec] = self.schema(type(codec.title(), (dj.Manual,), {"definition": definition}))

    def actions(self) -> dict[str, Callable[[], float]]:
        """Return what can be measured."""
        puts = {f"insert <{codec}@>": partial(self.insert, codec) for codec in CODECS}
        return puts | {f"fetch <{codec}@>": partial(self.fetch, codec) for codec in CODECS}

    def insert(self, codec: str) -> float:
        """Insert fresh noise."""
        import numpy

        noise = [os.urandom(self.size) for _ in range(self.count)]
        values = noise if codec == "hash" else [numpy.frombuffer(item, dtype="u1") for item in noise]
        self.first = next(self.numbers)
        rows = [{"k": self.first + index, "data": value} for index, value in enumerate(values)]
        return seconds(lambda: self.tables[codec].insert(rows), self.count)

    def fetch(self, codec: str) -> float:
        """Fetch what was inserted last."""
        last = self.tables[codec] & f"k >= {self.first}"
        return seconds(last.to_dicts, self.count)


if __name__ == "__main__":
    options = json.loads(os.environ["BENCH_STORE"])
    transfers = Transfers(int(sys.argv[1]), options["size"], options["store"])
    serve(transfers.actions())
    transfers.schema.drop(prompt=False)

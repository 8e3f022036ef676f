"""The genuine DataJoint doing the same operations, as a black box in an environment and process of its own.

``measure_peer`` runs this file with the other interpreter; it prints one JSON object of label -> seconds per unit.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def measure_peer(python: str, url: str, size: int, rounds: int) -> dict[str, float]:
    """Run the operations through DataJoint.

    Args:
        python: Interpreter of an environment that has ``datajoint``.
        url: A database that it may fill.
        size: Rows of the bulk operations.
        rounds: How often to measure each; medians count.
    """
    parts = urlsplit(url)
    environment = {
        **os.environ,
        "DJ_BACKEND": "postgresql" if parts.scheme == "postgresql" else "mysql",
        "DJ_HOST": parts.hostname or "",
        "DJ_PORT": str(parts.port),
        "DJ_USER": unquote(parts.username or ""),
        "DJ_PASS": unquote(parts.password or ""),
        "DJ_DATABASE_NAME": parts.path.lstrip("/"),
        "DJ_USE_TLS": "false",
        "DJ_LOG_LEVEL": "ERROR",
    }
    done = subprocess.run(
        [python, str(Path(__file__).absolute()), str(size), str(rounds)],
        env=environment,
        capture_output=True,
        text=True,
        cwd="/",
    )
    if done.returncode:
        sys.stderr.write(f"The peer failed: {done.stderr[-2000:]}\n")
        return {}
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


DEFINITION = """
a : int32
b : int32
---
x : float64
label : varchar(32)
flag : int16
day : varchar(10)
note = null : varchar(64)
"""


def main(size: int, rounds: int) -> dict[str, float]:  # noqa: C901 - one script for another environment
    """Measure everything; this part runs in the other environment."""
    import datajoint as dj  # type: ignore[import-not-found,unused-ignore]
    import numpy as np

    dj.config["safemode"] = False
    schema = dj.Schema("peer")
    numbers = iter(range(10**9))
    found: dict[str, float] = {}

    def table(definition: str, base: Any = dj.Manual, **members: Any) -> Any:
        name = f"Table{next(numbers)}"
        made = schema(type(name, (base,), {"definition": definition, **members}), context=known)
        known[name] = made
        return made

    known: dict[str, Any] = {}

    def measure(label: str, action: Callable[[], float]) -> None:
        found[label] = statistics.median(action() for _ in range(rounds))

    def seconds(action: Callable[[], object], count: int = 1) -> float:
        begun = time.perf_counter()
        action()
        return (time.perf_counter() - begun) / count

    rows = [
        {
            "a": i // 100,
            "b": i % 100,
            "x": i / 7,
            "label": f"row {i}",
            "flag": i % 3,
            "day": "2024-02-29",
            "note": None,
        }
        for i in range(size)
    ]

    def insert() -> float:
        new = table(DEFINITION)
        return seconds(lambda: new.insert(rows), size)

    measure("insert of dict rows x 7", insert)
    full = table(DEFINITION)
    full.insert(rows)
    for method in ("to_dicts", "to_arrow", "to_polars", "to_pandas", "to_arrays"):
        try:
            getattr(full(), method)(limit=1)
        except Exception:  # noqa: BLE001 - an extra that is not installed
            continue
        measure(method, lambda method=method: seconds(getattr(full(), method), size))  # type: ignore[misc]

    def fetch_many() -> None:
        for index in range(200):
            (full & {"a": index, "b": 5}).fetch1("x")

    measure("fetch1 of one value", lambda: seconds(fetch_many, 200))

    def insert_many() -> None:
        for index in range(200):
            full.insert1({**rows[0], "a": 10**6 + next(numbers), "b": index})

    measure("insert1", lambda: seconds(insert_many, 200))

    def delete() -> float:
        top = table("a : int32\n---\nx : float64\n")
        middle = table(f"-> {top.__name__}\nb : int32\n---\nx : float64\n")
        leaf = table(f"-> {middle.__name__}\nc : int32\n---\nx : float64\n")
        top.insert([{"a": a, "x": 1.0} for a in range(100)])
        middle.insert([{"a": a, "b": b, "x": 1.0} for a in range(100) for b in range(10)])
        leaf.insert(
            [{"a": a, "b": b, "c": c, "x": 1.0} for a in range(100) for b in range(10) for c in range(50)]
        )
        return seconds(lambda: top().delete(prompt=False))

    measure("cascade delete", delete)

    def populate() -> float:
        source = table("a : int32\n")
        source.insert({"a": a} for a in range(1000))

        def make(self: Any, key: dict[str, Any]) -> None:
            self.insert1({**key, "y": key["a"] * 2.0})

        computed = table(f"-> {source.__name__}\n---\ny : float64\n", dj.Computed, make=make)
        return seconds(computed.populate, 1000)

    measure("populate, trivial make", populate)
    noise = np.random.default_rng(1).integers(0, 256, 2**20, dtype=np.uint8)
    smooth = np.round(np.sin(np.linspace(0, 20, 2**17)), 2)
    for label, array in (("noise", noise), ("smooth", smooth)):
        blobs = table("a : int32\n---\ndata : <blob>\n")
        measure(
            f"insert1 of 1 MiB {label}",
            lambda blobs=blobs, array=array: seconds(
                lambda: blobs.insert1({"a": next(numbers), "data": array})
            ),  # type: ignore[misc]
        )
    return found


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))) + "\n")

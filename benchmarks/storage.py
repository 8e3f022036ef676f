"""Transfers to and from an S3 server, beside the raw fsspec client doing the same in parallel.

    python -m benchmarks.storage [--count 1000] [--size 1048576] [--rounds 3]

The server is that of ``scripts/services start s3``, else one started here: both are moto, a real HTTP server in Python,
whose own work is most of the time; the ratio is what counts.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import uuid
from pathlib import Path
from typing import Any

import numpy as np
from tests.backends.s3_server import new_bucket, running_server

import datamill as dm
from benchmarks.harness import Row, pairs, seconds, show
from datamill.storage import StorageBackend


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--size", type=int, default=2**20)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with running_server() as url, tempfile.TemporaryDirectory() as folder:
        print(show(measure(url, Path(folder), options.count, options.size, options.rounds)))


def measure(url: str, folder: Path, count: int, size: int, rounds: int) -> list[Row]:
    """Return the rows of the table."""
    spec = {
        "protocol": "s3",
        "endpoint": url,
        "bucket": new_bucket(url),
        "location": "lab",
        "access_key": "test",
        "secret_key": "test",
        "region": "us-east-1",
    }
    lab = dm.Instance(
        url=f"sqlite:///{folder / 'lab.db'}", safemode=False, stores={"default": "main", "main": spec}
    )
    schema = lab.Schema("bench")

    @schema
    class Blob(dm.Manual):
        definition = """
        k : int32
        ---
        data : <blob@>
        """

    raw = StorageBackend(spec, "raw")

    def blobs() -> list[np.ndarray[Any, Any]]:
        return [np.frombuffer(os.urandom(size), dtype="u1") for _ in range(count)]

    def insert() -> float:
        Blob.delete_quick()
        values = blobs()
        rows = [{"k": number, "data": value} for number, value in enumerate(values)]
        return seconds(lambda: Blob.insert(rows), count)

    def put_raw() -> float:
        prefix = raw._full_path(f"raw/{uuid.uuid4().hex}")
        content = {f"{prefix}/{number}": value.tobytes() for number, value in enumerate(blobs())}
        written.append(list(content))
        return seconds(lambda: raw.fs.pipe(content, batch_size=8), count)

    def get_raw() -> float:
        return seconds(lambda: raw.fs.cat(written[-1], batch_size=8), count)

    written: list[list[str]] = []
    up, raw_up = pairs(insert, put_raw, rounds)
    down, raw_down = pairs(lambda: seconds(lambda: Blob.to_arrays("data"), count), get_raw, rounds)
    unit = f"blob of {size / 2**20:g} MiB"
    return [
        Row(f"insert {count} <blob@> to S3", unit, up, raw_up, "<= 1.5"),
        Row(f"fetch {count} <blob@> from S3", unit, down, raw_down, "<= 1.5"),
    ]


if __name__ == "__main__":
    main()

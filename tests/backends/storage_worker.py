"""Run by test_storage_faults.py: inserts an object that takes for ever, until it is killed."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import datamill as dm

PIECE = 5 * 2**20


class Slow:
    """A stream that gives three pieces, says so, and then nothing more."""

    def __init__(self) -> None:
        self._left = 3

    def read(self, count: int) -> bytes:
        if not self._left:
            sys.stdout.write("three pieces\n")
            sys.stdout.flush()
            time.sleep(600)
        self._left -= 1
        return b"x" * PIECE


def main(url: str, store: dict[str, Any]) -> None:
    if store["protocol"] == "s3":
        from s3fs import S3FileSystem

        filesystem: Any = S3FileSystem
        filesystem.default_block_size = PIECE  # an upload in parts
    stores = {"default": "main", "main": store}
    lab = dm.Instance(url=url, safemode=False, stores=stores)
    thing: Any = lab.Schema("lab").get_table("Thing")
    thing.insert1({"k": 1, "thing": (".bin", Slow())})


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))

"""Run by test_export.py: exports and imports 192 MiB of inline blobs, and says by how much the memory grew."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import datamill as dm

ROWS, SIZE = 192, 2**20


class Trace(dm.Manual):
    definition = """
    k : int32
    ---
    data : <blob>
    """


def main(folder: Path) -> dict[str, float]:
    """Return peaks in MiB, by what was done."""
    one = dm.Instance(url=f"sqlite:///{folder / 'one.db'}", safemode=False)
    two = dm.Instance(url=f"sqlite:///{folder / 'two.db'}", safemode=False)
    table: Any = one.Schema("lab")(Trace)
    for number in range(ROWS):
        table.insert1({"k": number, "data": os.urandom(SIZE)})
    dm.export_project(str(folder / "warm"), table & "k < 2", connection=one.connection)  # loads libraries
    before = _peak()
    dm.export_project(str(folder / "out"), table, connection=one.connection)
    exported = _peak()
    assert dm.import_project(str(folder / "out"), connection=two.connection) == {"lab.trace": ROWS}
    return {"export": exported - before, "import": _peak() - before}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))

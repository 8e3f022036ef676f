"""Draw the pictures of pipelines that the documents show: ``python scripts/pictures.py``."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.pipelines import NEUROSCIENCE, declare_neuroscience  # noqa: E402

import datamill as dm  # noqa: E402
from datamill.demo import blobs, fractals  # noqa: E402


def main() -> None:
    """Draw them into docs/images."""
    folder = ROOT / "docs" / "images"
    connection = dm.Connection(url="sqlite://")
    for schema, name in ((fractals.schema, "fractals"), (blobs.schema, "blobs")):
        schema.activate(name, connection=connection)
    declare_neuroscience(connection)
    lab = [dm.Schema(name, connection=connection) for name in NEUROSCIENCE]
    dm.Diagram([fractals.schema, blobs.schema]).save(folder / "demo-pipelines.svg")
    dm.Diagram(lab).save(folder / "sixty-tables.svg")
    (dm.Diagram(lab).collapse() + dm.Diagram(lab[3])).save(folder / "collapsed.svg")


if __name__ == "__main__":
    main()

"""The course of the demo."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import datamill as dm
from datamill.demo import blobs, fractals
from datamill.errors import MissingExtraError

PACKAGES = ("scipy", "skimage", "matplotlib")
Say = Callable[[str], None]


def run_demo(folder: Path, say: Say, display_progress: bool = True) -> list[Path]:
    """Run both pipelines on the embedded database and write the gallery.

    Args:
        folder: Where the database file and the pictures go; made if missing.
        say: Receives the text to show.
        display_progress: Show progress bars.

    Returns:
        Paths of the pictures.

    Raises:
        MissingExtraError: Packages of the extra ``demo`` are not installed; nothing was made.
    """
    _require_packages()
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "datamill.db"
    connection = dm.Connection(url=f"sqlite:///{database.resolve()}")
    begun = time.monotonic()
    _declare(connection)
    say(f"Database: {database}  (one file, no server)\n")
    say(_title("The pipelines"))
    say(f"{dm.Diagram(fractals.schema)}\n\n{dm.Diagram(blobs.schema)}\n")
    say(_title("Populate: compute what is missing, in order"))
    made = _populate(display_progress)
    say("Everything was computed before; nothing to do.\n" if made == 0 else f"{made} keys computed.\n")
    _query(say)
    _delete_and_repopulate(say, display_progress)
    from datamill.demo.gallery import write_gallery

    pictures = write_gallery(folder)
    say(_title("Gallery"))
    say("\n".join(str(path) for path in pictures))
    say(f"\nDone in {time.monotonic() - begun:.1f} s. Run it again: it finds everything done.")
    return pictures


def _require_packages() -> None:
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"The demo needs {', '.join(missing)}.",
            extra="demo",
            hint="Install it: pip install 'datamill[demo]'.",
        )


def _title(text: str) -> str:
    return f"{text}\n{'=' * len(text)}\n"


def _declare(connection: dm.Connection) -> None:
    for schema, name in ((fractals.schema, "fractals"), (blobs.schema, "blobs")):
        if not schema.is_activated():
            schema.activate(name, connection=connection)
    fractals.Fractal.insert(fractals.FRACTALS, skip_duplicates=True)
    blobs.Photo.insert(blobs.PHOTOS, skip_duplicates=True)


def _populate(display_progress: bool) -> int:
    tables = (
        *(fractals.Rendering, fractals.Photograph, fractals.Denoised, fractals.Quality),
        *(blobs.Pixels, blobs.Detection, blobs.Summary),
    )
    made = 0
    for table in tables:
        remaining, _ = table.progress()
        if remaining:
            made += table.populate(display_progress=display_progress)["success_count"]
    return made


def _query(say: Say) -> None:
    say(_title("Query: the best method on average"))
    ranking = fractals.Method.aggr(
        fractals.Quality, peak_ratio="round(avg(peak_ratio), 2)", similarity="round(avg(similarity), 3)"
    )
    say(f"{ranking & dm.Top(order_by='peak_ratio DESC', limit=10)}\n")
    say(_title("Query: photographs with many blobs"))
    crowded = (blobs.Photo * blobs.Detection * blobs.Summary) & "count > 20"
    say(f"{crowded.proj('subject', 'count', 'largest_radius')}\n")


def _delete_and_repopulate(say: Say, display_progress: bool) -> None:
    source = fractals.Fractal & {"fractal": "rabbit"}
    say(_title("Delete a source: everything computed from it goes too"))
    plan = source.plan_delete()
    width = max(len(name) for name in plan.counts())
    say(
        "\n".join(f"{name:<{width}}  {count:>4} rows" for name, count in plan.counts().items() if count)
        + "\n"
    )
    row = source.fetch1()
    plan.apply()
    say(_title("Insert it again and repopulate: only what is missing is computed"))
    fractals.Fractal.insert1(row)
    say(f"{_populate(display_progress)} keys computed.\n")

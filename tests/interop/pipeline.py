"""One pipeline for both packages: every tier, type, form of reference, index and codec.

This file is imported by the tests, with datamill, and by the process that runs the genuine DataJoint, so it imports
neither; ``build`` is given the package.
"""

# The package comes as an argument, so the checker cannot know the classes that are subclassed here.
# mypy: disable-error-code="misc, operator"

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import numpy as np


def build(dj: Any, schema: Any) -> SimpleNamespace:
    """Declare the tables; nothing is inserted but the contents of lookups."""

    @schema
    class Rig(dj.Lookup):
        definition = """
        # Rigs
        rig : varchar(8)    # short name
        ---
        power = 1.5 : float64   # watts
        """
        contents = [("a", 1.25), ("b", 2.5)]

    @schema
    class Types(dj.Manual):
        definition = """
        # A row of every type
        number : int32      # the key
        ---
        a : int8            # eight bits
        b : int16
        c : int64
        d : float32
        e : float64         # it's a double: always
        f : decimal(12,4)
        g : bool
        h : char(4)
        i : varchar(40)
        j = 'x y' : enum('x y','z')     # two members
        k : date
        l : datetime
        m : datetime(3)
        n : json
        o : bytes
        p : <blob>
        q = null : float64
        r = 'none' : varchar(10)
        index (a, b)
        unique index (c)
        """

    @schema
    class Subject(dj.Manual):
        definition = """
        subject : varchar(12)
        ---
        -> [nullable] Rig
        -> [nullable, unique] Rig.proj(spare='rig')
        sex = 'u' : enum('f','m','u')
        """

    @schema
    class Session(dj.Manual):
        definition = """
        # Sessions
        -> Subject
        session : int16
        ---
        day : date          # of recording
        """

        class Note(dj.Part):
            definition = """
            -> master
            note : int8
            ---
            text : varchar(200)
            """

    @schema
    class Pair(dj.Manual):
        definition = """
        -> Session.proj(first='session')
        -> Session.proj(second='session')
        """

    @schema
    class Setting(dj.Manual):
        definition = """
        ---
        value : varchar(10)
        """

    @schema
    class Import(dj.Imported):
        definition = """
        -> Session
        ---
        trace : <blob>
        """

        def make(self, key: dict[str, Any]) -> None:
            self.insert1({**key, "trace": np.arange(4, dtype="int16") * key["session"]})

    @schema
    class Result(dj.Computed):
        definition = """
        -> Import
        -> Rig
        ---
        total : float64
        """

        class Channel(dj.Part):
            definition = """
            -> master
            channel : int8
            ---
            value : float64
            """

        def make(self, key: dict[str, Any]) -> None:
            trace = (Import & key).fetch1("trace")
            power = (Rig & key).fetch1("power")
            self.insert1({**key, "total": float(trace.sum()) * power})
            self.Channel.insert({**key, "channel": place, "value": float(x)} for place, x in enumerate(trace))

    made = locals()
    return SimpleNamespace(**{name: item for name, item in made.items() if isinstance(item, type)})


def build_codecs(dj: Any, schema: Any) -> SimpleNamespace:
    """Declare a table with each codec that keeps values in a store."""

    @schema
    class Stored(dj.Manual):
        definition = """
        number : int32
        ---
        blob : <blob@main>
        hash : <hash@main>
        array : <npy@main>
        attached : <attach@main>
        thing : <object@main>
        path : <filepath@main>
        """

    made = locals()
    return SimpleNamespace(**{name: item for name, item in made.items() if isinstance(item, type)})


def build_exceptions(dj: Any, schema: Any) -> SimpleNamespace:
    """Declare what the genuine package cannot use on every server: uuid and inline attachments."""

    @schema
    class Unique(dj.Manual):
        definition = """
        unique_id : uuid    # an identifier
        ---
        text : varchar(10)
        """

    @schema
    class Attached(dj.Manual):
        definition = """
        number : int32
        ---
        file : <attach>
        """

    made = locals()
    return SimpleNamespace(**{name: item for name, item in made.items() if isinstance(item, type)})


BLOB = {
    "array": np.arange(6, dtype="float32").reshape(2, 3),
    "flags": np.array([True, False]),
    "texts": ["ä", b"\x00\xff", None, 1.5, 2**70, (1, {2})],
    "moment": datetime(2024, 2, 29, 12, 30, 59, 123456),
    "decimal": Decimal("1.50"),
    "uuid": UUID(int=7),
    "complex": np.array([1 + 2j]),
    "long": np.zeros(1000),
}
"""A value that exercises most of the blob format."""


def types_row(number: int) -> dict[str, Any]:
    """Return a row of ``Types``."""
    return {
        "number": number,
        "a": -128,
        "b": 2**15 - 1,
        "c": 2**63 - 1 - number,
        "d": 0.1,
        "e": 1 / 3,
        "f": Decimal("-12345.6700"),
        "g": True,
        "h": "ab",
        "i": "wörd 'quoted' back\\slash",
        "j": "z",
        "k": date(2024, 2, 29),
        "l": datetime(2024, 2, 29, 12, 30, 59),
        "m": datetime(2024, 2, 29, 12, 30, 59, 123000),
        "n": {"b": [1, 2.5, None, True], "a": "ü"},
        "o": bytes(range(256)),
        "p": BLOB,
        "q": None,
    }


def insert_all(tables: SimpleNamespace) -> None:
    """Insert into all manual tables of ``build`` and populate the others."""
    tables.Types.insert([types_row(number) for number in range(3)])
    tables.Subject.insert(
        [
            {"subject": "s1", "rig": "a", "spare": "b", "sex": "f"},
            {"subject": "s2", "rig": None, "spare": None, "sex": "m"},
        ]
    )
    tables.Session.insert(
        {"subject": subject, "session": session, "day": date(2024, 6, session)}
        for subject in ("s1", "s2")
        for session in (1, 2)
    )
    tables.Session.Note.insert(
        {"subject": "s1", "session": 1, "note": note, "text": f"note {note}"} for note in range(3)
    )
    tables.Pair.insert1({"subject": "s1", "first": 1, "second": 2})
    tables.Setting.insert1({"value": "on"})
    tables.Import.populate()
    tables.Result.populate()


def stored_row(number: int, folder: Path) -> dict[str, Any]:
    """Return a row of ``Stored``."""
    file = folder / f"attached {number}.txt"
    file.write_text(f"attached {number}", encoding="utf-8")
    kept = folder / "store" / "kept" / "file.txt"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("kept", encoding="utf-8")
    return {
        "number": number,
        "blob": {"x": np.arange(number + 5)},
        "hash": b"raw bytes" * (number + 1),
        "array": np.arange(12.0).reshape(3, 4) + number,
        "attached": str(file),
        "thing": str(file),
        "path": "kept/file.txt",
    }


def plain(value: Any) -> Any:
    """Return a value in a form that compares: arrays become (dtype, shape, list)."""
    if isinstance(value, np.ndarray):
        return ("array", str(value.dtype), value.shape, [plain(item) for item in value.ravel().tolist()])
    if isinstance(value, np.generic):
        return ("scalar", str(value.dtype), value.item())
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [type(value).__name__, *(plain(item) for item in value)]
    if isinstance(value, memoryview):
        return bytes(value)
    return value


def rows_of(table: Any) -> list[dict[str, Any]]:
    """Return the rows of a table in the order of its key, in comparable form."""
    heading = table().heading if isinstance(table, type) else table.heading
    rows = (table() if isinstance(table, type) else table).to_dicts()
    found = [{name: plain(value) for name, value in row.items()} for row in rows]
    return sorted(found, key=lambda row: repr([row[name] for name in heading.primary_key]))

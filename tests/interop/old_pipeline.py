"""Makes a database with DataJoint 0.14: run by its interpreter with the settings as JSON."""

# mypy: ignore-errors

from __future__ import annotations

import json
import os
import sys
import uuid
import warnings
from pathlib import Path


def main() -> None:
    warnings.simplefilter("ignore")
    os.environ["DJ_SUPPORT_FILEPATH_MANAGEMENT"] = "TRUE"
    os.environ["DJ_SUPPORT_ADAPTED_TYPES"] = "TRUE"
    import datajoint as dj
    import numpy as np

    settings = json.loads(sys.argv[1])
    folder = Path(settings.pop("folder"))
    name = settings.pop("schema")
    for setting, value in settings.items():
        dj.config[setting] = value
    dj.config["safemode"] = False
    dj.config["enable_python_native_blobs"] = True
    dj.config["loglevel"] = "ERROR"
    dj.config["stores"] = {
        "ext": {"protocol": "file", "location": str(folder / "ext"), "stage": str(folder / "stage")}
    }

    class Graph(dj.AttributeAdapter):
        attribute_type = "longblob"

        def put(self, obj):
            return list(obj)

        def get(self, value):
            return tuple(value)

    context = {"graph": Graph()}
    schema = dj.Schema(name, context)

    @schema
    class Old(dj.Manual):
        definition = """
        # an old table
        n : int                      # number
        ---
        data : longblob              # an array
        flag : tinyint
        price = null : decimal(6,2)
        small : smallint unsigned
        text = "x" : varchar(30)
        u : uuid                     # ident
        a : attach                   # attached
        eb : blob@ext                # external blob
        ea : attach@ext
        fp : filepath@ext
        ad : <graph>                 # adapted
        t = CURRENT_TIMESTAMP : timestamp
        sex : enum('M','F')
        index (small)
        """

    context["Old"] = Old

    @schema
    class Child(dj.Manual):
        definition = """
        -> Old
        ---
        v : double
        """

    (folder / "f.txt").write_text("hello")
    staged = folder / "stage" / "sub" / "g.txt"
    staged.parent.mkdir(parents=True, exist_ok=True)
    staged.write_text("file path")
    common = {
        "a": str(folder / "f.txt"),
        "ea": str(folder / "f.txt"),
        "fp": str(staged),
        "small": 65535,
    }
    for number, data, external, sex in (
        (1, np.arange(4.0), {"x": np.arange(3)}, "M"),
        (2, {"a": [1, None]}, [1], "F"),
    ):
        Old.insert1(
            {
                **common,
                "n": number,
                "data": data,
                "flag": number % 2,
                "price": "1.25" if number == 1 else None,
                "u": uuid.UUID(int=number),
                "eb": external,
                "ad": [number],
                "sex": sex,
            }
        )
    Child.insert1({"n": 1, "v": 1.5})
    schema.jobs  # noqa: B018 - makes the table


main()

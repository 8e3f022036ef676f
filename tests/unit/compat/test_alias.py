"""The name ``datajoint`` gives datamill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from datamill.compat import functions, hashes
from datamill.compat.names import MODULES, TOP_LEVEL, WHOLE_MODULES, load
from datamill.errors import DataMillError


@pytest.mark.parametrize(
    "home", sorted({home for names in (TOP_LEVEL, *MODULES.values()) for home in names.values()})
)
def test_every_name_exists(home: str) -> None:
    assert load(home) is not None


def run(code: str, folder: Path, **variables: str) -> str:
    script = folder / "script.py"
    script.write_text(code)
    command = [sys.executable, "-W", "error", "-m", "datamill.compat", str(script), "argument"]
    if variables:
        command = [sys.executable, "-W", "error", str(script), "argument"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**_environment(), **variables}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("DATAMILL_", "DJ_"))}


UNCHANGED = """
import sys
import datajoint as dj
from datajoint import errors
import datajoint.blob as blob
from datajoint.utils import to_camel_case
from datajoint.user_tables import Part
import datajoint.expression
import datamill.codecs.blob, datamill.errors
assert dj.schemas is sys.modules["datajoint.schemas"] is datamill.schemas
assert dj.hash.key_hash({"a": 1}) == dj.key_hash({"a": 1})
from datajoint.fetch import DataJointError
assert DataJointError is dj.DataJointError

assert errors is datamill.errors is dj.errors
assert blob is datamill.codecs.blob is sys.modules["datajoint.blob"]
assert datamill.errors.__spec__.name == "datamill.errors"
assert issubclass(dj.Manual, datajoint.expression.QueryExpression)

schema = dj.schema("lab", locals())

@schema
class Mouse(dj.Manual):
    definition = "mouse : int32"
    class Ear(Part):
        definition = "-> master\\near : int32"

Mouse.insert1(dict(mouse=1))
kinds = datajoint.expression
assert isinstance(Mouse.proj(), kinds.Projection) and not isinstance(Mouse(), kinds.Projection)
assert isinstance(Mouse + Mouse, kinds.Union) and isinstance(Mouse.aggr(Mouse.Ear, n="count(*)"), kinds.Aggregation)
print(dj.__version__, len(Mouse()), sys.argv[1:], dj.ERD is dj.Diagram)
"""


def test_an_unchanged_script(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert run(UNCHANGED, tmp_path).split() == ["2.3.5", "1", "['argument']", "True"]


def test_the_environment_variable(tmp_path: Path) -> None:
    code = "import datamill\nimport datajoint\nprint(datajoint.__datamill__ == datamill.__version__)"
    assert run(code, tmp_path, DATAMILL_ALIAS_DATAJOINT="1") == "True\n"


def test_missing_names_have_near_misses(tmp_path: Path) -> None:
    code = "import datajoint as dj\ntry:\n    dj.Manul\nexcept AttributeError as error:\n    print(error)"
    assert "Manual" in run(code, tmp_path)


def test_a_genuine_datajoint_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "datajoint.py").write_text("genuine = True")
    code = (
        "import datajoint\nfrom datamill.compat import install_datajoint_alias\n"
        "try:\n    install_datajoint_alias()\nexcept Exception as error:\n    print(type(error).__name__)\n"
        "install_datajoint_alias(force=True)\nimport datajoint\nprint(datajoint.__version__)"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.split() == ["DataMillError", "2.3.5"]


def test_helpers(tmp_path: Path) -> None:
    assert functions.to_camel_case("#brain_region") == "BrainRegion"
    assert functions.from_camel_case("BrainRegion") == "brain_region"
    assert functions.get_master("`lab`.`mouse`") == ""
    (tmp_path / "file").write_bytes(b"hello")
    assert hashes.uuid_from_file(tmp_path / "file") == hashes.uuid_from_buffer(b"hello")
    assert hashes.key_hash({"b": "x", "a": 1}) == "38684612f0c6bb6dfa16da92f4a6878f"
    for unavailable in (functions.SparkAdapter, functions.AttributeAdapter, functions.set_password):
        with pytest.raises(DataMillError):
            unavailable()
    assert WHOLE_MODULES["errors"] == "datamill.errors"


BYPASS = """
from datajoint.blob import bypass_serialization, pack, unpack
import datajoint as dj
assert bypass_serialization is False
schema = dj.Schema("lab")

@schema
class Mouse(dj.Manual):
    definition = "mouse : int32\\n---\\nnotes = null : <blob>\\nstored = null : <blob@>"

Mouse.insert1({"mouse": 1, "notes": [1, 2], "stored": {"a": 1}})
dj.blob.bypass_serialization = True
row = (Mouse & "mouse = 1").fetch1()
assert unpack(row["notes"]) == [1, 2] and unpack(row["stored"]) == {"a": 1}, row
Mouse.insert1({**row, "mouse": 2})
try:
    Mouse.insert1({"mouse": 3, "notes": b"raw"})
except dj.DataJointError as error:
    print("bypass_serialization" in str(error))
dj.blob.bypass_serialization = False
print((Mouse & "mouse = 2").fetch1("notes", "stored"))
"""


def test_blobs_are_copied_without_unpacking(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert run(BYPASS, tmp_path) == "True\n([1, 2], {'a': 1})\n"

"""Registration, lookup and chains of codecs."""

import importlib.metadata
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from datamill import codecs
from datamill.codecs import Codec, chain_for, resolve_dtype
from datamill.codecs.codec import CODECS
from datamill.errors import DataMillError, DataMillWarning, InvalidValueError


@pytest.fixture(autouse=True)
def _registry() -> Iterator[None]:
    before = {*CODECS._values, *CODECS._builtin}
    yield
    for name in set(CODECS._values) - before:
        codecs.unregister_codec(name)
    CODECS._plugins = None


class Plain(Codec, register=False):
    dtype = "int32"

    def get_dtype(self, is_store: bool) -> str:
        return self.dtype

    def encode(self, value: Any) -> Any:
        return value

    def decode(self, stored: Any) -> Any:
        return stored


def make(codec_name: str, stored_as: str = "int32", **members: Any) -> type[Codec]:
    return type(codec_name.title(), (Plain,), {"name": codec_name, "dtype": stored_as, **members})


def test_import_loads_neither_numpy_nor_isal() -> None:
    code = "import datamill.codecs, sys; sys.exit(bool({'numpy', 'isal', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_plain_blobs_do_not_load_numpy() -> None:
    code = "from datamill.codecs import blob; import sys; blob.unpack(blob.pack([1])); sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_definition_registers() -> None:
    make("tone")
    assert codecs.is_codec_registered("tone")
    assert codecs.get_codec("<tone@x>") is codecs.get_codec("tone")
    assert {"attach", "blob", "hash", "object", "npy", "filepath", "tone"} <= set(codecs.list_codecs())
    codecs.unregister_codec("tone")
    assert not codecs.is_codec_registered("tone")
    with pytest.raises(DataMillError, match="Unknown codec 'tone'"):
        codecs.get_codec("tone")


def test_bases_do_not_register() -> None:
    assert not codecs.is_codec_registered("plain")

    class Base(Plain, register=False):
        name = "base"

    assert not codecs.is_codec_registered("base")


def test_running_a_cell_again_replaces() -> None:
    first = make("tone", "int8")
    assert resolve_dtype("<tone>")[0] == "int8"
    second = make("tone", "int16")
    assert (first.__module__, first.__qualname__) == (second.__module__, second.__qualname__)
    assert type(codecs.get_codec("tone")) is second
    assert resolve_dtype("<tone>")[0] == "int16"


@pytest.mark.parametrize("name", ["blob", "tone"])
def test_another_class_of_the_same_name_raises(name: str) -> None:
    make("tone")
    with pytest.raises(DataMillError, match="is taken by"):
        type("Other", (Plain,), {"name": name})
    assert type(codecs.get_codec(name)).__name__ != "Other"


def test_a_pipelines_own_codec_takes_a_name_that_datajoint_leaves_free() -> None:
    ours = type(codecs.get_codec("image"))
    with pytest.warns(DataMillWarning, match="means .*Mine from now on"):
        mine = type("Mine", (Plain,), {"name": "image"})
    assert type(codecs.get_codec("image")) is mine
    with pytest.raises(DataMillError, match="is taken by"):
        type("Other", (Plain,), {"name": "image"})
    codecs.unregister_codec("image")
    CODECS.register("image", ours())


@pytest.mark.parametrize("name", ["", "1a", "a b", "<a>", "a@b", 3])
def test_impossible_names(name: Any) -> None:
    with pytest.raises(DataMillError, match="cannot name a codec"):
        type("Odd", (Plain,), {"name": name})


def test_incomplete_classes() -> None:
    with pytest.raises(DataMillError, match="lacks get_dtype, decode"):
        type("Half", (Codec,), {"name": "half", "encode": lambda self, value: value})
    with pytest.raises(DataMillError, match="without arguments"):
        make("needy", __init__=lambda self, size: None)


def test_specifications() -> None:
    assert codecs.parse_type_spec("<blob>") == ("blob", None)
    assert codecs.parse_type_spec("<blob@>") == ("blob", "")
    assert codecs.parse_type_spec("blob@raw-1") == ("blob", "raw-1")
    assert codecs.lookup_codec("<blob@c>") == (codecs.get_codec("blob"), "c")
    for spec in ("", "<>", "<a b>", "int(3)", "<blob", "<@s>"):
        with pytest.raises(DataMillError):
            codecs.parse_type_spec(spec)


def test_unknown_codec_names_near_misses() -> None:
    with pytest.raises(DataMillError, match=r"Unknown codec 'blub'\. Did you mean 'blob'\?"):
        chain_for("<blub>")


def test_built_ins_resolve() -> None:
    for name in ("blob", "attach"):
        codec = codecs.get_codec(name)
        assert resolve_dtype(f"<{name}>") == ("bytes", [codec], None)
        assert codec.get_dtype(True) == "<hash>"
    assert resolve_dtype("decimal(6, 2)") == ("decimal(6,2)", [], None)


def test_stores_pass_inward() -> None:
    seen: list[tuple[str, Any]] = []

    def spy(name: str) -> Any:
        def encode(self: Codec, value: Any, *, store_name: str | None = None) -> Any:
            seen.append((name, store_name))
            return value

        return encode

    make("sink", "json", encode=spy("sink"))
    make("fixed", "<sink@own>", encode=spy("fixed"))
    make("free", "<sink>", encode=spy("free"))
    make("default", "<sink@>", encode=spy("default"))
    expected = {
        "<blob@c>": ("json", ["blob", "hash"], "c"),
        "<free@c>": ("json", ["free", "sink"], "c"),
        "<free@>": ("json", ["free", "sink"], ""),
        "<free>": ("json", ["free", "sink"], None),
        "<fixed@c>": ("json", ["fixed", "sink"], "own"),
        "<default@c>": ("json", ["default", "sink"], "c"),
        "<default>": ("json", ["default", "sink"], ""),
    }
    for spec, (dtype, names, store) in expected.items():
        found = resolve_dtype(spec)
        assert (found[0], [codec.name for codec in found[1]], found[2]) == (dtype, names, store)
    chain_for("<fixed@c>").encode_column([1])
    assert seen == [("fixed", "c"), ("sink", "own")]


def test_circles_raise() -> None:
    make("one", "<two>")
    make("two", "<one>")
    with pytest.raises(DataMillError, match="<one> -> <two> -> <one>"):
        chain_for("<one>")


def test_chain_order_validation_and_null() -> None:
    log: list[str] = []

    def note(action: str, value: Any, result: Any) -> Any:
        log.append(f"{action} {value}")
        return result

    def step(name: str) -> dict[str, Any]:
        return {
            "validate": lambda self, value: note(f"check {name}", value, None),
            "encode": lambda self, value: note(f"encode {name}", value, value + name),
            "decode": lambda self, stored: note(f"decode {name}", stored, stored[:-1]),
        }

    make("a", "<b>", **step("a"))
    make("b", "varchar(8)", **step("b"))
    chain = chain_for("<a>")
    assert chain.encode_column(["x", None]) == ["xab", None]
    assert chain.decode_column(["xab", None]) == ["x", None]
    assert log == ["check a x", "encode a x", "check b xa", "encode b xa", "decode b xab", "decode a xa"]


def test_an_inner_null_stays_null() -> None:
    make("nothing", "<blob>", encode=lambda self, value: None)
    assert chain_for("<nothing>").encode_column([1]) == [None]


def test_only_declared_keywords_are_passed() -> None:
    seen: list[Any] = []

    def old(self: Codec, value: Any, key: Any = None) -> Any:
        seen.append(key)
        return value

    def everything(self: Codec, value: Any, **keywords: Any) -> Any:
        seen.append(keywords)
        return value

    make("old", encode=old, decode=old)
    make("wide", encode=everything, decode=everything)
    context = {"schema": "lab", "table": "scan", "field": "image", "config": {"a": 1}}
    full = {"id": 3, "_schema": "lab", "_table": "scan", "_field": "image", "_config": {"a": 1}}
    old_chain, wide_chain, blob_chain = chain_for("<old>"), chain_for("<wide@s>"), chain_for("<blob>")
    old_chain.encode_column([1], [{"id": 3}], context)
    old_chain.decode_column([1], [{"id": 3}], context)
    wide_chain.encode_column([1], [{"id": 3}], context)
    wide_chain.decode_column([1], [{"id": 3}], context)
    assert seen == [
        full,
        full,
        {"key": full, "context": context, "store_name": "s"},
        {"key": full, "context": context},
    ]
    assert old_chain.encode_needs_key
    assert old_chain.decode_needs_key
    assert not blob_chain.encode_needs_key
    assert not blob_chain.decode_needs_key


def test_errors_say_where() -> None:
    class TeapotError(Exception):
        pass

    def refuse(self: Codec, value: Any) -> Any:
        raise TeapotError("short and stout") if value == 2 else InvalidValueError("odd", value=value)

    make("pot", encode=refuse)
    context = {"schema": "lab", "table": "scan", "field": "image", "config": None}
    with pytest.raises(TeapotError) as caught:
        chain_for("<pot>").encode_column([None, 2], None, context, first_row=10)
    assert caught.value.__notes__ == ["While encoding attribute 'image' of lab.scan, type <pot>, row 11."]
    with pytest.raises(InvalidValueError) as invalid:
        chain_for("<pot>").encode_column([1], None, context)
    facts = vars(invalid.value)
    assert (invalid.value.row_index, facts["table"], facts["attribute"]) == (0, "lab.scan", "image")
    with pytest.raises(DataMillError) as corrupt:
        chain_for("<blob>").decode_column([b"junk"])
    assert corrupt.value.row_index == 0


def test_referenced_paths() -> None:
    codec = codecs.get_codec("blob")
    assert codec.referenced_paths({"path": "a/b", "store": "raw"}) == [("a/b", "raw")]
    assert codec.referenced_paths('{"path": "a/b", "store": ""}') == [("a/b", None)]
    assert codec.referenced_paths({"url": "x"}) == []
    assert codec.referenced_paths("nonsense") == []
    assert codec.referenced_paths(b"bytes") == []


def test_configuration_reaches_codecs() -> None:
    assert Codec._codec_config({"_config": 1}, {"config": 2}) == 2
    assert Codec._codec_config({"_config": 1}, None) == 1
    assert Codec._codec_config(None, None) is None


class Point:
    def __init__(self, name: str, load: Any) -> None:
        self.name, self.value, self.load = name, f"plugin:{name}", load


def plugins(monkeypatch: pytest.MonkeyPatch, **groups: list[Point]) -> None:
    def entry_points(*, group: str) -> list[Point]:
        return groups.get(group.replace(".", "_"), [])

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    CODECS._plugins = None
    CODECS._failures.clear()


def test_entry_points_load_when_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def load(name: str) -> Any:
        loaded.append(name)
        return make(name)

    groups: Mapping[str, list[Point]] = {
        "datamill_codecs": [Point("first", lambda: load("first"))],
        "datajoint_types": [Point("second", lambda: load("second"))],
    }
    plugins(monkeypatch, **groups)
    codecs.get_codec("blob")
    assert loaded == []
    assert codecs.get_codec("second").name == "second"
    assert "first" in codecs.list_codecs()


def test_entry_points_of_known_names_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    plugins(monkeypatch, datajoint_codecs=[Point("zarr", lambda: loaded.append("zarr"))])
    assert "zarr" in codecs.list_codecs()
    assert loaded == []


def test_failing_entry_points_warn_and_are_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> Any:
        raise ImportError("no module named tiff")

    plugins(monkeypatch, datamill_codecs=[Point("tiff", load), Point("odd", lambda: int)])
    with (
        pytest.warns(DataMillWarning, match="could not be loaded"),
        pytest.raises(DataMillError, match=r"(?s)Unknown codec 'tiff'.*no module named tiff"),
    ):
        codecs.get_codec("tiff")
    with pytest.raises(DataMillError, match=r"(?s)Unknown codec 'other'.*no module named tiff"):
        codecs.get_codec("other")
    assert not codecs.is_codec_registered("odd")
    CODECS._failures.clear()

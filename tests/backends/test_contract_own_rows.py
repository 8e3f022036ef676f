"""The contract about the own table: a make reads only rows of its own key, however the query says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import datamill as dm
from datamill.errors import ContractError, ContractWarning

Read = Callable[[Any, Any, Any, dict[str, Any]], Any]

OWN: dict[str, Read] = {
    "mapping": lambda own, a, part, key: own & key,
    "list": lambda own, a, part, key: own & [key],
    "text": lambda own, a, part, key: own & f"a = {key['a']} and b = {key['b']} and n > 2",
    "in steps": lambda own, a, part, key: own & f"a = {key['a']}" & {"b": key["b"], "n": 3},
    "and-list": lambda own, a, part, key: own & dm.AndList([{"a": key["a"]}, {"b": key["b"]}]),
    "semijoin": lambda own, a, part, key: own & (a & key) & {"b": key["b"]},
    "renamed": lambda own, a, part, key: own.proj(c="a") & {"c": key["a"], "b": key["b"]},
    "join": lambda own, a, part, key: (a & key) * own & {"b": key["b"]},
    "join from the right": lambda own, a, part, key: own * (part & key),
    "join renamed": lambda own, a, part, key: (own * a.proj(x="a")) & key,
    "aggregation": lambda own, a, part, key: (a & key).aggr(own & {"b": key["b"]}, m="max(n)"),
    "total": lambda own, a, part, key: dm.U().aggr(own & key, m="max(n)"),
    "group": lambda own, a, part, key: dm.U("a", "b").aggr(own, m="max(n)") & key,
    "distinct": lambda own, a, part, key: dm.U("a", "b") & own & key,
    "complement": lambda own, a, part, key: (part & key) - own,
    "top": lambda own, a, part, key: (own & key) & dm.Top(1),
    "union": lambda own, a, part, key: (own.proj() + part.proj()) & key,
    "part": lambda own, a, part, key: part,
}
OTHERS: dict[str, Read] = {
    "all": lambda own, a, part, key: own,
    "others": lambda own, a, part, key: own - key,
    "half of the key": lambda own, a, part, key: own & {"a": key["a"]},
    "another key": lambda own, a, part, key: own & {**key, "b": key["b"] + 1},
    "one or the other": lambda own, a, part, key: own & [key, {"n": 3}],
    "a range": lambda own, a, part, key: own & f"a <= {key['a']} and b = {key['b']}",
    "semijoin": lambda own, a, part, key: own & a,
    "total": lambda own, a, part, key: dm.U().aggr(own, m="max(n)"),
    "aggregation": lambda own, a, part, key: (a & key).aggr(own, m="max(n)"),
    "in a condition": lambda own, a, part, key: a & own,
    "top": lambda own, a, part, key: own & dm.Top(1) & key,
    "renamed": lambda own, a, part, key: own.proj(b="n", c="b") & key,
}


@pytest.mark.parametrize(("reads", "is_refused"), [(OWN, False), (OTHERS, True)], ids=["own", "others"])
def test_reads_of_the_own_table(database_url: str, reads: dict[str, Read], is_refused: bool) -> None:
    schema = dm.Instance(url=database_url, safemode=False).Schema("lab")
    refused: dict[str, bool] = {}

    @schema
    class A(dm.Lookup):
        definition = "a : int32"
        contents = ((1,), (2,))

    @schema
    class B(dm.Lookup):
        definition = "b : int32"
        contents = ((1,), (2,))

    @schema
    class C(dm.Computed):
        definition = "-> A\n-> B\n---\nn : int32"
        contract = "strict"

        class P(dm.Part):
            definition = "-> master"

        def make(self, key: dict[str, Any]) -> None:
            for name, read in reads.items():
                try:
                    read(self, A, self.P, key).to_dicts()
                    refused[name] = False
                except ContractError:
                    refused[name] = True
            self.insert1({**key, "n": 1})

    C.populate({"a": 1, "b": 1})
    assert refused == dict.fromkeys(reads, is_refused)


def test_tables_that_say_so_read_themselves(database_url: str) -> None:
    schema = dm.Instance(url=database_url, safemode=False).Schema("lab")

    @schema
    class A(dm.Lookup):
        definition = "a : int32"
        contents = ((1,), (2,))

    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "n": len(type(self)())})

    def raw(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "n": len(list(self.connection.query(f"SELECT a FROM {self.full_table_name}")))})

    for number, function in enumerate((make, raw)):
        name = f"C{number}"
        members = {"definition": "-> A\n---\nn : int32", "make": function}
        table = schema(type(name, (dm.Computed,), dict(members)), context={"A": A})
        with pytest.raises(ContractError, match=r"reads rows of lab\.__c\d with other keys"):
            table.populate(contract="strict")
        with pytest.warns(ContractWarning, match=r"self & key"):
            table.populate(max_calls=1)
        table.reads = ["lab.__" + name.lower()]
        assert table.populate(contract="strict")["success_count"] == 1
        assert sorted(table.to_arrays("n").tolist()) == [0, 1]

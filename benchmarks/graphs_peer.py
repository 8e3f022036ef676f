"""The genuine DataJoint's deletes and graph, as a black box: ``benchmarks.graphs --peer PYTHON`` runs this with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peer import seconds, serve

INHERITED, REFERRING, GRAPH = "inherited keys", "secondary references", "graph"
CHAINS = {
    INHERITED: ("a : int32\n", "-> {0}\nb : int32\n", "-> {1}\nc : int32\n---\nx = 0 : float64\n"),
    REFERRING: ("a : int32\n", "b : int32\n---\n-> {0}\n", "c : int32\n---\n-> {1}\nx = 0 : float64\n"),
}
"""Three tables each; in the second chain the rows of the last do not hold the key of the first."""
PARENTS, MIDDLE, LEAVES = 100, 10, 50


def rows_of(chain: str) -> tuple[list[dict[str, int]], ...]:
    """Return the rows of the three tables: 100, 1000 and 50 000."""
    pairs = [(a, b) for a in range(PARENTS) for b in range(MIDDLE)]
    tops = [{"a": a} for a in range(PARENTS)]
    if chain == INHERITED:
        middles = [{"a": a, "b": b} for a, b in pairs]
        return tops, middles, [{"a": a, "b": b, "c": c} for a, b in pairs for c in range(LEAVES)]
    middles = [{"b": a * MIDDLE + b, "a": a} for a, b in pairs]
    leaves = [{"c": row["b"] * LEAVES + c, "b": row["b"]} for row in middles for c in range(LEAVES)]
    return tops, middles, leaves


class Operations:
    """What is measured, in a schema of its own."""

    def __init__(self) -> None:
        self.dj: Any = import_module("datajoint")
        self.dj.config["safemode"] = False
        self.schema = self.dj.Schema("peer_graphs")
        self.actions: dict[str, Callable[[], float]] = {
            INHERITED: lambda: self.delete(INHERITED),
            REFERRING: lambda: self.delete(REFERRING),
            GRAPH: self.load,
        }
        self.chains: dict[str, list[Any]] = {}

    def declare(self, chain: str) -> list[Any]:
        """Declare the three tables once."""
        known: dict[str, Any] = {}
        names: list[str] = []
        for number, text in enumerate(CHAINS[chain]):
            names.append(f"{chain.split()[0].title()}{number}")
            made = type(names[-1], (self.dj.Manual,), {"definition": text.format(*names)})
            known[names[-1]] = self.schema(made, context=known)
        return list(known.values())

    def delete(self, chain: str) -> float:
        """Delete all rows of the first table, and with them those of the others."""
        tables = self.chains.setdefault(chain, self.declare(chain))
        for table, rows in zip(tables, rows_of(chain), strict=True):
            table.insert(rows)
        return seconds(lambda: tables[0]().delete(prompt=False))

    def load(self) -> float:
        """Load the graph of the schemas that the other side declared."""
        connection = self.schema.connection
        for number in range(5):
            self.dj.Schema(f"s{number}", create_schema=False, connection=connection)
        taken = seconds(lambda: connection.dependencies.load(force=True))
        assert len(connection.dependencies) >= 500
        return taken


if __name__ == "__main__":
    operations = Operations()
    serve(operations.actions)
    operations.schema.drop(prompt=False)

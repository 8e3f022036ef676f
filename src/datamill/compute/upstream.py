"""``self.upstream``: what the key of a make derives from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from datamill.algebra import propagation
from datamill.algebra.relations import Relation
from datamill.compute.target import Target
from datamill.data import fetch as fetching
from datamill.errors import DataMillError, did_you_mean
from datamill.model.names import TableName


class Upstream:
    """Ancestors of a table, each restricted to the rows that one key derives from.

    Args:
        target: The table being made.
        key: The key being made.
    """

    def __init__(self, target: Target, key: Mapping[str, Any]) -> None:
        self._target = target
        self._key = dict(key)
        self._graph = target.connection.catalog.graph()
        above = [name for name in self._graph.ancestors(target.name) if name != target.name]
        parts = {part for name in above for part in self._graph.parts(name)}
        self._tables = [
            name for name in self._graph.order() if name in {*above, *parts} - {target.name, *target.parts}
        ]
        self._made: dict[TableName, Relation] = {}

    def __getitem__(self, table: Any) -> Any:
        """Return an ancestor restricted to what the key derives from.

        Args:
            table: Class, instance, full name, ``"schema.Class"``, or exact ``"Class"``.

        Raises:
            DataMillError: It is no ancestor, or the name fits several.
        """
        name = self._find(table)
        if name not in self._made:
            self._made[name] = propagation.trace(
                self._graph, self._target.spec, self._key, name, self._target.connection
            )
        return self._target.wrap(self._made[name])

    def __iter__(self) -> Iterator[Any]:
        return (self[name] for name in self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __contains__(self, table: object) -> bool:
        return bool(self._candidates(table))

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each ancestor, roots first."""
        connection = self._target.connection
        relations = [self[name].__relation__() for name in self._tables]
        return {
            str(name): fetching.count(connection, item)
            for name, item in zip(self._tables, relations, strict=True)
        }

    def _find(self, table: Any) -> TableName:
        found = self._candidates(table)
        if len(found) > 1:
            raise DataMillError(
                f"{table!r} may be {' or '.join(map(str, found))}.", hint="Use the full name."
            )
        if not found:
            label = table if isinstance(table, str) else getattr(table, "__name__", repr(table))
            names = [name.class_name for name in self._tables]
            raise DataMillError(
                f"{label!r} is not upstream of {self._target.name}.",
                hint=did_you_mean(str(label), names) or f"Upstream: {', '.join(names) or 'nothing'}.",
            )
        return found[0]

    def _candidates(self, table: Any) -> list[TableName]:
        if isinstance(table, TableName):
            return [name for name in self._tables if name == table]
        if isinstance(table, str):
            plain = table.replace("`", "").replace('"', "")
            return [
                name
                for name in self._tables
                if plain in (str(name), f"{name.schema}.{name.class_name}", name.class_name)
            ]
        full = TableName.parse(table.full_table_name)
        return [name for name in self._tables if name == full]

"""Deletes whose dependent rows hold the keys of the rows they depend on: these keys alone decide what goes.

Where every table in reach inherits the target's key, the rows that a plan would find are exactly those with one of the
target's keys, so that a delete that nobody wants to look at first need not read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from datamill.algebra.relations import Relation
from datamill.data.cascade import PartIntegrity
from datamill.data.delete_plan import target_keys
from datamill.data.key_set import KeySet
from datamill.data.query import observe_read
from datamill.model.graph import DependencyGraph, Edge
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.settings.log import logger
from datamill.sql.keys import delete_by_key, key_batches, types_of

if TYPE_CHECKING:
    from datamill.data.connection import Connection

Names = tuple[str, ...]
Ways = dict[TableName, list[Names]]
"""Tables in topological order, and the attributes by which each holds the target's key: one entry per way."""


def carried(graph: DependencyGraph, target: TableName, part_integrity: PartIntegrity) -> Ways | None:
    """Return how the tables in reach hold the key of the target.

    Args:
        graph: All tables.
        target: Whose rows go.
        part_integrity: As for a delete.

    Returns:
        None if some table does not hold it, or may hold it in part; if part rows might go without their master row;
        or if finding rows by it might need to read a whole table.
    """
    if target.master is not None:
        return None
    ways: Ways = {target: [graph.specs[target].physical_key]}
    for name in graph.descendants(target)[1:]:
        found = dict.fromkeys(way for edge in graph.parents(name) for way in _through(graph, edge, ways))
        if None in found or not _may_go(graph, name, len(found), ways, part_integrity):
            return None
        ways[name] = [way for way in found if way is not None]
        if not all(_is_found_quickly(graph.specs[name], way) for way in ways[name]):
            return None
    return ways


def _through(graph: DependencyGraph, edge: Edge, ways: Ways) -> Iterator[Names | None]:
    """Yield the attributes in which a foreign key carries the target's key on; None where it does not."""
    held = {theirs: own for own, theirs in edge.attribute_map}
    heading = graph.specs[edge.child].heading
    is_partial = len(held) > 1 and any(own not in heading or heading[own].nullable for own in held.values())
    for way in ways.get(edge.parent, ()):
        is_whole = bool(held) and not is_partial and all(name in held for name in way)
        yield tuple([held[name] for name in way]) if is_whole else None


def _may_go(
    graph: DependencyGraph, name: TableName, count: int, ways: Ways, part_integrity: PartIntegrity
) -> bool:
    """Return True unless rows of a part might be reached without their master rows."""
    return name.master is None or part_integrity == "ignore" or (count == 1 and name.master in ways)


def _is_found_quickly(spec: TableSpec, way: Names) -> bool:
    """Return True if the attributes are the first ones of the primary key or of a foreign key, which have indexes."""
    indexed = [spec.physical_key, *(key.attributes for key in spec.foreign_keys)]
    return any(set(names[: len(way)]) == set(way) for names in indexed)


def remove_carried(connection: Connection, relation: Relation, spec: TableSpec, ways: Ways) -> int:
    """Remove rows of the target and all that hold their keys, dependents first, in one transaction.

    Args:
        connection: Where they are.
        relation: The rows of the target. They are read before any is removed: a condition may look at dependents.
        spec: The target.
        ways: See `carried`.

    Returns:
        The number of rows removed from the target.

    Raises:
        IntegrityError: Others inserted dependent rows meanwhile.
    """
    observe_read(connection, relation)
    keys = KeySet()
    with connection.write():
        for rows in target_keys(connection, relation, spec):
            keys.add(rows)
        if not len(keys):
            logger.info("Nothing to delete.")
            return 0
        return sum(_remove_batch(connection, ways, batch) for batch in keys.batches())


def _remove_batch(connection: Connection, ways: Ways, keys: Sequence[tuple[object, ...]]) -> int:
    session, dialect, count = connection.session, connection.dialect, 0
    for name, found in reversed(ways.items()):
        spec = connection.catalog.spec(name)
        for way in found:
            types = types_of(spec, way)
            removed = 0
            for batch in key_batches(keys, len(way), dialect):
                statement = delete_by_key(dialect, name, way, batch, types)
                removed += session.execute(statement.sql, statement.params).rowcount
            count = removed  # in the end, that of the target
    return count

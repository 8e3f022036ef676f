"""Deletes by the target's keys alone: the database follows the foreign keys from these to all that goes with them.

Where few ways lead to each table in reach, one statement for each removes exactly what a plan would find, so that a
delete that nobody wants to look at first need not read the keys of all rows.
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
from datamill.sql.keys import Way, delete_by_way, key_batches, types_of

if TYPE_CHECKING:
    from datamill.data.connection import Connection

Ways = dict[TableName, list[Way]]
"""Tables in topological order, and how their rows are found from the target's keys."""

MOST_WAYS = 4
"""Ways to one table that are followed."""
LONGEST = 6
"""Tables on one way."""


def carried(graph: DependencyGraph, target: TableName, part_integrity: PartIntegrity) -> Ways | None:
    """Return how the rows in reach are found from the key of the target.

    Args:
        graph: All tables.
        target: Whose rows go.
        part_integrity: As for a delete.

    Returns:
        None if many or long ways lead to some table; if part rows might go without their master row; or if finding
        rows might need to read a whole table.
    """
    if target.master is not None:
        return None
    ways: Ways = {target: [Way(graph.specs[target].physical_key)]}
    for name in graph.descendants(target)[1:]:
        found = list(
            dict.fromkeys(way for edge in graph.parents(name) for way in _through(graph, edge, ways))
        )
        if len(found) > MOST_WAYS or not _may_go(name, len(found), ways, part_integrity):
            return None
        if not all(len(way) <= LONGEST and _is_found_quickly(graph.specs[name], way.names) for way in found):
            return None
        ways[name] = found
    return ways


def _through(graph: DependencyGraph, edge: Edge, ways: Ways) -> Iterator[Way]:
    """Yield how the rows are found that refer to rows of a parent: by a key that they hold, else by those rows."""
    held = {theirs: own for own, theirs in edge.attribute_map}
    heading = graph.specs[edge.child].heading
    is_partial = len(held) > 1 and any(own not in heading or heading[own].nullable for own in held.values())
    for way in ways.get(edge.parent, ()):
        if way.above is None and not is_partial and all(name in held for name in way.names):
            yield Way(tuple([held[name] for name in way.names]))
        else:
            yield Way(tuple(held.values()), (edge.parent, tuple(held), way))


def _may_go(name: TableName, count: int, ways: Ways, part_integrity: PartIntegrity) -> bool:
    """Return True unless rows of a part might be reached without their master rows."""
    return name.master is None or part_integrity == "ignore" or (count == 1 and name.master in ways)


def _is_found_quickly(spec: TableSpec, names: Sequence[str]) -> bool:
    """Return True if the attributes are the first ones of the primary key or of a foreign key, which have indexes."""
    indexed = [spec.physical_key, *(key.attributes for key in spec.foreign_keys)]
    return any(set(known[: len(names)]) == set(names) for known in indexed)


def remove_carried(connection: Connection, relation: Relation, spec: TableSpec, ways: Ways) -> int:
    """Remove rows of the target and all that depend on them, dependents first, in one transaction.

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
        for way in found:
            end, names = way.end(name)
            types = types_of(connection.catalog.spec(end))
            removed = 0
            for batch in key_batches(keys, len(names), dialect):
                statement = delete_by_way(dialect, name, way, batch, types)
                removed += session.execute(statement.sql, statement.params).rowcount
            count = removed  # in the end, that of the target
    return count

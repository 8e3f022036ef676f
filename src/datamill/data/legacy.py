"""``fetch`` as in DataJoint 0.14, deprecated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from datamill.algebra.relations import Relation
from datamill.data import fetch_rows as fetching
from datamill.data.query import run, sliced
from datamill.errors import DataMillError, warn_user

if TYPE_CHECKING:
    from datamill.data.connection import Connection

KEY = "KEY"


def fetch(
    connection: Connection,
    relation: Relation,
    attributes: Sequence[str],
    *,
    format: str | None,
    as_dict: bool | None,
    **options: Any,
) -> Any:
    """Fetch in the forms of ``fetch(*attributes, as_dict=..., format=...)``.

    Args:
        connection: Where to read.
        relation: What to read.
        attributes: Names; ``"KEY"`` stands for the key as a list of dicts.
        format: None or ``"array"``, or ``"frame"`` for a pandas DataFrame.
        as_dict: Return a list of dicts, the key included.
        **options: ``order_by limit offset squeeze download_path`` as for `fetch.to_dicts`.

    Raises:
        DataMillError: ``format`` is unknown, or ``"frame"`` with attributes or ``as_dict``.
    """
    message = "fetch() is deprecated: use to_dicts, to_arrays, to_pandas or keys."
    warn_user(message, DeprecationWarning)
    if format not in (None, "array", "frame"):
        raise DataMillError(f"format={format!r} is unknown.", hint="It is 'array' or 'frame'.")
    if format == "frame":
        if attributes or as_dict:
            raise DataMillError(
                "format='frame' takes neither attributes nor as_dict.", hint="Use proj() first."
            )
        return fetching.to_pandas(connection, relation, **options)
    if as_dict:
        return _dicts(connection, relation, attributes, options)
    if tuple(attributes) == (KEY,):
        order = {name: options[name] for name in ("order_by", "limit", "offset")}
        return fetching.keys(connection, relation, **order)
    if KEY not in attributes:
        return fetching.to_arrays(connection, relation, *attributes, **options)
    plain = [name for name in attributes if name != KEY]
    found, *arrays = fetching.to_arrays(connection, relation, *plain, include_key=True, **options)
    remaining = iter(arrays)
    return tuple(found if name == KEY else next(remaining) for name in attributes)


def _dicts(
    connection: Connection, relation: Relation, attributes: Sequence[str], options: dict[str, Any]
) -> list[dict[str, Any]]:
    relation = sliced(relation, options["order_by"], options["limit"], options["offset"])
    names = [name for name in attributes if name != KEY] if attributes else relation.heading.names
    wanted = list(dict.fromkeys((*relation.heading.key, *names)))
    for name in wanted:
        relation.heading[name]
    return run(connection, relation, wanted, squeeze=options["squeeze"]).dicts(wanted)

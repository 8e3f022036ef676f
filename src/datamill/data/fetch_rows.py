"""Fetching rows: a query is run and its rows are handed over in the form the user asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from datamill.algebra.relations import Relation
from datamill.data.formats import FORMATS
from datamill.data.query import Order, names_one_row, run, sliced
from datamill.errors import DataMillError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from datamill.data.connection import Connection

KEY = "KEY"
Row = dict[str, Any]


def to_dicts(
    connection: Connection,
    relation: Relation,
    *,
    order_by: Order = None,
    limit: int | None = None,
    offset: int | None = None,
    squeeze: bool = False,
    download_path: Any = None,
) -> list[Row]:
    """Fetch all rows as dicts in heading order.

    Args:
        connection: Where to read.
        relation: What to read.
        order_by: Attribute or list of ``"name [ASC|DESC]"``; ``"KEY"`` is the primary key.
        limit: Rows at the most.
        offset: Rows to pass over.
        squeeze: Drop axes of length one from arrays.
        download_path: Folder for attachments; default ``config.download_path``.
    """
    relation = sliced(relation, order_by, limit, offset)
    return _fetch(connection, relation, "dicts", squeeze=squeeze, download_path=download_path)  # type: ignore[no-any-return]


def to_arrays(
    connection: Connection,
    relation: Relation,
    *attributes: str,
    include_key: bool = False,
    order_by: Order = None,
    limit: int | None = None,
    offset: int | None = None,
    squeeze: bool = False,
    download_path: Any = None,
) -> Any:
    """Fetch as NumPy arrays of shape (rows,).

    Args:
        connection: Where to read.
        relation: What to read.
        *attributes: None: one structured array. One: its array. Several: a tuple of arrays.
        include_key: Return ``(keys, *arrays)``, keys being a list of dicts.
        order_by: As for `to_dicts`.
        limit: As for `to_dicts`.
        offset: As for `to_dicts`.
        squeeze: As for `to_dicts`.
        download_path: As for `to_dicts`.

    Raises:
        UnknownAttributeError: A name is no attribute.
    """
    relation = sliced(relation, order_by, limit, offset)
    check_names(relation, attributes)
    with _download(connection, download_path):
        fetched = run(connection, relation, attributes or None, squeeze=squeeze)
        if not attributes and not include_key:
            return FORMATS.get("arrays")(fetched)
        from datamill.data.formats.arrays import to_array

        arrays = tuple(to_array(fetched, name) for name in attributes or relation.heading.names)
        if include_key:
            return (fetched.keys(), *arrays)
    return arrays[0] if len(arrays) == 1 else arrays


def to_pandas(connection: Connection, relation: Relation, **options: Any) -> pandas.DataFrame:
    """Fetch as a pandas DataFrame indexed by the primary key; options as for `to_dicts`.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    return _fetch_table(connection, relation, "pandas", **options)  # type: ignore[no-any-return]


def to_polars(connection: Connection, relation: Relation, **options: Any) -> polars.DataFrame:
    """Fetch as a polars DataFrame; options as for `to_dicts`.

    Raises:
        MissingExtraError: polars is not installed.
    """
    return _fetch_table(connection, relation, "polars", **options)  # type: ignore[no-any-return]


def to_arrow(
    connection: Connection, relation: Relation, *, decode: bool = False, **options: Any
) -> pyarrow.Table:
    """Fetch as a pyarrow Table; options as for `to_dicts`.

    Args:
        connection: Where to read.
        relation: What to read.
        decode: Decode codec attributes; else they stay as stored; see `formats.arrow`.
        **options: As for `to_dicts`.

    Raises:
        MissingExtraError: pyarrow is not installed.
        DataMillError: With ``decode``: a value has no form in Arrow.
    """
    return _fetch_table(connection, relation, "arrow", format_options={"decode": decode}, **options)  # type: ignore[no-any-return]


def _fetch_table(
    connection: Connection,
    relation: Relation,
    format: str,
    *,
    order_by: Order = None,
    limit: int | None = None,
    offset: int | None = None,
    **options: Any,
) -> Any:
    relation = sliced(relation, order_by, limit, offset)
    return _fetch(connection, relation, format, by_column=True, **options)


def _fetch(
    connection: Connection,
    relation: Relation,
    format: str,
    *,
    squeeze: bool = False,
    download_path: Any = None,
    by_column: bool = False,
    format_options: dict[str, Any] | None = None,
) -> Any:
    make = FORMATS.get(format)
    with _download(connection, download_path):
        return make(run(connection, relation, squeeze=squeeze, by_column=by_column), **(format_options or {}))


def keys(
    connection: Connection,
    relation: Relation,
    *,
    order_by: Order = None,
    limit: int | None = None,
    offset: int | None = None,
) -> list[Row]:
    """Fetch the primary keys as dicts."""
    relation = sliced(relation, order_by, limit, offset)
    return FORMATS.get("keys")(run(connection, relation, relation.heading.key))  # type: ignore[no-any-return]


def fetch1(
    connection: Connection,
    relation: Relation,
    *attributes: str,
    squeeze: bool = False,
    download_path: Any = None,
) -> Any:
    """Fetch the one row there is.

    Args:
        connection: Where to read.
        relation: What to read.
        *attributes: None: a dict. One: its value. Several: a tuple. ``"KEY"`` gives the key as a dict.
        squeeze: Drop axes of length one from arrays.
        download_path: Folder for attachments.

    Raises:
        DataMillError: There is no row, or more than one.
        UnknownAttributeError: A name is no attribute.
    """
    names = _expand(relation, attributes)
    if not names_one_row(relation):
        relation = sliced(relation, None, 2, None)
    with _download(connection, download_path):
        fetched = run(connection, relation, names if attributes else None, squeeze=squeeze)
        if len(fetched) != 1:
            raise _not_one(relation, len(fetched))
        if not attributes:
            return fetched.dicts(fetched.names)[0]
        values = tuple(fetched.keys()[0] if name == KEY else fetched.decoded(name)[0] for name in attributes)
    return values[0] if len(values) == 1 else values


def _not_one(relation: Relation, count: int) -> DataMillError:
    what = "no row" if count == 0 else "several rows"
    hint = "Check the restriction." if count == 0 else "Restrict by the whole primary key, or use to_dicts."
    return DataMillError(
        f"fetch1 wants exactly one row, but there is {what}.".replace("is several", "are several"), hint=hint
    )


def _expand(relation: Relation, attributes: Sequence[str]) -> list[str]:
    """Replace ``KEY`` by the names of the primary key."""
    names: list[str] = []
    for name in attributes:
        names.extend(relation.heading.key if name == KEY else (name,))
    check_names(relation, names)
    return list(dict.fromkeys(names))


def check_names(relation: Relation, names: Sequence[str]) -> None:
    """Raise UnknownAttributeError for the first name that is no attribute."""
    for name in names:
        relation.heading[name]


def head(connection: Connection, relation: Relation, limit: int = 25, **options: Any) -> list[Row]:
    """Fetch the first rows by ascending key; options as for `to_dicts`."""
    return to_dicts(connection, relation, order_by=KEY, limit=limit, **options)


def tail(connection: Connection, relation: Relation, limit: int = 25, **options: Any) -> list[Row]:
    """Fetch the last rows, by ascending key; options as for `to_dicts`."""
    return to_dicts(connection, relation, order_by=f"{KEY} DESC", limit=limit, **options)[::-1]


@contextmanager
def _override(connection: Connection, download_path: Any) -> Iterator[None]:
    with connection.config.override(download_path=str(download_path)):
        yield


def _download(connection: Connection, download_path: Any) -> Any:
    return nullcontext() if download_path is None else _override(connection, download_path)

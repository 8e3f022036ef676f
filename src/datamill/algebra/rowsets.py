"""Many rows of values as one condition: lists of mappings, structured arrays and data frames, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datamill.algebra.mapping import is_list, mapping_predicate, other_key, unrelated
from datamill.algebra.predicates import ALL, NONE, Equal, OneOf, Predicate, every, some
from datamill.algebra.relations import Relation
from datamill.algebra.values import IMPOSSIBLE, check_restrictable, condition_values
from datamill.errors import DataMillError


def mappings_predicate(relation: Relation, mappings: Sequence[Mapping[str, Any]]) -> list[Predicate]:
    """Return what a list of mappings means, as alternatives: one set of values per combination of names."""
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for mapping in mappings:
        groups.setdefault(tuple(mapping), []).append(mapping)
    found: list[Predicate] = []
    for names, rows in groups.items():
        found.extend(_group_predicates(relation, names, rows))
    return found


def _group_predicates(
    relation: Relation, names: tuple[str, ...], rows: Sequence[Mapping[str, Any]]
) -> list[Predicate]:
    attributes = relation.heading.attributes
    known = tuple(name for name in names if name in attributes)
    columns = [[row[name] for row in rows] for name in known]
    plain = known and all(other_key(relation, name, None) is None for name in names if name not in attributes)
    if (
        not plain
        or len(rows) == 1
        or any(_is_nested(relation, name, column) for name, column in zip(known, columns, strict=True))
    ):
        return [mapping_predicate(relation, row) for row in rows]
    return columns_predicates(relation, known, columns)


def _is_nested(relation: Relation, name: str, column: Sequence[Any]) -> bool:
    """Return True if values of a column are no single values."""
    if relation.heading[name].stored.kind == "json":
        return True
    return any(
        is_list(next(value for value in column if type(value) is kind)) for kind in set(map(type, column))
    )


def columns_predicates(
    relation: Relation, names: tuple[str, ...], columns: Sequence[Sequence[Any]]
) -> list[Predicate]:
    """Return the alternatives that rows given as columns stand for; None asks for NULL."""
    attributes = [relation.heading[name] for name in names]
    for attribute in attributes:
        check_restrictable(attribute)
    converted = [
        condition_values(attribute, column) for attribute, column in zip(attributes, columns, strict=True)
    ]
    types = tuple(attribute.stored for attribute in attributes)
    if not any(_has_special(column) for column in converted):
        return [_one_of(names, types, converted)]
    groups: dict[tuple[bool, ...], list[tuple[Any, ...]]] = {}
    for row in zip(*converted, strict=True):
        if not any(value is IMPOSSIBLE for value in row):
            groups.setdefault(tuple(value is None for value in row), []).append(row)
    return [_with_nulls(names, types, nulls, rows) for nulls, rows in groups.items()]


def _has_special(column: Sequence[Any]) -> bool:
    return any(value is None or value is IMPOSSIBLE for value in column)


def _one_of(names: tuple[str, ...], types: tuple[Any, ...], columns: Sequence[Sequence[Any]]) -> Predicate:
    if not names or len(columns[0]) == 1:
        return every(
            [Equal(name, type, column[0]) for name, type, column in zip(names, types, columns, strict=True)]
        )
    return OneOf(names, types, tuple(columns))


def _with_nulls(
    names: tuple[str, ...], types: tuple[Any, ...], nulls: tuple[bool, ...], rows: Sequence[tuple[Any, ...]]
) -> Predicate:
    absent = [Equal(name, type, None) for name, type, null in zip(names, types, nulls, strict=True) if null]
    present = [index for index, null in enumerate(nulls) if not null]
    if not present:
        return every(absent)
    columns = [[row[index] for row in rows] for index in present]
    chosen = tuple(names[index] for index in present), tuple(types[index] for index in present)
    return every([*absent, _one_of(*chosen, columns)])


def library_of(value: Any) -> tuple[str, str]:
    """Return the top module and the name of a value's type."""
    kind = type(value)
    return kind.__module__.partition(".")[0], kind.__name__


def foreign_predicate(relation: Relation, condition: Any) -> Predicate | None:
    """Return what a value of NumPy, pandas or polars means as a condition; None if it is a plain sequence.

    Raises:
        DataMillError: It has no meaning as a condition.
    """
    library, kind = library_of(condition)
    if library == "numpy":
        return _numpy_predicate(relation, condition, kind)
    if kind == "DataFrame" and library in ("pandas", "polars"):
        return _table_predicate(
            relation, _pandas_columns(condition) if library == "pandas" else _polars_columns(condition)
        )
    if kind == "Series" and library == "pandas":
        if all(isinstance(name, str) for name in condition.index):
            return mapping_predicate(relation, dict(condition.items()))
        raise DataMillError("A Series as a condition needs the names of attributes as its index.")
    return None


def _numpy_predicate(relation: Relation, condition: Any, kind: str) -> Predicate | None:
    if kind in ("bool", "bool_"):
        return ALL if condition else NONE
    names = getattr(getattr(condition, "dtype", None), "names", None)
    if names is None:
        return None
    if condition.shape == ():
        return mapping_predicate(relation, {name: condition[name][()] for name in names})
    rows = condition.ravel()
    return _table_predicate(relation, ({name: _numpy_list(rows[name]) for name in names}, len(rows)))


def _numpy_list(array: Any) -> list[Any]:
    # What has no exact Python twin (moments of nanoseconds) keeps its NumPy scalars.
    values: list[Any] = list(array) if array.dtype.kind in "mM" else array.tolist()
    return values


def _pandas_columns(frame: Any) -> tuple[dict[str, list[Any]], int]:
    index = frame.index
    columns = {name: index.get_level_values(name).tolist() for name in index.names if name is not None}
    columns.update({name: frame[name].tolist() for name in frame.columns})
    return columns, len(frame)


def _polars_columns(frame: Any) -> tuple[dict[str, list[Any]], int]:
    return {name: frame[name].to_list() for name in frame.columns}, frame.height


def _table_predicate(relation: Relation, table: tuple[Mapping[str, list[Any]], int]) -> Predicate:
    columns, length = table
    if length == 0:
        return NONE
    known = tuple(name for name in columns if name in relation.heading)
    if not known:
        return unrelated(relation, columns) if columns else ALL
    if any(_is_nested(relation, name, columns[name]) for name in known):
        return some(
            [
                mapping_predicate(relation, dict(zip(known, row, strict=True)))
                for row in zip(*(columns[name] for name in known), strict=True)
            ]
        )
    return some(columns_predicates(relation, known, [columns[name] for name in known]))

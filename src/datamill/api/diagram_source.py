"""What a diagram can be made of, and what tables are called in it."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from datamill.algebra.propagation import stem
from datamill.api.schema import Schema
from datamill.api.table import Table
from datamill.errors import DataMillError, did_you_mean
from datamill.model.names import TableName

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def collect(source: Any) -> tuple[Connection, list[TableName]]:
    """Return the connection and the tables of a schema, table, module, or list of these.

    Raises:
        DataMillError: There is no table in it.
    """
    if isinstance(source, Schema):
        return source.connection, source._table_names()
    if isinstance(source, type) and issubclass(source, Table):
        source = source()
    if isinstance(source, Table):
        return source.connection, [source._name]
    if isinstance(source, types.ModuleType):
        return _collect_module(source)
    if isinstance(source, Iterable) and not isinstance(source, str):
        parts = [collect(item) for item in source]
        if parts:
            if any(connection is not parts[0][0] for connection, _ in parts):
                raise DataMillError(
                    "A diagram shows one database.", hint="Give tables of one connection only."
                )
            return parts[0][0], [name for _, names in parts for name in names]
    raise DataMillError(
        f"A diagram cannot be drawn from {source!r}.",
        hint="Give a schema, a table, a module of tables, or a list of them.",
    )


def _collect_module(module: types.ModuleType) -> tuple[Connection, list[TableName]]:
    values = list(vars(module).values())
    schemas = [value for value in values if isinstance(value, Schema) and value.is_activated()]
    tables = [
        value
        for value in values
        if isinstance(value, type)
        and getattr(value, "_bound_name", None)
        and value.__module__ == module.__name__
    ]
    if not schemas and not tables:
        raise DataMillError(
            f"Module {module.__name__} has no tables.", hint="Give a schema or tables instead."
        )
    return collect([*dict.fromkeys(schemas), *tables])


def labels_of(
    connection: Connection, names: Iterable[TableName], context: Mapping[str, Any] | None
) -> dict[TableName, str]:
    """Return the class names of tables that have a class, in a context or in the schemas in use."""
    wanted = set(names)
    labels: dict[TableName, str] = {}
    for name, value in (context or {}).items():
        _remember(labels, name, value)
    for schema in {name.schema for name in wanted}:
        found = connection.schemas.get(schema)
        for name, value in (found.classes if found is not None else {}).items():
            _remember(labels, name, value)
    return {name: label for name, label in labels.items() if name in wanted}


def _remember(labels: dict[TableName, str], label: str, value: Any) -> None:
    bound = getattr(value, "_bound_name", None)
    if not isinstance(value, type) or bound is None:
        return
    labels.setdefault(bound, label)
    for inner, part in list(vars(value).items()):
        part_name = getattr(part, "_bound_name", None)
        if isinstance(part, type) and part_name is not None and part_name.master == bound:
            labels.setdefault(part_name, f"{label}.{inner}")


def titles_of(connection: Connection, names: Iterable[TableName]) -> dict[str, str]:
    """Return the module of each schema whose classes all come from one module that no other schema shares."""
    modules: dict[str, str] = {}
    for schema in sorted({name.schema for name in names}):
        found = connection.schemas.get(schema)
        classes = found.classes.values() if found is not None else ()
        homes = {cls.__module__ for cls in classes} - {"__main__", "builtins", "datamill.api.classes"}
        if len(homes) == 1:
            modules[schema] = homes.pop()
    shared = list(modules.values())
    return {schema: module for schema, module in modules.items() if shared.count(module) == 1}


def find_table(key: Any, names: Iterable[TableName], labels: Mapping[TableName, str], what: str) -> TableName:
    """Return the table that a class, instance, class name or full name stands for.

    Args:
        key: What the user gave.
        names: The tables there are.
        labels: Class names.
        what: Where they are, for the message.

    Raises:
        DataMillError: None or several fit.
    """
    known = list(names)
    if isinstance(key, TableName):
        fitting = [name for name in known if name == key]
    elif isinstance(key, str):
        plain = key.replace("`", "").replace('"', "")
        fitting = [name for name in known if plain in _spellings(name, labels.get(name, name.class_name))]
    else:
        wanted = table_of(key)
        fitting = [name for name in known if name == wanted]
    if len(fitting) == 1:
        return fitting[0]
    shown = key if isinstance(key, str | TableName) else table_of(key)
    if fitting:
        raise DataMillError(
            f"{str(shown)!r} may be {' or '.join(map(str, fitting))}.", hint="Use the full name."
        )
    hint = did_you_mean(str(shown), [labels.get(name, name.class_name) for name in known])
    raise DataMillError(f"{str(shown)!r} is not in {what}.", hint=hint)


def _spellings(name: TableName, label: str) -> tuple[str, ...]:
    return (str(name), label, name.class_name, f"{name.schema}.{label}", f"{name.schema}.{name.class_name}")


def table_of(key: Any) -> TableName:
    """Return the table that a class or an expression over one table stands for.

    Raises:
        DataMillError: It is neither.
    """
    if isinstance(key, type) and issubclass(key, Table):
        key = key()
    relation = getattr(key, "__relation__", None)
    if relation is None:
        raise DataMillError(f"{key!r} is no table.", hint="Give a table class, an expression or a name.")
    return stem(relation()).spec.name

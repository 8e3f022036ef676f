"""How a table is called in a namespace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from datamill.errors import require
from datamill.model.names import TableName


def reference_namer(context: Mapping[Any, Any]) -> Callable[[TableName], str]:
    """Return a function that writes a table's name as it is known in a namespace, else quoted in full."""
    require(context, Mapping, "context must be a mapping of names")
    known: dict[TableName, str] = {}
    for name, value in context.items():
        if not isinstance(name, str) or name.startswith("__"):
            continue
        if isinstance(value, type):
            _remember_class(known, name, value)
        elif hasattr(value, "__dict__") and not isinstance(value, type):
            for inner, item in list(vars(value).items()):
                if isinstance(item, type):
                    _remember_class(known, f"{name}.{inner}", item)
    return lambda name: known.get(name, f"`{name.schema}`.`{name.table}`")


def _remember_class(known: dict[TableName, str], name: str, cls: type) -> None:
    bound = getattr(cls, "_bound_name", None)
    if bound is not None:
        known.setdefault(bound, name)
    for inner, part in vars(cls).items():
        part_name = getattr(part, "_bound_name", None)
        if part_name is not None:
            known.setdefault(part_name, f"{name}.{inner}")

"""Functions that DataJoint pipelines import from its submodules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from datamill.algebra.conditions import resolve
from datamill.api.default import conn
from datamill.compat.hashes import key_hash as key_hash
from datamill.data.preview import preview_html, preview_text
from datamill.errors import DataMillError
from datamill.model.names import TableName, base_to_class, class_to_base, split_tier

key = "KEY"
"""Stands for the primary key in ``fetch(dj.key)``."""


def is_key(value: object) -> bool:
    """True if a value stands for the primary key."""
    return isinstance(value, str) and value == key


def to_camel_case(text: str) -> str:
    """Return the class name of a table name: ``scan_info`` becomes ``ScanInfo``.

    Example:
        >>> to_camel_case("__scan_info")
        'ScanInfo'
    """
    return base_to_class(text.lstrip("_#~"))


def from_camel_case(text: str) -> str:
    """Return the table name of a class name: ``ScanInfo`` becomes ``scan_info``.

    Raises:
        DefinitionError: The name is not CamelCase.
    """
    return class_to_base(text)


def get_master(full_table_name: str, adapter: Any = None) -> str:
    """Return the full name of a part's master, quoted alike, or an empty text if the table is no part.

    Example:
        >>> get_master("`lab`.`__scan__frame`")
        '`lab`.`__scan`'
    """
    name = TableName.parse(full_table_name)
    master = split_tier(name.table)[2]
    return full_table_name.replace(name.table, master) if master else ""


def user_choice(prompt: str, choices: Sequence[str] = ("yes", "no"), default: str | None = None) -> str:
    """Ask at the terminal until one of the choices is given.

    Args:
        prompt: What to ask.
        choices: What may be answered; case does not count.
        default: What an empty answer means.
    """
    shown = ", ".join(choice.title() if choice == default else choice for choice in choices)
    while True:
        answer = input(f"{prompt} [{shown}]: ").strip().lower() or (default or "")
        if answer in choices:
            return answer


def make_condition(query_expression: Any, condition: Any, columns: set[str]) -> Any:
    """Resolve a condition against an expression; ``columns`` receives the names that it reads."""
    relation = query_expression.__relation__()
    columns.update(name for name in relation.heading.names if re.search(rf"\b{name}\b", str(condition)))
    return resolve(relation, condition)


def topo_sort(graph: Any) -> list[str]:
    """Return the tables of a dependency graph in topological order."""
    names: list[str] = graph.topo_sort()
    return names


def unite_master_parts(full_table_names: Iterable[str]) -> list[str]:
    """Return names in order, each part moved right behind its master.

    Example:
        >>> unite_master_parts(["`s`.`a`", "`s`.`b`", "`s`.`a__part`"])
        ['`s`.`a`', '`s`.`a__part`', '`s`.`b`']
    """
    ordered = list(full_table_names)
    parts: dict[str, list[str]] = {}
    for name in ordered:
        master = get_master(name)
        if master in ordered:
            parts.setdefault(master, []).append(name)
    united = []
    for name in ordered:
        if get_master(name) not in ordered:
            united += [name, *parts.get(name, ())]
    return united


def preview(query_expression: Any, limit: int | None = None, width: int | None = None) -> str:
    """Return the first rows of an expression as a text table."""
    return preview_text(
        query_expression.connection, query_expression.__relation__(), limit=limit, width=width
    )


def repr_html(query_expression: Any) -> str:
    """Return the first rows of an expression as an HTML table."""
    return preview_html(query_expression.connection, query_expression.__relation__())


def set_password(*arguments: Any, **options: Any) -> NoReturn:
    """Passwords are the database server's business.

    Raises:
        DataMillError: Always.
    """
    raise DataMillError("datamill does not change passwords.", hint="Use ALTER USER on the database server.")


def kill(*arguments: Any, **options: Any) -> NoReturn:
    """Connections of others are the database server's business.

    Raises:
        DataMillError: Always.
    """
    raise DataMillError(
        f"datamill does not end connections of others on {conn().dialect.name}.",
        hint="Use KILL or pg_terminate_backend on the database server.",
    )


class _Unavailable:
    reason = ""
    hint = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise DataMillError(self.reason, hint=self.hint)


class SparkAdapter(_Unavailable):
    """Raises: datamill does not run on Spark."""

    reason = "datamill does not run on Spark."
    hint = "Use to_arrow() and read the table from there."


class AttributeAdapter(_Unavailable):
    """Raises: adapters became codecs."""

    reason = "Attribute adapters became codecs."
    hint = "Subclass dm.Codec: encode and decode take the place of put and get."


class ExternalTable(_Unavailable):
    """Raises: the tables ~external_* belong to DataJoint 0.14."""

    reason = "External tables of DataJoint 0.14 have no counterpart."
    hint = "Use store-backed codecs such as <blob@store>."


class ExternalMapping(ExternalTable):
    """Raises: so did its tables."""

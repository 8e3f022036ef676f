"""What populate works on: a table, its maker, and the policies that apply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datamill.algebra.relations import Relation
from datamill.errors import ConfigError
from datamill.model.names import TableName
from datamill.model.table import TableSpec

if TYPE_CHECKING:
    from datamill.data.connection import Connection

Wrap = Callable[[Relation], Any]

POLICIES = {
    "transaction": ("flush", "make"),
    "contract": ("off", "warn", "strict"),
    "empty_make": ("warn", "error"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """An auto-populated table about to be populated.

    Fields:
        spec: The table.
        connection: Where it lives.
        maker: The object whose ``make`` (or its parts) computes a key.
        key_source: The keys to compute, restrictions not yet applied.
        wrap: Turns a relation into what users see (a query expression).
        reads, writes: Tables that ``make`` may touch beyond what the contract allows.
        transaction, contract, empty_make: Policies in force.
    """

    spec: TableSpec
    connection: Connection
    maker: Any
    key_source: Relation
    wrap: Wrap
    reads: frozenset[TableName] = frozenset()
    writes: frozenset[TableName] = frozenset()
    transaction: str = "flush"
    contract: str = "warn"
    empty_make: str = "warn"
    parts: tuple[TableName, ...] = field(default=())

    @property
    def name(self) -> TableName:
        """The table's name."""
        return self.spec.name


def policy(name: str, *candidates: Any) -> str:
    """Return the first given policy of a name.

    Args:
        name: ``transaction``, ``contract`` or ``empty_make``.
        *candidates: Values by precedence; None means not given.

    Raises:
        ConfigError: The value is none of the choices.
    """
    value = next(candidate for candidate in candidates if candidate is not None)
    if value not in POLICIES[name]:
        raise ConfigError(
            f"{name}={value!r} is no choice.",
            setting=f"jobs.{name}",
            hint=f"Choose from {', '.join(POLICIES[name])}.",
        )
    return str(value)


Keys = Sequence[dict[str, Any]]

"""What a dialect is: tables of spellings and capability flags, no code paths of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datamill.model.names import TableName
from datamill.model.types import AttributeType
from datamill.sql.dialects.traits import DefinitionTraits

if TYPE_CHECKING:
    from datamill.algebra.expression.tree import Call
    from datamill.sql.writer import Writer

Renderer = Callable[["Writer", "Call"], None]
"""Writes one function call; arguments are rendered by ``writer.expression``."""

AdapterOfType = Callable[[AttributeType], Callable[[Any], Any]]
"""Makes the function from canonical values to driver values for one type."""


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One SQL dialect; compared and hashed by identity.

    Fields:
        name: ``sqlite``, ``postgresql``, ``mysql`` or ``mariadb``.
        quote: The character around identifiers (doubled inside).
        placeholder: Text of a bound value, ``?`` or ``%s``.
        column_type: Kind -> function of the type giving the column's SQL type.
        to_driver: Kind -> function from a canonical Python value (never None) to what the driver binds; a kind
            that is absent passes unchanged.
        from_driver: Kind -> function from what the driver returns (never None) to the canonical Python value.
        to_driver_by_type: Kind -> function making, for one type, what stands in for ``to_driver`` (seconds with
            exactly the declared digits); `to_driver_for` picks the right one.
        functions: Canonical function name -> renderer; a name that is absent is written ``NAME(arg, ...)``.
        literal: Writes a value as inline SQL text (for `make_sql` only; statements bind).
        has_flat_names: Tables are named ``"schema.table"`` in one namespace.
        has_schema_ddl: Definitions can be part of a transaction.
        error_ends_transaction: After an error a transaction takes no more statements, unless it returns to a
            savepoint.
        has_conflict_target: ``INSERT`` takes ``ON CONFLICT (key)``.
        lists_rows_as_values: ``(a, b) IN`` wants ``(VALUES (1, 2), ...)`` instead of ``((1, 2), ...)``.
        has_infinity: Floats may be infinite.
        deletes_by_join: ``DELETE`` takes joins, and subqueries in it are slow.
        has_antijoin: ``NOT EXISTS`` is planned as a join, whatever the indexes.
        long_lists: How thousands of values are bound at once: ``json_each``, ``unnest``, or empty for one by one.
        share_lock: What follows a SELECT so that, within a transaction, it reads current rows and keeps others from
            changing them; empty where reads are current anyway.
        firm_lock: The same so that nobody can refer to these rows until the transaction ends.
        reads: Kind -> text around a column of the outermost SELECT, ``{}`` being the column.
        operands: Kind -> what follows a column within an expression, where its type there is not that of its values.
        collations: Kind -> what follows a computed value so that it is compared as a column of its kind is.
        explain: Words before a query that ask for its plan.
        explain_analyze: Words that also run it.
        ddl: Spellings and capabilities of table definitions.
        table_owners: Query of (schema, table, owner); empty where tables have no owners.
        grants_query: Lists the grants of this account, one text per row, where schemas can be hidden from it.
        ... further flags are added by the modules that need them, with a default.
    """

    name: str
    quote: str
    placeholder: str
    column_type: Mapping[str, Callable[[AttributeType], str]]
    to_driver: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    from_driver: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    to_driver_by_type: Mapping[str, Callable[[AttributeType], Callable[[Any], Any]]] = field(
        default_factory=dict
    )
    functions: Mapping[str, Renderer] = field(default_factory=dict)
    literal: Callable[[Any, AttributeType], str] = lambda value, type: repr(value)
    has_flat_names: bool = False
    has_schema_ddl: bool = True
    error_ends_transaction: bool = False
    has_conflict_target: bool = True
    lists_rows_as_values: bool = False
    has_infinity: bool = True
    deletes_by_join: bool = False
    has_antijoin: bool = False
    long_lists: str = ""
    share_lock: str = ""
    firm_lock: str = ""
    reads: Mapping[str, str] = field(default_factory=dict)
    operands: Mapping[str, str] = field(default_factory=dict)
    collations: Mapping[str, str] = field(default_factory=dict)
    explain: str = "EXPLAIN"
    explain_analyze: str = "EXPLAIN ANALYZE"
    ddl: DefinitionTraits = field(default_factory=DefinitionTraits)
    table_owners: str = ""
    grants_query: str = ""

    def to_driver_for(self, type: AttributeType) -> Callable[[Any], Any] | None:
        """Return the function from a canonical value (never None) to what the driver binds; None: as it is."""
        by_type = self.to_driver_by_type.get(type.kind)
        return by_type(type) if by_type is not None else self.to_driver.get(type.kind)

    def bound(self, value: Any, type: AttributeType) -> Any:
        """Return a canonical value (never None) as the driver binds it."""
        adapt = self.to_driver_for(type)
        return value if adapt is None else adapt(value)

    def from_driver_for(self, type: AttributeType) -> Callable[[Any], Any] | None:
        """Return the function from what the driver returns (never None) to the canonical value; None: as it is."""
        return self.from_driver.get(type.kind)

    def column(self, name: str, type: AttributeType) -> str:
        """Return what reads a column of a type exactly."""
        return self.reads.get(type.kind, "{}").format(self.identifier(name))

    def identifier(self, name: str) -> str:
        """Quote a name."""
        return f"{self.quote}{name.replace(self.quote, self.quote * 2)}{self.quote}"

    def table(self, name: TableName) -> str:
        """Quote a table name; this is its ``full_table_name``."""
        if self.has_flat_names:
            return self.identifier(f"{name.schema}.{name.table}")
        return f"{self.identifier(name.schema)}.{self.identifier(name.table)}"

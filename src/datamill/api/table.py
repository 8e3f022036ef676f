"""Tables: what can be done with the rows and the definition of one base table."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from datamill.algebra.relations import BaseTable, Relation
from datamill.api.binding import on_class, property_on_class
from datamill.api.expression import QueryExpression
from datamill.api.naming import reference_namer
from datamill.catalog import AlterPlan
from datamill.data import delete as deleting
from datamill.data import drop as dropping
from datamill.data import insert as inserting
from datamill.data import update as updating
from datamill.data import validate as validating
from datamill.data.insert import PartRows
from datamill.errors import DataMillError, DefinitionError
from datamill.language import describe
from datamill.model.names import TableName

if TYPE_CHECKING:
    from datamill.data.connection import Connection
    from datamill.data.delete_plan import DeletePlan
    from datamill.data.staged import StagedInsert
    from datamill.data.validate import ValidationResult
    from datamill.model.table import TableSpec


class Table(QueryExpression):
    """A base table of the database. Users meet it as `Manual`, `Lookup`, `Computed` and the like, or `FreeTable`."""

    @property
    def _name(self) -> TableName:
        raise DataMillError(f"{type(self).__name__} has no table.")

    @property
    def _spec(self) -> TableSpec:
        return self.connection.catalog.spec(self._name)

    def __relation__(self) -> Relation:
        if self._relation_cache is not None:
            return self._relation_cache
        connection = self.connection
        return BaseTable(connection.catalog.spec(self._name), connection)

    # names and definition --------------------------------------------------------------------------------------

    @property_on_class
    def database(self) -> str:
        """The schema's name."""
        return self._name.schema

    @property_on_class
    def table_name(self) -> str:
        """The physical name within the schema, tier prefix included."""
        return self._name.table

    @property_on_class
    def full_table_name(self) -> str:
        """The qualified name as the database quotes it."""
        return self.connection.dialect.table(self._name)

    @property_on_class
    def class_name(self) -> str:
        """The class name: ``Scan``, or ``Scan.Frame`` for a part."""
        return self._name.class_name

    @property_on_class
    def is_declared(self) -> bool:
        """True if the table exists in the database."""
        return self.connection.catalog.has(self._name)

    @on_class
    def describe(self, context: Any = None, printout: bool = False) -> str:
        """Return the definition of the table as it is in the database.

        Args:
            context: Mapping in which parents are looked up for short names; default where the class was declared.
            printout: Also log it.

        Returns:
            Text that `parse_definition` reads back exactly.
        """
        text = describe(self._spec, self._reference_namer(context), self.connection.catalog.find)
        if printout:
            from datamill.settings.log import logger

            logger.info("\n%s", text)
        return text

    def _reference_namer(self, context: Mapping[str, Any] | None) -> Any:
        return reference_namer(context or {})

    # rows ------------------------------------------------------------------------------------------------------

    @on_class
    def insert(
        self,
        rows: Any,
        replace: bool = False,
        skip_duplicates: bool = False,
        ignore_extra_fields: bool = False,
        allow_direct_insert: bool | None = None,
        chunk_size: int | None = None,
        *,
        parts: PartRows | None = None,
    ) -> None:
        """Insert rows, all or none.

        Args:
            rows: Iterable of mappings (or rows giving every attribute in order), structured array, pandas or polars
                DataFrame, Arrow table, path of a CSV or Parquet file, or query expression.
            replace: Overwrite the other attributes of rows whose primary key exists.
            skip_duplicates: Pass over rows whose primary key exists.
            ignore_extra_fields: Pass over fields that are no attributes.
            allow_direct_insert: Allow rows in auto-populated tables outside ``make``.
            chunk_size: Commit every so many rows.
            parts: Rows of part tables to insert in the same transaction: part class or name -> rows.

        Raises:
            DuplicateError, IntegrityError, InvalidValueError, MissingAttributeError, UnknownAttributeError:
                Nothing is stored.
        """
        inserting.insert(
            self.connection,
            self._spec,
            rows,
            replace=replace,
            skip_duplicates=skip_duplicates,
            ignore_extra_fields=ignore_extra_fields,
            allow_direct_insert=allow_direct_insert,
            chunk_size=chunk_size,
            parts=parts,
        )

    @on_class
    def insert1(self, /, row: Any, **options: Any) -> None:
        """Insert one row; arguments as for `insert`. Rows of ``parts=`` may omit the master's key."""
        inserting.insert1(self.connection, self._spec, row, **options)

    @property_on_class
    def staged_insert1(self) -> StagedInsert:
        """A context manager that makes one row with objects written in place, for what does not fit in memory.

        Example:
            >>> with Movie.staged_insert1 as staged:
            ...     staged.rec.update(animal=3, run=1)
            ...     frames = zarr.open(staged.store("frames", ".zarr"), mode="w", shape=(900, 64, 64), dtype="u2")
        """
        from datamill.data.staged import StagedInsert

        return StagedInsert(self.connection, self._spec)

    @on_class
    def insert_dataframe(self, /, df: Any, index_as_pk: bool | None = None, **options: Any) -> None:
        """Insert a DataFrame.

        Args:
            df: pandas, polars or Arrow table.
            index_as_pk: True: the index names must be the primary key. False: drop the index. None: use it if it fits.
            **options: As for `insert`.
        """
        inserting.insert_dataframe(self.connection, self._spec, df, index_as_pk=index_as_pk, **options)

    @on_class
    def validate(
        self,
        rows: Any,
        *,
        ignore_extra_fields: bool = False,
        parts: PartRows | None = None,
        check_database: bool = False,
    ) -> ValidationResult:
        """Check rows as `insert` would, storing nothing.

        Args:
            rows: As for `insert`.
            ignore_extra_fields: As for `insert`.
            parts: As for `insert`.
            check_database: Also look for existing keys and missing parents.
        """
        return validating.validate(
            self.connection,
            self._spec,
            rows,
            ignore_extra_fields=ignore_extra_fields,
            parts=parts,
            check_database=check_database,
        )

    @on_class
    def update1(self, row: Mapping[str, Any]) -> None:
        """Change secondary attributes of one existing row.

        Args:
            row: The complete primary key and the attributes to change; None sets the default.

        Raises:
            DataMillError: The table is restricted, the key incomplete, or no such row exists.
        """
        self._require_unrestricted("update1")
        updating.update1(self.connection, self._spec, row)

    def _require_unrestricted(self, method: str) -> None:
        if not isinstance(self.__relation__(), BaseTable):
            raise DataMillError(f"{method} works on the whole table, not on a restricted one.")

    @on_class
    def delete(
        self,
        /,
        transaction: bool = True,
        prompt: bool | None = None,
        part_integrity: str = "enforce",
        *,
        trash: bool | None = None,
        **legacy: Any,
    ) -> int:
        """Delete the rows and everything that depends on them, after showing what would go.

        Args:
            transaction: One transaction (True), or commit table by table (False).
            prompt: Ask before deleting; default ``config.safemode``.
            part_integrity: ``"enforce"``, ``"ignore"`` or ``"cascade"``, for part rows without their master row.
            trash: Keep what is removed in the trash (`datamill.trash`); default ``config.delete.trash``.
            **legacy: ``safemode``, ``force``, ``force_parts``, ``force_masters`` of DataJoint 0.14.

        Returns:
            The number of rows of this table removed.
        """
        return deleting.delete(
            self.connection,
            self.__relation__(),
            transaction=transaction,
            prompt=prompt,
            part_integrity=part_integrity,
            trash=trash,
            **legacy,
        )

    @on_class
    def plan_delete(self, part_integrity: str = "enforce") -> DeletePlan:
        """Work out what `delete` would remove; see `DeletePlan`."""
        return deleting.plan_delete(
            self.connection, self.__relation__(), part_integrity, self._derive, _draw_plan
        )

    @on_class
    def delete_quick(self, get_count: bool = False) -> int | None:
        """Delete matching rows without cascade or prompt; referenced rows raise IntegrityError.

        Args:
            get_count: Return the number of rows removed.
        """
        return deleting.delete_quick(self.connection, self.__relation__(), get_count)

    # the table itself ------------------------------------------------------------------------------------------

    @on_class
    def drop(
        self, prompt: bool | None = None, part_integrity: str = "enforce", force: bool | None = None
    ) -> None:
        """Drop the table and all that depend on it, after showing what would go.

        Args:
            prompt: Ask before dropping; default ``config.safemode``.
            part_integrity: ``"ignore"`` allows dropping a part without its master.
            force: Older spelling of ``part_integrity="ignore"``.
        """
        self._require_unrestricted("drop")
        if force:
            part_integrity = "ignore"
        dropping.drop(self.connection, self._name, prompt=prompt, part_integrity=part_integrity)

    @on_class
    def drop_quick(self) -> None:
        """Drop this table only, without prompt; a referenced table raises IntegrityError."""
        dropping.drop_quick(self.connection, self._name)

    @on_class
    def alter(
        self,
        prompt: bool = True,
        context: Any = None,
        *,
        renames: Mapping[str, str] | None = None,
        fill: Mapping[str, Any] | None = None,
        allow_data_loss: bool = False,
        reorder: bool = False,
        dry_run: bool = False,
    ) -> AlterPlan:
        """Make the table in the database match the definition in code.

        Args:
            prompt: Show the plan and ask.
            context: Namespace for the definition's references.
            renames: ``{"new": "old"}`` for attributes that changed their name.
            fill: Values of new required attributes for existing rows.
            allow_data_loss: Allow dropping attributes that hold values, and conversions in which values lose something.
            reorder: Also put attributes in the order of the definition, where the database can do so only by copying
                the table (SQLite, PostgreSQL); elsewhere this is always done.
            dry_run: Only return the plan.
        """
        raise DefinitionError(f"{self.class_name} has no definition in code to alter to.")

    def _neighbours(
        self, direction: str, primary: bool | None, as_objects: bool, foreign_key_info: bool
    ) -> list[Any]:
        graph = self.connection.catalog.graph()
        edges = graph.parents(self._name) if direction == "parents" else graph.children(self._name)
        found = []
        for edge in edges:
            if primary is None or edge.primary == primary:
                name = edge.parent if direction == "parents" else edge.child
                entry = self._entry(name, as_objects)
                info = {
                    "attr_map": dict(edge.attribute_map),
                    "primary": edge.primary,
                    "aliased": edge.aliased,
                    "multi": edge.multi,
                }
                found.append((entry, info) if foreign_key_info else entry)
        return found

    def _entry(self, name: TableName, as_objects: bool) -> Any:
        return FreeTable(self.connection, str(name)) if as_objects else self.connection.dialect.table(name)

    @on_class
    def parents(
        self, primary: bool | None = None, as_objects: bool = False, foreign_key_info: bool = False
    ) -> list[Any]:
        """Tables this one references, one entry per foreign key.

        Args:
            primary: Only foreign keys wholly in the primary key (True), or the others (False).
            as_objects: Return FreeTables instead of full names.
            foreign_key_info: Return pairs (entry, edge attributes).
        """
        return self._neighbours("parents", primary, as_objects, foreign_key_info)

    @on_class
    def children(
        self, primary: bool | None = None, as_objects: bool = False, foreign_key_info: bool = False
    ) -> list[Any]:
        """Tables that reference this one, one entry per foreign key; arguments as for `parents`."""
        return self._neighbours("children", primary, as_objects, foreign_key_info)

    @on_class
    def ancestors(self, as_objects: bool = False) -> list[Any]:
        """This table and all it depends on, itself first, in reverse topological order."""
        return [
            self._entry(name, as_objects) for name in self.connection.catalog.graph().ancestors(self._name)
        ]

    @on_class
    def descendants(self, as_objects: bool = False) -> list[Any]:
        """This table and all that depend on it, itself first, in topological order."""
        return [
            self._entry(name, as_objects) for name in self.connection.catalog.graph().descendants(self._name)
        ]

    @on_class
    def parts(self, as_objects: bool = False) -> list[Any]:
        """The part tables of this master."""
        return [self._entry(name, as_objects) for name in self.connection.catalog.graph().parts(self._name)]


def _draw_plan(plan: DeletePlan) -> Any:
    """Return the diagram of a plan. Diagrams are made of tables, so that this module cannot import them."""
    return import_module("datamill.api.diagram").Diagram.of_plan(plan)


class FreeTable(Table):
    """A table without a class.

    Args:
        *arguments: ``FreeTable(connection, full_name)``, or ``FreeTable(full_name)`` on the default connection.

    Raises:
        MissingTableError: There is no such table.

    Example:
        >>> import datamill as dm
        >>> rigs = dm.FreeTable("lab.#rig")  # doctest: +SKIP
    """

    def __init__(self, *arguments: Any) -> None:
        if len(arguments) == 2:
            connection, name = arguments
        else:
            from datamill.api.default import conn

            if len(arguments) != 1:
                raise TypeError("FreeTable takes a full name, or a connection and a full name.")
            (name,) = arguments
            connection = conn()
        self._connection_cache: Connection | None = connection
        self._free_name = TableName.parse(name)
        self._relation_cache: Relation | None = BaseTable(self._spec, self.connection)

    @property
    def _name(self) -> TableName:
        return self._free_name

    @property_on_class
    def definition(self) -> str:
        """The definition as the database has it."""
        return self.describe()

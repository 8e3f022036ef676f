"""How a dialect writes table definitions: spellings and capability flags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from datamill.model.names import LONGEST_NAME
from datamill.model.types import AttributeType


@dataclass(frozen=True, slots=True)
class DefinitionTraits:
    """Spellings and capabilities of table definitions.

    Fields:
        checks: Kind -> function of the quoted column and its type giving the condition of a CHECK, or empty.
        collations: Kind -> COLLATE clause of its columns.
        code_point_collation: Collation in which text columns without one of their own are compared; empty where
            columns have none, or always the same.
        now: Function of a type giving the default expression for the present moment.
        native_types: Native types are written as the user spelled them.
        auto_increment: What follows the column type of a key that the database numbers.
        auto_increment_type: Its column type, where it is not that of the kind.
        auto_increment_is_key: The numbered column carries the words ``PRIMARY KEY`` itself.
        restart_numbering: Statement that numbers new rows after the largest number there is, with ``{table}`` and
            ``{column}`` quoted and ``{table_text}`` and ``{column_text}`` as strings; empty where that goes by itself.
        quotes_defaults: Default values are written as strings, whatever their type.
        enum_types: Enums are named types of the schema.
        inline_comments: Comments stand in CREATE TABLE.
        comment: From a comment to what is written.
        comment_statements: Comments are statements of their own.
        catalog_tables: Schemas, tables and comments are rows of tables of our own (spec 06 §9).
        inline_indexes: Indexes stand, unnamed, in CREATE TABLE.
        indexes_foreign_keys: Foreign keys need an index made for them.
        expression_indexes: Indexes take expressions; else a generated hidden column carries each.
        index_text, unique_index_text: What an index takes of an expression that gives text, as template and type; empty
            if it takes texts of any length as they are.
        clustered_keys: Small rows are stored in the key's tree (``WITHOUT ROWID``).
        marks_inherited_extras: Columns inherited with a type that DataJoint does not know have a type record.
        inverse_types: Column type in lower case -> core type, for columns without type record, where it is not the
            one that most databases mean.
        options: What follows the closing parenthesis, such as ``ENGINE=InnoDB``.
        create_schema: Words that create a schema, or empty where schemas are rows of the catalog tables.
        drop_schema: Words that drop a schema, likewise.
        replica_identity: Statement that says how much of a changed row the server's log holds, with ``{table}`` quoted
            and ``{mode}``; empty where there is no such thing.
        keep_compressed: Statement for a column of bytes that a codec has compressed: the server need not try, too; with
            ``{table}`` and ``{column}`` quoted; empty where it never does.
        lock_definitions: Statement that makes others who change definitions wait until the transaction ends; empty
            where they do so anyway.
        unlock_definitions: Statement that lets them go on, where the end of the transaction does not.
        named_objects: Query for the enum types of the schemas given as one array, and for whatever else has a name
            there that no index may have: schema, name, and the labels of a type; empty where tables have no such
            things beside them.
        attached: Query for what others put on tables; see `datamill.sql.dialects.attached`.
        keeps_order: Columns of a table get another order only by copying it.
        system_columns: Names that the database keeps for columns of its own in every table.
        unused_types: Query for the enum types of the schemas given as one array that no column uses: schema, name.
        longest_table_name: Bytes that the name of a table may have.
        longest_platform_name: The same for the platform's own tables, whose names may be a byte longer than those they
            belong to.
        longest_child_name: Bytes that the name of a table with foreign keys may have, if the server makes longer ones
            of it for those; else None.
        longest_index_name: Bytes of the names of indexes; the server cuts longer ones. None if it does not.
    """

    checks: Mapping[str, Callable[[str, AttributeType], str]] = field(default_factory=dict)
    collations: Mapping[str, str] = field(default_factory=dict)
    code_point_collation: str = ""
    now: Callable[[AttributeType], str] = lambda type: "CURRENT_TIMESTAMP"
    native_types: bool = False
    auto_increment: str = ""
    auto_increment_type: str = ""
    auto_increment_is_key: bool = False
    restart_numbering: str = ""
    quotes_defaults: bool = True
    enum_types: bool = False
    inline_comments: bool = False
    comment: Callable[[str], str] = str
    comment_statements: bool = False
    catalog_tables: bool = False
    inline_indexes: bool = False
    indexes_foreign_keys: bool = True
    expression_indexes: bool = True
    index_text: tuple[str, str] | None = None
    unique_index_text: tuple[str, str] | None = None
    clustered_keys: bool = False
    marks_inherited_extras: bool = False
    inverse_types: Mapping[str, str] = field(default_factory=dict)
    options: str = ""
    create_schema: str = "CREATE SCHEMA IF NOT EXISTS"
    drop_schema: str = "DROP SCHEMA IF EXISTS"
    replica_identity: str = ""
    keep_compressed: str = ""
    lock_definitions: str = ""
    unlock_definitions: str = ""
    named_objects: str = ""
    attached: str = ""
    keeps_order: bool = False
    system_columns: frozenset[str] = frozenset()
    unused_types: str = ""
    longest_table_name: int = LONGEST_NAME
    longest_platform_name: int = LONGEST_NAME + 1
    longest_child_name: int | None = None
    longest_index_name: int | None = None

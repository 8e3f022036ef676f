"""Indexes of a table: declared ones, those of unique foreign keys, and those that foreign keys need."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from datamill.algebra.expression.tree import Call, Column, Expression, walk
from datamill.errors import DefinitionError
from datamill.model.table import ForeignKey, Index, IndexPart, TableSpec
from datamill.sql.dialects.base import Dialect
from datamill.sql.writer import Writer

_LONGEST_SUFFIX = 30
"""Characters that the columns contribute to an index name."""


@dataclass(frozen=True, slots=True)
class IndexText:
    """One index, ready to be written: its name, its parts as SQL, and hidden generated columns that it needs.

    Fields: ``declared`` is the line of the definition, if the database's own text of it would be another one.
    """

    name: str
    parts: tuple[str, ...]
    unique: bool
    generated_columns: tuple[str, ...] = ()
    declared: str = ""


def all_indexes(spec: TableSpec, dialect: Dialect) -> list[Index]:
    """Return the declared indexes, one for each unique foreign key, and those that plain foreign keys need."""
    indexes = [*(_of_columns(key, unique=True) for key in spec.foreign_keys if key.unique), *spec.indexes]
    if not dialect.ddl.indexes_foreign_keys:
        return indexes
    covered = [spec.physical_key, *(index.attributes for index in indexes)]
    plain = [key for key in spec.foreign_keys if not key.unique]
    for key in sorted(plain, key=lambda item: -len(item.attributes)):
        if not any(set(key.attributes) == set(names[: len(key.attributes)]) for names in covered):
            indexes.append(_of_columns(key, unique=False))
            covered.append(key.attributes)
    return indexes


def _of_columns(key: ForeignKey, unique: bool) -> Index:
    return Index(tuple(IndexPart(name) for name in key.attributes), unique)


def index_texts(spec: TableSpec, dialect: Dialect, taken: Collection[str] = ()) -> list[IndexText]:
    """Return all indexes of a table with names that nothing in ``taken`` has."""
    texts: list[IndexText] = []
    used = set(taken)
    for index in all_indexes(spec, dialect):
        name = next(item for item in _names(spec, index, dialect) if item not in used)
        used.add(name)
        texts.append(_text(spec, index, name, dialect, sum(len(text.generated_columns) for text in texts)))
    return texts


def _names(spec: TableSpec, index: Index, dialect: Dialect) -> Iterator[str]:
    columns = "_".join(re.sub(r"\W+", "_", str(part)).strip("_") for part in index.parts)[:_LONGEST_SUFFIX]
    # Flat names share one space with all tables: the dot keeps a table a_b apart from a column b of a.
    base = f"idx_{spec.name}.{columns}" if dialect.has_flat_names else f"idx_{spec.name.table}_{columns}"
    longest = dialect.ddl.longest_index_name
    yield cut(base, longest)
    number = 2
    while True:
        suffix = f"_{number}"
        yield cut(base, longest, len(suffix)) + suffix
        number += 1


def cut(name: str, longest: int | None, room: int = 0) -> str:
    """Return what a server keeps of a name that is too long: whole characters, with room for more if wanted.

    Args:
        name: The name.
        longest: Bytes that names may have; None: any number.
        room: Bytes to leave for what follows.

    Example:
        >>> cut("idx_mäuse", 6), cut("idx_mäuse", 7)
        ('idx_m', 'idx_mä')
    """
    return name if longest is None else name.encode()[: longest - room].decode(errors="ignore")


def _text(spec: TableSpec, index: Index, name: str, dialect: Dialect, generated_before: int) -> IndexText:
    parts: list[str] = []
    generated: list[str] = []
    for part in index.parts:
        if part.attribute is not None and part.path is None:
            parts.append(dialect.identifier(part.attribute))
            continue
        expression = part_expression(spec, part)
        _check_lasting(spec, part, expression)
        text, type = _sql(expression, dialect), dialect.column_type[expression.type.kind](expression.type)
        wanted = dialect.ddl.unique_index_text if index.unique else dialect.ddl.index_text
        if expression.type.family == "text" and wanted is not None:
            text, type = wanted[0].format(text), wanted[1]
        if dialect.ddl.expression_indexes:
            parts.append(f"({text})")
            continue
        column = dialect.identifier(f"_index_{generated_before + len(generated) + 1}")
        generated.append(f"{column} {type} GENERATED ALWAYS AS ({text}) VIRTUAL INVISIBLE")
        parts.append(column)
    words = "unique index" if index.unique else "index"
    declared = "" if index.attributes else f"{words} ({', '.join(map(str, index.parts))})"
    return IndexText(name, tuple(parts), index.unique, tuple(generated), declared)


_CHANGING = frozenset(("NOW", "CURDATE", "RAND"))
"""Functions whose value is another one at another moment."""


def _check_lasting(spec: TableSpec, part: IndexPart, expression: Expression) -> None:
    """Refuse what no index can hold; some databases would take it and then refuse every row."""
    nodes = list(walk(expression))
    changing = [node.function for node in nodes if isinstance(node, Call) and node.function in _CHANGING]
    if changing or not any(isinstance(node, Column) for node in nodes):
        reason = f"{changing[0]} changes" if changing else "it reads no attribute"
        raise DefinitionError(
            f"{part} of {spec.name} cannot be indexed: {reason}.",
            table=str(spec.name),
            hint="Index attributes, or expressions of nothing but attributes and constants.",
        )


def part_expression(spec: TableSpec, part: IndexPart) -> Expression:
    """Return what an index part computes, typed.

    Raises:
        QuerySyntaxError, UnknownAttributeError: The expression does not fit the table.
    """
    from datamill.algebra.expression import parse_expression  # loads sqlglot, which few tables need

    text = part.expression
    if text is None:
        returning = f" RETURNING {part.type.text}" if part.type is not None else ""
        path = f"$.{part.path}".replace("'", "''")
        text = f"JSON_VALUE({part.attribute}, '{path}'{returning})"
    return parse_expression(text, spec.heading)


def _sql(expression: Expression, dialect: Dialect) -> str:
    """Write an expression with its constants in the text: definitions bind nothing."""
    from datamill.sql.expressions import write_expression

    writer = Writer(dialect, inline=True)
    write_expression(writer, expression)
    return writer.finish().sql

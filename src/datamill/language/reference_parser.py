"""The parser of foreign key lines: ``-> [options] reference.proj(items) # text``."""

from __future__ import annotations

import re

from datamill.errors import DataMillError, DefinitionError, did_you_mean
from datamill.language.source import SourceLine, closing, split_commas, unquote
from datamill.language.tree import ForeignKeyLine, ProjectionItem, Reference
from datamill.model.names import ATTRIBUTE_NAME, TableName, check_name

OPTIONS = ("nullable", "unique")

_BLANKS = re.compile(r"\s*")
_QUOTED = re.compile(r'`[^`]+`\s*\.\s*`[^`]+`|"[^".]+"\s*\.\s*"[^"]+"|"[^".]+\.[^"]+"')
_DOTTED = re.compile(r"[^\W\d]\w*(?:\s*\.\s*(?!proj\s*\()[^\W\d]\w*)*")
_INSTANCE = re.compile(r"\s*\(\s*\)")
_PROJECTION = re.compile(r"\s*\.\s*proj\s*(?=\()")
_ITEM = re.compile(r"""(?:(?P<new>\w+)\s*=\s*)?(?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")\Z""")


def parse_foreign_key(line: SourceLine) -> ForeignKeyLine:
    """Read a line that starts with ``->``.

    Raises:
        DefinitionError: It breaks the grammar.
    """
    options, offset = _options(line, _blanks(line, 2))
    reference, offset = _reference(line, offset)
    instance = _INSTANCE.match(line.text, offset)
    offset = instance.end() if instance else offset
    items, offset = _projection(line, offset)
    offset = _blanks(line, offset)
    if offset < len(line.text) and line.text[offset] != "#":
        raise line.error(
            f"{line.text[offset:]!r} is out of place behind a foreign key.",
            offset,
            "A foreign key references a whole table; only .proj(new='old') may follow its name.",
        )
    return ForeignKeyLine(reference, "nullable" in options, "unique" in options, items, line.at())


def parse_reference(text: str) -> Reference:
    """Read the name of a table as a foreign key would give it.

    Raises:
        DefinitionError: The text is neither a dotted name nor a quoted full name.

    Example:
        >>> parse_reference("`lab`.`#rig`").table
        TableName(schema='lab', table='#rig')
    """
    line = SourceLine(0, text)
    reference, offset = _reference(line, 0)
    if offset != len(line.text):
        raise line.error(f"{text!r} is not the name of a table.")
    return reference


def _blanks(line: SourceLine, start: int) -> int:
    match = _BLANKS.match(line.text, start)
    return match.end() if match else start


def _options(line: SourceLine, start: int) -> tuple[set[str], int]:
    if line.text[start : start + 1] != "[":
        return set(), start
    end = closing(line, start)
    options: set[str] = set()
    for offset, written in split_commas(line, start + 1, end):
        option = written.lower()
        if option not in OPTIONS:
            hint = did_you_mean(option[:60], OPTIONS) or f"The options are {' and '.join(OPTIONS)}."
            raise line.error(f"{written!r} is not an option of foreign keys.", offset, hint)
        if option in options:
            raise line.error(f"The option {option!r} is given twice.", offset, "Give it once.")
        options.add(option)
    return options, _blanks(line, end + 1)


def _reference(line: SourceLine, start: int) -> tuple[Reference, int]:
    quoted = _QUOTED.match(line.text, start)
    if quoted is not None:
        try:
            table = TableName.parse(re.sub(r"""(?<=[`"])\s*\.\s*(?=[`"])""", ".", quoted[0]))
        except DataMillError as error:
            raise line.error(f"{quoted[0]!r} is not a full table name.", start, error.hint) from None
        return Reference(quoted_name(table), table, line.at(start)), quoted.end()
    dotted = _DOTTED.match(line.text, start)
    if dotted is None:
        what = (
            f"{line.text[start:]!r} is not the name of a table."
            if line.text[start:]
            else "No table is named."
        )
        raise line.error(what, start, "Write -> ParentTable, -> module.ParentTable or -> `schema`.`table`.")
    return Reference(re.sub(r"\s", "", dotted[0]), None, line.at(start)), dotted.end()


def quoted_name(table: TableName) -> str:
    """Write a full table name in quotes that it does not contain."""
    mark = '"' if "`" in table.schema + table.table else "`"
    return f"{mark}{table.schema}{mark}.{mark}{table.table}{mark}"


def _projection(line: SourceLine, start: int) -> tuple[tuple[ProjectionItem, ...], int]:
    opening = _PROJECTION.match(line.text, start)
    if opening is None:
        return (), start
    end = closing(line, opening.end())
    pieces = split_commas(line, opening.end() + 1, end)
    if pieces == [(end, "")]:
        return (), end + 1
    items = tuple(_item(line, offset, piece) for offset, piece in pieces)
    _check_renames(line, items)
    return items, end + 1


def _item(line: SourceLine, offset: int, piece: str) -> ProjectionItem:
    if piece == "...":
        return ProjectionItem(None, piece, line.at(offset))
    match = _ITEM.match(piece)
    if match is None:
        raise line.error(f"{piece!r} is not an item of proj.", offset, "Write new='old'.")
    new, old = match["new"], unquote(match["string"])
    if new is not None and ATTRIBUTE_NAME.match(new) is None:
        raise line.error(
            f"{new!r} cannot name an attribute.",
            offset,
            "Names are lower-case letters, digits and underscores, and start with a letter.",
        )
    if new is not None:
        try:
            check_name(new, "attribute")
        except DefinitionError as error:
            raise line.locate(error, offset) from None
    return ProjectionItem(new, old, line.at(offset))


def _check_renames(line: SourceLine, items: tuple[ProjectionItem, ...]) -> None:
    renames = [item for item in items if item.new is not None]
    for place, item in enumerate(renames):
        for earlier in renames[:place]:
            if item.new == earlier.new:
                raise line.error(f"The new name {item.new!r} is given twice.", hint="Give each name once.")
            if item.old == earlier.old:
                raise line.error(f"{item.old!r} is renamed twice.", hint="Give it one new name.")

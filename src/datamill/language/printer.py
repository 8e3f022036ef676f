"""The printer: from a syntax tree to the text of a definition."""

from __future__ import annotations

from datamill.language.source import quote
from datamill.language.tree import (
    AttributeLine,
    Default,
    Definition,
    ForeignKeyLine,
    IndexLine,
    Line,
    ProjectionItem,
)


def print_definition(definition: Definition) -> str:
    r"""Write a definition as text; parsing it gives an equal definition.

    Args:
        definition: The syntax tree.

    Returns:
        One declaration per line, ending in a newline.

    Example:
        >>> from datamill.language import parse_definition
        >>> print_definition(parse_definition("a:int32=5#count"))
        'a=5 : int32 # count\n'
    """
    head = [f"# {definition.comment}"] if definition.comment else []
    return "".join(line + "\n" for line in (*head, *map(print_line, definition.lines)))


def print_line(line: Line) -> str:
    """Write one line of a definition, without a newline."""
    match line:
        case AttributeLine():
            return _attribute(line)
        case ForeignKeyLine():
            return _foreign_key(line)
        case IndexLine():
            return f"{'unique ' if line.unique else ''}index ({', '.join(map(str, line.parts))})"
        case _:
            return "---"


def _attribute(line: AttributeLine) -> str:
    default = "" if line.default is None else f"={_default(line.default)}"
    comment = f" # {line.comment}" if line.comment else ""
    return f"{line.name}{default} : {line.type.text}{comment}"


def _default(default: Default) -> str:
    if default.kind == "now":
        return f"CURRENT_TIMESTAMP({default.text})" if default.text else "CURRENT_TIMESTAMP"
    return quote(default.text) if default.kind == "string" else default.text


def _foreign_key(line: ForeignKeyLine) -> str:
    options = [name for name, given in (("nullable", line.nullable), ("unique", line.unique)) if given]
    prefix = f"[{', '.join(options)}] " if options else ""
    projection = f".proj({', '.join(map(_item, line.items))})" if line.items else ""
    return f"-> {prefix}{line.reference.text}{projection}"


def _item(item: ProjectionItem) -> str:
    if item.new is None and item.old == "...":
        return item.old
    return quote(item.old) if item.new is None else f"{item.new}={quote(item.old)}"

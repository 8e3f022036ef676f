"""The parser: from the text of a definition to its syntax tree."""

from __future__ import annotations

import re

from datamill.errors import DefinitionError
from datamill.language.index_parser import INDEX, misspelt_index, parse_index
from datamill.language.reference_parser import parse_foreign_key
from datamill.language.source import SourceLine, closing, source_lines, structure, unquote
from datamill.language.tree import AttributeLine, Default, Definition, Line, SeparatorLine
from datamill.model.names import ATTRIBUTE_NAME, check_name
from datamill.model.types import AttributeType, parse_type

LONGEST_COMMENT = 1024
"""Characters that the comment of an attribute may have, together with its type record ``:type:``."""
LONGEST_TABLE_COMMENT = 2048
"""Characters that a table comment may have."""

_SEPARATOR = re.compile(r"-{3,}\s*(?:#.*)?\Z")
_NOW = re.compile(r"(?:CURRENT_TIMESTAMP|NOW)\s*(?:\(\s*(?P<digits>[0-9]?)\s*\))?\Z", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?\Z")
_CLASS = re.compile(r"(?:[a-z_]\w*\.)*[A-Z]\w*(?:\.\w+)*\Z")
_RENAMED = re.compile(r"\((?P<new>[\w\s,]*)\)\s*->\s*(?:\[[^\]]*\]\s*)?(?P<parent>[\w.]+)")
_BAREWORD = re.compile(r"""[^\s'"()<>#:=,]+\Z""")


def parse_definition(text: str, table: str | None = None) -> Definition:
    """Read a table definition.

    Args:
        text: The definition, one declaration per line.
        table: The name of the table, for messages.

    Returns:
        The syntax tree. Types are read; names of tables and attributes are not resolved.

    Raises:
        DefinitionError: The text breaks the grammar; ``line_number``, ``line`` and ``column`` say where.

    Example:
        >>> definition = parse_definition('''
        ... # mice of the lab
        ... mouse_id : int32       # ear tag
        ... ---
        ... -> [nullable] User
        ... sex = 'U' : enum('F', 'M', 'U')
        ... ''')
        >>> definition.comment, [line.name for line in definition.attributes]
        ('mice of the lab', ['mouse_id', 'sex'])
    """
    comment = ""
    lines: list[Line] = []
    seen: dict[str, int] = {}
    for index, line in enumerate(source_lines(text, table)):
        if line.text.startswith("#"):
            if index == 0:
                comment = _comment(line, 0, LONGEST_TABLE_COMMENT)
            continue
        node = _parse_line(line)
        _check_repetition(line, node, seen)
        lines.append(node)
    definition = Definition(tuple(lines), comment)
    if not definition.attributes and not definition.foreign_keys:
        subject = f"The definition of {table}" if table else "The definition"
        raise DefinitionError(
            f"{subject} declares nothing.", table=table, hint="Declare at least one attribute or foreign key."
        )
    return definition


def _parse_line(line: SourceLine) -> Line:
    if line.text.startswith("->"):
        return parse_foreign_key(line)
    if line.text.startswith(("-", "___")):
        return _parse_separator(line)
    if INDEX.match(line.text):
        return parse_index(line)
    return _parse_attribute(line)


def _check_repetition(line: SourceLine, node: Line, seen: dict[str, int]) -> None:
    if isinstance(node, AttributeLine):
        what, subject = node.name, f"The attribute {node.name!r}"
    elif isinstance(node, SeparatorLine):
        what, subject = "---", "The separator"
    else:
        return
    if what in seen:
        raise line.error(f"{subject} stands already in line {seen[what]}.", hint="Keep one of them.")
    seen[what] = line.number


def _parse_separator(line: SourceLine) -> SeparatorLine:
    if _SEPARATOR.match(line.text) is None:
        raise line.error(
            f"{line.text!r} is neither a separator nor a foreign key.", hint="Write --- or -> ParentTable."
        )
    return SeparatorLine(line.at())


def _parse_attribute(line: SourceLine) -> AttributeLine:
    name, marks = _attribute_name(line)
    signs = "".join(sign for _, sign in marks)
    bounds = [*(offset for offset, _ in marks), len(line.text)]
    pieces = [(bounds[i] + 1, line.text[bounds[i] + 1 : bounds[i + 1]]) for i in range(len(marks))]
    _check_order(line, signs.removesuffix("#"), bounds)
    by_sign = {sign: piece for (_, sign), piece in zip(marks, pieces, strict=True)}
    type_ = _type(line, *by_sign[":"])
    default = _default(line, *by_sign["="]) if "=" in by_sign else None
    comment = ""
    if "#" in by_sign:
        offset = by_sign["#"][0] - 1
        record = 0 if type_.native else len(type_.text) + 2
        comment = _comment(line, offset, LONGEST_COMMENT - record)
    default_place = line.at(_skip_blanks(line, by_sign["="][0])) if default else line.at()
    return AttributeLine(name, type_, default, comment, line.at(), default_place)


def _attribute_name(line: SourceLine) -> tuple[str, list[tuple[int, str]]]:
    """Return the name of an attribute line and the structural characters behind it."""
    try:
        marks = structure(line)
    except DefinitionError:
        # `index (a` and `unqiue index ('` are better explained by their first word than by their last.
        if misspelt_index(line.text) is not None:
            raise _no_attribute(line) from None
        raise
    if not marks or marks[0][1] not in ":=":
        raise _no_attribute(line)
    name = line.text[: marks[0][0]].strip()
    if ATTRIBUTE_NAME.match(name) is None:
        raise _bad_name(line, name)
    try:
        check_name(name, "attribute")
    except DefinitionError as error:
        raise line.locate(error) from None
    return name, marks


def _no_attribute(line: SourceLine) -> DefinitionError:
    renamed = _RENAMED.match(line.text)
    if renamed is not None:
        renames = ", ".join(f"{name.strip()}='...'" for name in renamed["new"].split(","))
        hint = f"Write -> {renamed['parent']}.proj({renames}), with the attributes of {renamed['parent']} for the dots."
        return line.error("Foreign keys start with '->'.", hint=hint)
    advice = f"-> {line.text}" if _CLASS.match(line.text) else misspelt_index(line.text)
    hint = (
        f"Did you mean '{advice}'?" if advice else "Write name : type, -> ParentTable, --- or index (names)."
    )
    return line.error(f"{_short(line.text)!r} is no attribute, foreign key, separator or index.", hint=hint)


def _bad_name(line: SourceLine, name: str) -> DefinitionError:
    if name.startswith("_"):
        return line.error(
            f"{_short(name)!r} starts with an underscore: such attributes belong to the platform.",
            hint=f"Name it {name.strip('_').lower() or 'x'!r}.",
        )
    lower = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    hint = f"Write {lower!r}." if ATTRIBUTE_NAME.match(lower) and len(lower) < len(name) + 1 else None
    rule = "Names of attributes are lower-case letters, digits and underscores, and start with a letter."
    return line.error(f"{_short(name)!r} cannot name an attribute.", hint=f"{rule} {hint}" if hint else rule)


def _check_order(line: SourceLine, signs: str, bounds: list[int]) -> None:
    """Refuse structural characters other than ``= :``, ``:`` or ``: =`` in this order."""
    if signs in (":", "=:", ":="):
        return
    if signs.count("=") > 1:
        raise line.error("The attribute has two defaults.", bounds[signs.rindex("=")], "Keep one of them.")
    if signs == "=":
        raise line.error("The attribute has no type.", bounds[0], "Write name = default : type.")
    extra = next(i for i in range(len(signs)) if signs[: i + 1] not in (":", "=", "=:", ":="))
    raise line.error(
        f"The {signs[extra]!r} is out of place.",
        bounds[extra],
        "Write name = default : type # comment; put values that hold # : = or , in quotes.",
    )


def _type(line: SourceLine, start: int, text: str) -> AttributeType:
    offset = _skip_blanks(line, start)
    if not text.strip():
        raise line.error("The attribute has no type.", offset, "Write one behind the colon, such as int32.")
    try:
        return parse_type(text.strip())
    except DefinitionError as error:
        raise line.locate(error, offset) from None


def _default(line: SourceLine, start: int, text: str) -> Default:
    offset, text = _skip_blanks(line, start), text.strip()
    lower = text.lower()
    now = _NOW.match(text)
    if lower == "null":
        return Default("null", lower)
    if lower in ("true", "false"):
        return Default("boolean", lower)
    if now is not None:
        return Default("now", now["digits"] or "")
    if _NUMBER.match(text):
        return Default("number", text)
    if text[:1] in ("'", '"') and _is_one_string(line, offset, text):
        return Default("string", unquote(text))
    if _BAREWORD.match(text):
        return Default("word", text)
    if not text:
        raise line.error("There is no default behind '='.", offset, "Write one, or null, or remove the '='.")
    raise line.error(f"{_short(text)!r} is not a default.", offset, "Put text in quotes.")


def _is_one_string(line: SourceLine, offset: int, text: str) -> bool:
    """Tell whether a text is a single quoted string, doubled quotes inside included."""
    end, last = closing(line, offset), offset + len(text) - 1
    while end < last and line.text[end + 1] == text[0]:
        end = closing(line, end + 1)
    return end == last


def _comment(line: SourceLine, offset: int, longest: int) -> str:
    """Return the comment whose ``#`` stands at an offset."""
    comment = line.text[offset + 1 :].strip()
    if comment.startswith(":"):
        raise line.error(
            "The comment opens with ':', which marks type records.",
            offset + 1 + line.text[offset + 1 :].index(":"),
            "Open it with another character.",
        )
    if len(comment) > longest:
        raise line.error(
            f"The comment has {len(comment)} characters, {max(longest, 0)} fit.", offset, "Shorten it."
        )
    return comment


def _skip_blanks(line: SourceLine, start: int) -> int:
    rest = line.text[start:]
    return start + len(rest) - len(rest.lstrip())


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."

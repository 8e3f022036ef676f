"""Places in json attributes, as restrictions and projections spell them: ``meta.cam[0].gain:float``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from datamill.algebra.expression.paths import parse_path_key, path_text
from datamill.algebra.expression.tree import Call, Column, Expression, Literal
from datamill.errors import DataMillError
from datamill.model.heading import Heading
from datamill.model.types import AttributeType, parse_type

TEXT: Final = AttributeType("text", "text")
JSON: Final = parse_type("json")
_PLACE = re.compile(
    r"\s*(?P<attribute>[a-z][a-z0-9_]*)(?:\[\d+\])*(?:\.[^\s.()\[\]:*/+,=<>'\"`|&%-]+(?:\[\d+\])*)*"
    r"(?:\s*:\s*[A-Za-z][\w ]*(?:\([^()]*\))?)?\s*\Z"
)
_WILDCARD = re.compile(r"\s*([a-z][a-z0-9_]*)[\w.\[\]]*(?:\[\s*\*\s*\]|\.\*)")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a json attribute.

    Fields:
        document: The JSON value there.
        value: The same read as the type asked for, else as text.
        type: The type asked for, or None.
    """

    document: Expression
    value: Expression
    type: AttributeType | None


def json_place(text: str, heading: Heading) -> Place | None:
    """Return the place in a json attribute that a text leads to, or None if it is no such text.

    Args:
        text: ``attribute.segment[index]...``, with ``:type`` at the end for a typed value.
        heading: The attributes.

    Raises:
        DataMillError: The attribute is not json, the path has wildcards, or the type is unknown.
    """
    if "." not in text and "[" not in text:
        return None
    match = _PLACE.match(text)
    if match is None:
        wild = _WILDCARD.match(text)
        if wild is not None and wild[1] in heading and heading[wild[1]].stored.kind == "json":
            raise DataMillError(f"The JSON path {text!r} has wildcards.", hint="A path leads to one value.")
        return None
    attribute = heading.get(match["attribute"])
    if attribute is None:
        return None
    if attribute.is_codec or attribute.stored.kind != "json":
        raise DataMillError(
            f"{text!r} is a path into {attribute.name!r}, which is {attribute.type}, not json.",
            hint="Paths lead into attributes of type json.",
        )
    key = parse_path_key(text.strip())
    path = Literal(path_text(key.path), TEXT)
    document = Call("->", (Column(attribute.name, attribute.stored), path), JSON)
    if key.type is not None and key.type.family == "json":
        return Place(document, document, key.type)
    return Place(document, Call("CAST", (document,), key.type or TEXT), key.type)


def parse_json_path(text: str, heading: Heading) -> Expression | None:
    """Return the value that a path reaches, or None if the text is not of this form.

    It is of the type asked for, else text (of an object or array its JSON text), and NULL where the path is absent or
    holds JSON null.
    """
    place = json_place(text, heading)
    return None if place is None else place.value

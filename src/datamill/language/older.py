"""Definitions as DataJoint 0.14 wrote them."""

from __future__ import annotations

import re

_OLDER_TYPE = re.compile(
    r"^(?P<head>[ \t]*(?P<name>\w+)[ \t]*(?:=[ \t]*null[ \t]*)?:[ \t]*)"
    r"(?P<type>attach|(?:attach|blob|filepath)@[\w-]*)(?=[ \t]*(?:#|\r?$))",
    re.IGNORECASE | re.MULTILINE,
)
_INDEX = r"^[ \t]*index[ \t]*\([ \t]*(?:{names})[ \t]*\)[^\n]*$"


def with_codecs(definition: str) -> str:
    """Return a definition with the types ``attach``, ``attach@s``, ``blob@s`` and ``filepath@s`` as codecs.

    Indexes over such an attribute go: there they were over the hash by which its row of an external table was found.

    Example:
        >>> with_codecs("movie : blob@raw  # frames")
        'movie : <blob@raw>  # frames'
    """
    names = "|".join(match["name"] for match in _OLDER_TYPE.finditer(definition))
    if not names:
        return definition
    modern = _OLDER_TYPE.sub(lambda match: f"{match['head']}<{match['type'].lower()}>", definition)
    return re.sub(_INDEX.format(names=names), "", modern, flags=re.IGNORECASE | re.MULTILINE)

"""Definitions as DataJoint 0.14 wrote them."""

from __future__ import annotations

import re

_OLDER_TYPE = re.compile(
    r"^(?P<head>[ \t]*\w+[ \t]*(?:=[ \t]*null[ \t]*)?:[ \t]*)"
    r"(?P<type>attach|(?:attach|blob|filepath)@[\w-]*)(?=[ \t]*(?:#|\r?$))",
    re.IGNORECASE | re.MULTILINE,
)


def with_codecs(definition: str) -> str:
    """Return a definition with the types ``attach``, ``attach@s``, ``blob@s`` and ``filepath@s`` as codecs.

    Example:
        >>> with_codecs("movie : blob@raw  # frames")
        'movie : <blob@raw>  # frames'
    """
    return _OLDER_TYPE.sub(lambda match: f"{match['head']}<{match['type'].lower()}>", definition)

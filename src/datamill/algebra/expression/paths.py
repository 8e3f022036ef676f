"""Paths into json values: ``$.a[0]``, and keys such as ``attr.a[0].b:type`` in conditions and projections."""

from __future__ import annotations

import re
from dataclasses import dataclass

from datamill.algebra.expression.casts import cast_type
from datamill.errors import QuerySyntaxError
from datamill.model.types import AttributeType

Path = tuple[str | int, ...]
"""Steps from the top: a str is the key of an object, an int the 0-based index of an array."""

_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]"*\s]+) | \."(?P<quoted>(?:[^"\\]|\\.)+)" | \[(?P<index>\d+)\] | \["(?P<bracket>[^"]+)"\]""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SEGMENT = re.compile(r"""(?P<name>[^.\[\]:"*]+)(?P<indexes>(?:\[\d+\])*)\Z""")


@dataclass(frozen=True, slots=True)
class PathKey:
    """A place within a json attribute.

    Fields:
        attribute: Name of the attribute.
        path: Steps below it, at least one.
        type: Type that the value is read as, or None.
    """

    attribute: str
    path: Path
    type: AttributeType | None = None


def parse_path(text: str) -> Path:
    """Read a path as SQL writes it: ``$.a[0]``, or a bare key.

    Raises:
        QuerySyntaxError: It is no path, or has wildcards.

    Example:
        >>> parse_path("$.cam[0].gain"), parse_path("gain")
        (('cam', 0, 'gain'), ('gain',))
    """
    if not text.startswith("$"):
        return (text,)
    steps: list[str | int] = []
    position = 1
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise _bad_path(text)
        steps.append(_step(match))
        position = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> str | int:
    if match["index"]:
        return int(match["index"])
    if match["quoted"]:
        return re.sub(r"\\(.)", r"\1", match["quoted"])
    return match["name"] or match["bracket"]


def path_text(path: Path) -> str:
    """Write a path in its canonical form.

    Example:
        >>> path_text(("cam", 0, "my gain"))
        '$.cam[0]."my gain"'
    """
    return "$" + "".join(map(_step_text, path))


def _step_text(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if _PLAIN.match(step):
        return f".{step}"
    escaped = step.replace("\\", "\\\\").replace('"', '\\"')
    return f'."{escaped}"'


def parse_path_key(key: str) -> PathKey:
    """Read ``attr.seg(.seg)*[:type]`` with ``seg`` = ``name([i])*``.

    Raises:
        QuerySyntaxError: The key has another form, wildcards, or an unknown type.

    Example:
        >>> key = parse_path_key("meta.cam[0].gain:float")
        >>> key.attribute, key.path, str(key.type)
        ('meta', ('cam', 0, 'gain'), 'float64')
    """
    text, colon, type_text = key.partition(":")
    steps: list[str | int] = []
    for segment in text.split("."):
        match = _SEGMENT.match(segment.strip())
        if match is None:
            raise _bad_path(key)
        steps.append(match["name"])
        steps.extend(map(int, re.findall(r"\d+", match["indexes"])))
    if len(steps) < 2:
        raise _bad_path(key)
    return PathKey(str(steps[0]), tuple(steps[1:]), cast_type(type_text) if colon else None)


def _bad_path(text: str) -> QuerySyntaxError:
    return QuerySyntaxError(
        f"{text!r} is not a JSON path.",
        hint="Write keys and indexes, as in 'meta.camera[0].gain' or '$.camera[0].gain'; wildcards are not supported.",
        expression=text,
    )

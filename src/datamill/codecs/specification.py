"""Reading of codec specifications such as ``<blob@raw>``."""

from __future__ import annotations

from datamill.codecs.codec import Codec, get_codec
from datamill.errors import DataMillError
from datamill.model.types import parse_type


def parse_type_spec(spec: str) -> tuple[str, str | None]:
    """Return the codec name and the store of a specification.

    Args:
        spec: ``<name>``, ``<name@>`` or ``<name@store>``; the brackets may be left out.

    Returns:
        The name, and the store: None in the row, ``""`` for the default store.

    Raises:
        DataMillError: It is not such a specification.

    Example:
        >>> parse_type_spec("<blob>"), parse_type_spec("<blob@>"), parse_type_spec("<blob@raw>")
        (('blob', None), ('blob', ''), ('blob', 'raw'))
    """
    text = spec.strip()
    wrapped = text if text.startswith("<") else f"<{text}>"
    try:
        name, store = parse_type(wrapped).args
    except DataMillError as error:
        hint = "Write <name>, <name@> or <name@store>."
        raise DataMillError(f"{spec!r} does not name a codec.", hint=hint) from error
    return str(name), store


def lookup_codec(spec: str) -> tuple[Codec, str | None]:
    """Return the codec and the store that a specification names.

    Args:
        spec: As for `parse_type_spec`.

    Raises:
        DataMillError: It is no specification, or no codec has this name.

    Example:
        >>> codec, store = lookup_codec("<blob@raw>")
        >>> codec.name, store
        ('blob', 'raw')
    """
    name, store = parse_type_spec(spec)
    return get_codec(name), store

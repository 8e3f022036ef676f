"""The types that a CAST can name."""

from __future__ import annotations

import re

from datamill.algebra.expression.kinds import BYTES, DATE, DECIMAL, FLOAT, INT, JSON, TEXT, UINT, datetime_of
from datamill.errors import DefinitionError, QuerySyntaxError
from datamill.model.types import AttributeType, core_type, parse_type

_NAMES = {
    "signed": INT,
    "signed integer": INT,
    "unsigned": UINT,
    "unsigned integer": UINT,
    "int": INT,
    "int unsigned": UINT,
    "integer": INT,
    "bigint": INT,
    "float": FLOAT,
    "double": FLOAT,
    "double precision": FLOAT,
    "real": FLOAT,
    "decimal": DECIMAL,
    "numeric": DECIMAL,
    "char": TEXT,
    "varchar": TEXT,
    "text": TEXT,
    "date": DATE,
    "datetime": datetime_of(0),
    "timestamp": datetime_of(0),
    "json": JSON,
    "binary": BYTES,
}


def cast_type(text: str) -> AttributeType:
    """Read the type of a CAST or of a JSON path key.

    Raises:
        QuerySyntaxError: It is neither a core type nor one of the short names.

    Example:
        >>> str(cast_type("signed")), str(cast_type("decimal(6, 2)")), str(cast_type("int16"))
        ('int64', 'decimal(6,2)', 'int16')
    """
    clean = " ".join(text.lower().split())
    if clean in _NAMES:
        return _NAMES[clean]
    try:
        found = parse_type(re.sub(r"^numeric\b", "decimal", text.strip(), flags=re.IGNORECASE))
    except DefinitionError as error:
        raise _no_cast(text, str(error)) from None
    if found.native is not None or found.is_codec:
        raise _no_cast(text, "It is no core type.")
    if found.kind == "timestamp":
        return datetime_of(*found.args)
    return core_type("enum", *found.args) if found.kind == "enum" else found


def _no_cast(text: str, reason: str) -> QuerySyntaxError:
    return QuerySyntaxError(
        f"There is no cast to {text!r}. {reason}",
        hint="Cast to a core type such as int32, float, decimal(6,2), text, date, datetime(3) or json.",
        expression=text,
    )

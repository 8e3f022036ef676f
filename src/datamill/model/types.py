"""Attribute types: the core types, codecs and natives, as values.

An `AttributeType` says what a definition says. The table `KINDS` holds one row per kind: adding a core type is adding
a row (tests fail until every dialect and Arrow map it).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from datamill.errors import DefinitionError, did_you_mean

Arguments = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """What all types of one kind have in common.

    Fields:
        name: Name in definitions, such as ``int32``.
        family: ``integer float decimal bool text enum date datetime time uuid json bytes opaque``.
        low, high: Bounds of integers, else None.
        may_be_key: Whether a primary key may hold it.
        static_default: Whether a default other than null is allowed.
        numpy: Name of the numpy dtype of a column without NULL.
        is_core: False for kinds that only natives reach (``text``, ``opaque``).
    """

    name: str
    family: str
    low: int | None = None
    high: int | None = None
    may_be_key: bool = True
    static_default: bool = True
    numpy: str = "object"
    is_core: bool = True


def _integer(bits: int, signed: bool) -> Kind:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    numpy = "uint64" if bits == 64 and not signed else "int64"
    return Kind(f"{'' if signed else 'u'}int{bits}", "integer", low, high, numpy=numpy)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        *(_integer(bits, True) for bits in (8, 16, 32, 64)),
        *(_integer(bits, False) for bits in (8, 16, 32, 64)),
        Kind("float32", "float", numpy="float64"),
        Kind("float64", "float", numpy="float64"),
        Kind("decimal", "decimal"),
        Kind("bool", "bool", numpy="bool"),
        Kind("char", "text"),
        Kind("varchar", "text"),
        Kind("enum", "enum"),
        Kind("date", "date"),
        Kind("datetime", "datetime"),
        Kind("timestamp", "datetime"),
        Kind("time", "time"),
        Kind("uuid", "uuid", static_default=False),
        Kind("json", "json", may_be_key=False, static_default=False),
        Kind("bytes", "bytes", may_be_key=False, static_default=False),
        Kind("text", "text", may_be_key=False, static_default=False, is_core=False),
        Kind("opaque", "opaque", is_core=False),
    )
}
ALIASES = {"boolean": "bool", "jsonb": "json"}


@dataclass(frozen=True, slots=True)
class AttributeType(str):  # noqa: SLOT000 - the decorator makes them
    """A type as declared: its text, and what it means.

    Fields:
        text: Canonical spelling: ``decimal(6,2)``, ``enum('a','b')``, ``<blob@raw>``, ``smallint unsigned``.
        kind: A name in `KINDS`, or ``codec``.
        args: ``(precision, scale)`` of decimals; ``(length,)`` of char and varchar; members of enums;
            ``(digits,)`` of datetime, timestamp and time; ``(name, store)`` of codecs, store being None for the row,
            ``""`` for the default store.
        native: The database type as written, for types that are not core types or codecs; then ``kind`` is that of
            the core type which behaves alike.
    """

    text: str
    kind: str
    args: Arguments = ()
    native: str | None = None

    def __new__(cls, text: str, *meaning: Any, **named: Any) -> Self:
        """Make the text."""
        return str.__new__(cls, text)

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def family(self) -> str:
        """The family of the kind, or ``codec``."""
        return "codec" if self.kind == "codec" else KINDS[self.kind].family

    @property
    def is_codec(self) -> bool:
        """True for ``<...>`` types."""
        return self.kind == "codec"

    @property
    def codec_name(self) -> str:
        """The codec's name without brackets and store."""
        return str(self.args[0])

    def __str__(self) -> str:
        return self.text


# Possessive quantifiers: a long wrong type must not take quadratic time.
_WORD_TYPE = re.compile(
    r"(?P<name>[a-z][a-z0-9_]*+)\s*+(?:\((?P<args>.*)\)\s*+)?+(?P<rest>[a-z0-9_\s]*+)\Z", re.I | re.S
)
_CODEC_TYPE = re.compile(r"<\s*+(?P<name>[A-Za-z_][\w-]*+)\s*+(?P<at>@\s*+(?P<store>[\w-]*+))?+\s*+>\Z")
_ENUM_MEMBER = re.compile(r"""\s*(?:'((?:[^']|'')*)'|"((?:[^"]|"")*)")\s*(,|\Z)""", re.S)


@lru_cache(maxsize=4096)
def parse_type(text: str) -> AttributeType:
    """Read a type as written in a definition or in a column's type record.

    Raises:
        DefinitionError: The type is unknown or its arguments are wrong.

    Example:
        >>> parse_type("decimal(6, 2)")
        AttributeType(text='decimal(6,2)', kind='decimal', args=(6, 2), native=None)
    """
    text = text.strip()
    codec = _CODEC_TYPE.match(text)
    if codec is not None:
        store = (codec["store"] or "") if codec["at"] else None
        suffix = "" if store is None else f"@{store}"
        return AttributeType(f"<{codec['name']}{suffix}>", "codec", (codec["name"], store))
    if text.lower() == "object":
        return AttributeType("<object@>", "codec", ("object", ""))
    word = _WORD_TYPE.match(text)
    if word is None:
        raise _unknown_type(text)
    name = word["name"].lower()
    arguments, rest = word["args"], " ".join(word["rest"].lower().split())
    builder = _BUILDERS.get(ALIASES.get(name, name))
    if builder is not None and not rest:
        built = builder(ALIASES.get(name, name), arguments)
        if built is not None:
            return built
    return _parse_native(text, name, arguments, rest)


def core_type(kind: str, *args: Any) -> AttributeType:
    """Return a core type by kind and arguments: ``core_type("varchar", 8)``, ``core_type("enum", "a", "b")``."""
    if kind == "enum":
        members = ",".join("'" + member.replace("'", "''") + "'" for member in args)
        return AttributeType(f"enum({members})", "enum", args)
    text = f"{kind}({','.join(map(str, args))})" if args and args != (0,) else kind
    return AttributeType(text, kind, args)


def _plain(kind: str, arguments: str | None) -> AttributeType | None:
    return AttributeType(kind, kind) if arguments is None else None


def _text(kind: str, arguments: str | None) -> AttributeType:
    longest = 255 if kind == "char" else 16383
    (length,) = _whole_numbers(kind, arguments, 1, 1)
    if not 0 < length <= longest:
        raise DefinitionError(f"{kind}({length}) is out of range.", hint=f"The length is 1 to {longest}.")
    return core_type(kind, length)


def _subseconds(kind: str, arguments: str | None) -> AttributeType:
    digits = _whole_numbers(kind, arguments, 1, 1)[0] if arguments is not None else 0
    if digits > 6:
        raise DefinitionError(f"{kind}({digits}) is out of range.", hint="Seconds have 0 to 6 digits.")
    text = kind if arguments is None else f"{kind}({digits})"
    return AttributeType(text, kind, (digits,))


def _decimal(kind: str, arguments: str | None) -> AttributeType | None:
    if arguments is None:
        return None
    written = _whole_numbers(kind, arguments, 1, 2)
    precision, scale = (*written, 0)[:2]
    if not (0 < precision <= 65 and scale <= min(30, precision)):
        raise DefinitionError(
            f"decimal({precision},{scale}) is out of range.",
            hint="Precision is 1 to 65, scale 0 to 30 and at most the precision.",
        )
    return AttributeType(f"decimal({','.join(map(str, written))})", "decimal", (precision, scale))


def _enum(kind: str, arguments: str | None) -> AttributeType:
    members: list[str] = []
    position = 0
    while arguments and position < len(arguments):
        match = _ENUM_MEMBER.match(arguments, position)
        if match is None:
            raise DefinitionError(
                f"enum({arguments}) is not a list of quoted members.", hint="Write enum('a','b')."
            )
        single, double, comma = match.groups()
        members.append(single.replace("''", "'") if single is not None else double.replace('""', '"'))
        position = match.end()
        if comma and position == len(arguments):
            raise DefinitionError(f"enum({arguments}) ends with a comma.", hint="Write enum('a','b').")
    _check_members(members)
    return core_type("enum", *members)


def _check_members(members: list[str]) -> None:
    if not members:
        raise DefinitionError("An enum needs members.", hint="Write enum('a','b').")
    if len(set(members)) < len(members):
        raise DefinitionError(f"The enum members {members} repeat.", hint="Give each member once.")
    for member in members:
        if len(member.encode("utf-8", "surrogatepass")) > LONGEST_MEMBER or member.endswith(" "):
            raise DefinitionError(
                f"{member!r} cannot be an enum member.",
                hint="Members have at most 63 bytes and no trailing blank.",
            )


LONGEST_MEMBER = 63


def _whole_numbers(kind: str, arguments: str | None, least: int, most: int) -> tuple[int, ...]:
    parts = [part.strip() for part in arguments.split(",")] if arguments is not None else []
    if not least <= len(parts) <= most or not all(_WHOLE_NUMBER.match(part) for part in parts):
        count = str(least) if least == most else f"{least} to {most}"
        written = kind if arguments is None else f"{kind}({arguments})"
        raise DefinitionError(
            f"{written} needs {count} whole number(s) in parentheses.", hint=_EXAMPLES.get(kind)
        )
    return tuple(map(int, parts))


_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_EXAMPLES = {
    "char": "Write char(n) with n characters.",
    "varchar": "Write varchar(n) with at most n characters.",
    "decimal": "Write decimal(digits) or decimal(digits,digits_behind_the_point).",
}

_BUILDERS: dict[str, Callable[[str, str | None], AttributeType | None]] = {
    **{kind.name: _plain for kind in KINDS.values() if kind.is_core},
    "char": _text,
    "varchar": _text,
    "datetime": _subseconds,
    "timestamp": _subseconds,
    "time": _subseconds,
    "decimal": _decimal,
    "enum": _enum,
}

_NATIVE_KINDS: dict[str, tuple[str, str | None]] = {
    "tinyint": ("int8", "uint8"),
    "smallint": ("int16", "uint16"),
    "mediumint": ("int32", "uint32"),
    "int": ("int32", "uint32"),
    "integer": ("int32", "uint32"),
    "bigint": ("int64", "uint64"),
    "float": ("float32", "float32"),
    "double": ("float64", "float64"),
    "double precision": ("float64", "float64"),
    "real": ("float64", "float64"),
    "decimal": ("decimal", "decimal"),
    "numeric": ("decimal", "decimal"),
    "dec": ("decimal", "decimal"),
    "fixed": ("decimal", "decimal"),
    "tinytext": ("text", None),
    "text": ("text", None),
    "mediumtext": ("text", None),
    "longtext": ("text", None),
    "tinyblob": ("bytes", None),
    "blob": ("bytes", None),
    "mediumblob": ("bytes", None),
    "longblob": ("bytes", None),
    "year": ("uint16", None),
    "serial": ("uint64", None),
}


_TWO_SIZES = ("float", "double", "double precision", "real", "decimal", "numeric", "dec", "fixed")
_NO_SIZE = ("serial", "double precision")
_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "integer", "bigint")


def _parse_native(text: str, name: str, arguments: str | None, rest: str) -> AttributeType:
    words = rest.split()
    if name == "double" and words[:1] == ["precision"]:
        name, words = "double precision", words[1:]
    kinds = _NATIVE_KINDS.get(name)
    if (
        kinds is None
        or not _modifiers_fit(name, kinds, words)
        or (arguments is not None and name in _NO_SIZE)
    ):
        raise _unknown_type(text, name, words)
    size = _whole_numbers(name, arguments, 1, 2 if name in _TWO_SIZES else 1) if arguments is not None else ()
    kind = kinds[1] if "unsigned" in words and kinds[1] else kinds[0]
    args: Arguments = ()
    if kind == "decimal":
        decimal = _decimal("decimal", ",".join(map(str, size or (10,))))
        args = decimal.args if decimal else ()
    if name == "float" and len(size) == 1 and size[0] > LONGEST_FLOAT32:
        kind = "float64"
    native = " ".join(filter(None, [name + (f"({','.join(map(str, size))})" if size else ""), *words]))
    return AttributeType(native, kind, args, native)


LONGEST_FLOAT32 = 24
"""Binary digits up to which ``float(p)`` is of single precision."""


def _modifiers_fit(name: str, kinds: tuple[str, str | None], words: list[str]) -> bool:
    if words[-1:] == ["auto_increment"]:
        return name in _INTEGERS and words[:-1] in ([], ["unsigned"])
    return not words or (words == ["unsigned"] and kinds[1] is not None)


def without_numbering(type_: AttributeType) -> AttributeType:
    """Return the type of an attribute that refers to one of this type: the same, but not numbered by the database.

    Example:
        >>> without_numbering(parse_type("serial")).text, without_numbering(parse_type("int auto_increment")).text
        ('bigint unsigned', 'int')
    """
    native = type_.native or ""
    if native == "serial":
        return parse_type("bigint unsigned")
    return parse_type(native.removesuffix("auto_increment")) if native.endswith("auto_increment") else type_


_COLUMNS_LIKE_CORE_TYPES = (
    *("tinyint", "smallint", "int", "integer", "bigint", "float", "double", "double precision", "real"),
    *("decimal", "numeric", "dec", "fixed", "serial"),
)
_WIDE_FOR_SHOW = ("mediumint", "year")
"""Other natives whose size means nothing: some servers add it, others leave it out."""


def same_column_type(left: AttributeType, right: AttributeType) -> bool:
    """Tell whether two types make the same column, so that a foreign key may join them.

    Example:
        >>> same_column_type(parse_type("int(11) unsigned"), parse_type("uint32"))
        True
        >>> same_column_type(parse_type("mediumint"), parse_type("int32"))
        False
        >>> same_column_type(parse_type("year(4)"), parse_type("year"))
        True
    """
    return _column_type(left) == _column_type(right)


def _column_type(type_: AttributeType) -> tuple[str, Arguments, str | None]:
    native = type_.native
    if native is None:
        args = (*type_.args, 0)[:2] if type_.kind == "decimal" else type_.args
        return type_.kind, args, None
    words = re.sub(r"\(.*\)", "", native).split()
    name = " ".join(word for word in words if word not in ("unsigned", "auto_increment"))
    if name in _COLUMNS_LIKE_CORE_TYPES:
        return type_.kind, type_.args, None
    return type_.kind, type_.args, name if name in _WIDE_FOR_SHOW else _with_room(native)


_LARGE = re.compile(r"(text|blob)\((\d+)\)\Z")
_BYTES_OF_CHARACTER = {"text": 4, "blob": 1}


def _with_room(native: str) -> str:
    """Return the type that MySQL makes of ``text(n)`` or ``blob(n)``: the smallest one with room for so many."""
    found = _LARGE.match(native)
    if found is None:
        return native
    size = int(found[2]) * _BYTES_OF_CHARACTER[found[1]]
    prefixes = [prefix for prefix, bits in (("tiny", 8), ("", 16), ("medium", 24)) if size < 2**bits]
    return (prefixes or ["long"])[0] + found[1]


_SQL_MODIFIERS = (
    *("not", "null", "default", "primary", "key", "unique", "comment", "references", "check"),
    *("collate", "character", "zerofill", "binary", "signed"),
)
_OTHER_SPELLINGS = {
    "str": "varchar(n)",
    "string": "varchar(n)",
    "guid": "uuid",
    "binary": "bytes",
    "varbinary": "bytes",
    "bytea": "bytes",
    "set": "json",
    "array": "<blob>",
    "ndarray": "<blob>",
    "number": "decimal(p,s)",
    "bit": "bool",
    "timestamptz": "datetime",
    "attach": "<attach>",
    "external": "<blob@>",
}


_TYPES_OF_0_14 = ("<attach", "<blob@", "<filepath@")


def _unknown_type(text: str, name: str = "", words: list[str] | None = None) -> DefinitionError:
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    modifiers = [word for word in words or () if word in _SQL_MODIFIERS]
    if modifiers:
        return DefinitionError(
            f"{shown!r} is not a type: {' '.join(modifiers)!r} does not belong to it.",
            hint="Attributes are NOT NULL unless their default is null; defaults stand before the colon.",
        )
    codec = re.match(r"<?\s*([A-Za-z_][\w-]*)\s*@\s*([\w-]*)", text)
    spelling = f"<{codec[1]}@{codec[2]}>" if codec else _OTHER_SPELLINGS.get(name)
    if spelling:
        older = " Or set config.compat.blobs = True, to read definitions of DataJoint 0.14."
        advice = f"Write {spelling}.{older if spelling.startswith(_TYPES_OF_0_14) else ''}"
        return DefinitionError(f"{shown!r} is not a type.", hint=advice)
    if name in _NATIVE_KINDS and (words or "(" in text):
        return DefinitionError(f"{shown!r} is not a type.", hint=f"{name!r} cannot be qualified so.")
    word = (name or text.split("(")[0].strip())[:60]
    hint = (
        did_you_mean(word, [*KINDS, *ALIASES, *_NATIVE_KINDS])
        if word not in KINDS
        else f"Did you mean {word!r}?"
    )
    return DefinitionError(
        f"{shown!r} is not a type.", hint=hint or "The page on the definition language lists the types."
    )

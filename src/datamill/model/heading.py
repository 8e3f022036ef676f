"""Headings: the ordered attributes of a relation, primary key first."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from decimal import Decimal
from typing import Any

from datamill.errors import UnknownAttributeError, did_you_mean, near_misses
from datamill.model.attribute import Attribute, Now


class Heading:
    """The attributes of a table or expression: immutable, ordered, primary key first.

    Args:
        attributes: In order; those with ``in_key`` make the primary key, which may be empty. Attributes of the key
            are moved to the front.
        comment: The table comment, or empty.

    Example:
        >>> from datamill.model.types import parse_type
        >>> number = parse_type("int32")
        >>> heading = Heading([Attribute("a", number, number, in_key=True), Attribute("b", number, number)])
        >>> heading.primary_key, heading.names
        (['a'], ['a', 'b'])
    """

    __slots__ = ("_by_name", "_key", "comment")

    def __init__(self, attributes: Iterable[Attribute], comment: str = "") -> None:
        given = tuple(attributes)
        key = [attribute for attribute in given if attribute.in_key]
        rest = [attribute for attribute in given if not attribute.in_key]
        self._by_name: dict[str, Attribute] = {attribute.name: attribute for attribute in (*key, *rest)}
        self._key: tuple[str, ...] = tuple([attribute.name for attribute in key])
        self.comment = comment

    @property
    def attributes(self) -> dict[str, Attribute]:
        """Attributes by name, in order. Do not change it."""
        return self._by_name

    @property
    def names(self) -> list[str]:
        """All names in order."""
        return list(self._by_name)

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the primary key, in order."""
        return self._key

    @property
    def primary_key(self) -> list[str]:
        """Names of the primary key, in order."""
        return list(self._key)

    @property
    def secondary_attributes(self) -> list[str]:
        """Names outside the primary key."""
        return [name for name, attribute in self._by_name.items() if not attribute.in_key]

    @property
    def blobs(self) -> list[str]:
        """Names of attributes that a human would not read in a table: codecs and raw bytes."""
        found = self._by_name.items()
        return [name for name, item in found if item.stored.kind == "bytes" or item.type.kind == "codec"]

    @property
    def non_blobs(self) -> list[str]:
        """Names of all other attributes."""
        return [name for name, attribute in self._by_name.items() if not attribute.is_blob]

    @property
    def as_dtype(self) -> Any:
        """The numpy dtype of a structured array of this heading (loads numpy)."""
        import numpy

        from datamill.model.types import KINDS

        return numpy.dtype(
            [
                (name, "object" if item.is_codec or item.nullable else KINDS[item.stored.kind].numpy)
                for name, item in self._by_name.items()
            ]
        )

    def __getitem__(self, name: str) -> Attribute:
        try:
            return self._by_name[name]
        except (KeyError, TypeError):  # names may be whatever users pass for one
            raise self.unknown(name) from None

    def only(self, names: Container[str]) -> Heading:
        """Return the heading of some of the attributes, in the same order."""
        return Heading([attribute for name, attribute in self._by_name.items() if name in names])

    def get(self, name: str) -> Attribute | None:
        """Return an attribute, or None."""
        return self._by_name.get(name)

    def unknown(self, name: str, where: str = "this heading") -> UnknownAttributeError:
        """Make the error for a name that is not here, with its near misses."""
        return UnknownAttributeError(
            f"{name!r} is not an attribute of {where}.",
            attribute=name,
            candidates=near_misses(name, self.names),
            hint=did_you_mean(name, self.names) or f"Attributes: {', '.join(self.names)}.",
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __len__(self) -> int:
        return len(self._by_name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Heading):
            return NotImplemented
        return tuple(self._by_name.values()) == tuple(other._by_name.values())

    def __hash__(self) -> int:
        return hash(tuple(self._by_name))

    def __repr__(self) -> str:
        lines = [f"# {self.comment}"] if self.comment else []
        lines += [_line(self._by_name[name]) for name in self.primary_key]
        lines.append("---")
        lines += [_line(self._by_name[name]) for name in self.secondary_attributes]
        return "\n".join(lines)


def _line(attribute: Attribute) -> str:
    """Return the attribute as a definition has it: some client code declares tables by the text of a heading."""
    name = attribute.name + _default(attribute)
    return f"{name:<20} : {attribute.type.text:<20} # {attribute.comment}".rstrip(" #")


def _default(attribute: Attribute) -> str:
    value = attribute.default
    if attribute.nullable:
        return "=null"
    if value is None:
        return ""
    if isinstance(value, Now):
        return f"=CURRENT_TIMESTAMP({value.digits})" if value.digits else "=CURRENT_TIMESTAMP"
    if isinstance(value, bool):
        return f"={int(value)}"
    if isinstance(value, int | float | Decimal):
        return f"={value}"
    text = str(value).replace('"', '""')
    return f'="{text}"'

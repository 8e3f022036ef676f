"""What the names in an expression may mean."""

from __future__ import annotations

from collections.abc import Mapping

from datamill.algebra.expression.collations import warn_of_collation
from datamill.algebra.expression.tree import Column
from datamill.errors import QuerySyntaxError, UnknownAttributeError, did_you_mean, near_misses
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading

ScopeItem = tuple[Attribute, str]
"""An attribute and the tag of the operand it comes from."""

ScopeLike = Heading | Mapping[str, ScopeItem]


class Scope:
    """Names and what they stand for.

    Args:
        given: A heading, or a mapping from names to attributes and source tags.
    """

    __slots__ = ("folded", "items", "key")

    def __init__(self, given: ScopeLike) -> None:
        if isinstance(given, Heading):
            self.items: dict[str, ScopeItem] = {name: (item, "") for name, item in given.attributes.items()}
        else:
            self.items = dict(given)
        self.key = tuple(name for name, (attribute, _) in self.items.items() if attribute.in_key)
        self.folded: dict[str, list[str]] = {}
        for name in self.items:
            self.folded.setdefault(name.lower(), []).append(name)

    def find(self, name: str) -> ScopeItem | None:
        """Return what a name means: exactly, else in another case if only one does."""
        exact = self.items.get(name)
        if exact is not None:
            return exact
        alike = self.folded.get(name.lower(), ())
        return self.items[alike[0]] if len(alike) == 1 else None

    def column(self, name: str) -> Column:
        """Return the column for a name.

        Raises:
            UnknownAttributeError: No attribute has this name.
            QuerySyntaxError: It is one of a codec.
        """
        found = self.find(name)
        if found is None:
            raise self.unknown(name)
        attribute, source = found
        if attribute.is_codec:
            raise QuerySyntaxError(
                f"{attribute.name!r} is a {attribute.type} and cannot be used in an expression.",
                hint="Fetch it and compute in Python, or store what you query by as an attribute of its own.",
            )
        warn_of_collation(attribute)
        return Column(attribute.name, attribute.stored, source)

    def unknown(self, name: str) -> UnknownAttributeError:
        """Make the error for a name that is no attribute, with its near misses."""
        choices = [item for item in self.items if not item.startswith("_")]
        hint = did_you_mean(name, choices) or (
            f"Attributes: {', '.join(choices)}." if choices else "There are no attributes here."
        )
        return UnknownAttributeError(
            f"{name!r} is not an attribute here.",
            attribute=name,
            candidates=near_misses(name, choices),
            hint=hint,
        )

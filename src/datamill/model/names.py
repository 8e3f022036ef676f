"""Names of tables and the tiers they spell.

A table name carries its tier as a prefix: ``mouse`` is manual, ``#rig`` a lookup, ``_scan`` imported, ``__stats``
computed, and ``scan__frame`` a part of ``scan``. Names starting with ``~`` belong to the platform.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from datamill.errors import DataMillError, DataMillWarning, DefinitionError, require, warn_user

BASE_NAME = r"[a-z][a-z0-9]*(?:_[a-z][a-z0-9]*)*"
ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]*\Z")
_FULL_NAME = re.compile(
    r"""(?: `(?P<s1>[^`]+)`\.`(?P<t1>[^`]+)`
          | "(?P<s2>[^".]+)"\."(?P<t2>[^"]+)"
          | "(?P<s3>[^".]+)\.(?P<t3>[^"]+)"
          | (?P<s4>[^`".]+)\.(?P<t4>[^`"]+) )\Z""",
    re.VERBOSE,
)
LONGEST_NAME = 63
"""Bytes that a table, attribute or schema name may have."""


class Tier(Enum):
    """What a table holds and who writes it. Values are the prefixes of table names."""

    MANUAL = ""
    LOOKUP = "#"
    IMPORTED = "_"
    COMPUTED = "__"
    PART = "part"
    HIDDEN = "~"
    JOBS = "~~"
    OTHER = "other"

    @property
    def is_auto_populated(self) -> bool:
        """True for tables filled by ``make``."""
        return self in (Tier.IMPORTED, Tier.COMPUTED)


_TIER_PATTERNS = (
    (Tier.JOBS, re.compile(rf"~~(?P<base>{BASE_NAME})\Z")),
    (Tier.HIDDEN, re.compile(r"~(?P<base>.*)\Z", re.DOTALL)),
    (Tier.PART, re.compile(rf"(?P<master>(?:|\#|__|_){BASE_NAME})__(?P<base>{BASE_NAME})\Z")),
    (Tier.LOOKUP, re.compile(rf"\#(?P<base>{BASE_NAME})\Z")),
    (Tier.COMPUTED, re.compile(rf"__(?P<base>{BASE_NAME})\Z")),
    (Tier.IMPORTED, re.compile(rf"_(?P<base>{BASE_NAME})\Z")),
    (Tier.MANUAL, re.compile(rf"(?P<base>{BASE_NAME})\Z")),
)


@dataclass(frozen=True, slots=True, order=True)
class TableName:
    """The name of a table within a database: schema and physical table name.

    Example:
        >>> name = TableName.parse("`lab`.`__scan__frame`")
        >>> name.tier, name.class_name, str(name.master)
        (<Tier.PART: 'part'>, 'Scan.Frame', 'lab.__scan')
    """

    schema: str
    table: str

    @classmethod
    def parse(cls, text: str) -> TableName:
        """Read a qualified name in any backend's quoting, or none.

        Raises:
            DataMillError: The text is not a qualified table name.
        """
        require(text, str, "The name of a table must be text")
        match = _FULL_NAME.match(text.strip())
        if match is None:
            raise DataMillError(f"{text!r} is not a full table name.", hint="Write it as schema.table.")
        schema, table = (part for part in match.groups() if part is not None)
        return cls(schema, table)

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"

    @property
    def tier(self) -> Tier:
        """The tier spelled by the prefix."""
        return split_tier(self.table)[0]

    @property
    def base(self) -> str:
        """The name without tier prefix and master."""
        return split_tier(self.table)[1]

    @property
    def master(self) -> TableName | None:
        """The master's name if this is a part, else None."""
        master = split_tier(self.table)[2]
        return TableName(self.schema, master) if master else None

    @property
    def jobs(self) -> TableName:
        """The name of its job table: ``~~`` and the name without its tier."""
        return TableName(self.schema, f"~~{self.base}")

    @property
    def class_name(self) -> str:
        """The class name this table would have: ``Mouse``, or ``Scan.Frame`` for a part."""
        tier, base, master = split_tier(self.table)
        own = base_to_class(base) if tier is not Tier.OTHER else self.table
        return f"{base_to_class(split_tier(master)[1])}.{own}" if master else own


@lru_cache(maxsize=4096)
def split_tier(table: str) -> tuple[Tier, str, str | None]:
    """Split a physical table name into tier, base name and, for parts, the master's physical name.

    Example:
        >>> split_tier("_scan"), split_tier("#rig__wheel")[2]
        ((<Tier.IMPORTED: '_'>, 'scan', None), '#rig')
    """
    for tier, pattern in _TIER_PATTERNS:
        match = pattern.match(table)
        if match is not None:
            return tier, match["base"], match.groupdict().get("master")
    return Tier.OTHER, table, None


def class_to_base(class_name: str) -> str:
    """Return the base table name of a class: ``ScanROI2p`` becomes ``scan_r_o_i2p``.

    Raises:
        DefinitionError: The name is not CamelCase.
    """
    clean = class_name.replace("_", "")
    if not _CLASS_NAME.match(clean):
        raise DefinitionError(
            f"{class_name!r} cannot name a table.", hint="Use CamelCase: a capital, then letters and digits."
        )
    if clean != class_name:
        message = (
            f"The underscores in class name {class_name!r} are dropped: the table is named as for {clean!r}."
        )
        warn_user(message, DataMillWarning)
    return re.sub(r"(?<!^)([A-Z])", r"_\1", clean).lower()


def base_to_class(base: str) -> str:
    """Return the class name of a base table name: ``scan_r_o_i2p`` becomes ``ScanROI2p``."""
    return "".join(word[:1].upper() + word[1:] for word in base.split("_"))


def check_name(name: str, what: str, longest: int = LONGEST_NAME) -> str:
    """Return a name unchanged if it is short enough.

    Raises:
        DefinitionError: It is empty or has more than ``longest`` bytes.
    """
    require(name, str, f"The {what} name must be text")
    size = len(name.encode(errors="replace"))
    if not 0 < size <= longest:
        raise DefinitionError(
            f"The {what} name {name!r} has {size} bytes.", hint=f"Names have 1 to {longest} bytes."
        )
    return name

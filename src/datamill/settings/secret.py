"""Values that must not show in reprs, logs and errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from re import Match

MASK = "**********"

_SECRET_WORDS = ("password", "passwd", "secret", "token", "credential", "connection_string")
_NOT_SECRET = frozenset({"token_length"})


class Secret:
    """A text that prints as asterisks.

    Args:
        value: The text to protect.

    Example:
        >>> password = Secret("sesame")
        >>> password, password.get_secret_value()
        (Secret('**********'), 'sesame')
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        """Return the text itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"


def is_secret_name(name: str) -> bool:
    """Tell whether a setting or store attribute of this name holds a secret, such as ``secret_key``."""
    last = name.rpartition(".")[2].lower()
    if last in _NOT_SECRET:
        return False
    return last.endswith("_key") or any(word in last for word in _SECRET_WORDS)


def mask_url(url: str) -> str:
    """Return a URL with the password, and options that hold secrets, replaced by asterisks.

    Example:
        >>> mask_url("mysql://ann:sesame@host/?sslpassword=open")
        'mysql://ann:**********@host/?sslpassword=**********'
    """
    import re

    url = re.sub(r"([?&])([^=&?]*)=[^&]*", _mask_option, url)
    scheme, separator, rest = url.partition("://")
    credentials, at, place = rest.rpartition("@")
    if not (separator and at and ":" in credentials):
        return url
    user = credentials.partition(":")[0]
    return f"{scheme}://{user}:{MASK}@{place}"


def _mask_option(found: Match[str]) -> str:
    from urllib.parse import unquote_plus

    return f"{found[1]}{found[2]}={MASK}" if is_secret_name(unquote_plus(found[2])) else found[0]


def masked(name: str, value: object) -> object:
    """Return what may be printed of a value: secrets are replaced, nested mappings are walked."""
    if isinstance(value, Mapping):
        return {key: masked(str(key), item) for key, item in value.items()}
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, str):
        if value and is_secret_name(name):
            return MASK
        return mask_url(value) if "://" in value else value
    return value


class MaskedDict(dict[str, Any]):
    """A dict whose repr masks what its keys call secret."""

    def __repr__(self) -> str:
        return repr(masked("", self))

"""The `Codec` base class, and the registry of codecs by name."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from datamill.errors import DataMillError, DataMillWarning, require, warn_user
from datamill.registry import Registry

_NAME: Final = re.compile(r"[A-Za-z_][\w-]*")


class Codec(ABC):
    """Turns Python values into values of a simpler type, and back.

    A subclass with a ``name`` registers itself; ``class Base(Codec, register=False)`` does not. A subclass declares
    only the keywords of `encode` and `decode` that it uses. None never reaches a codec: it is NULL.

    Fields:
        name: What stands between the angle brackets: a letter or ``_``, then letters, digits, ``_`` and ``-``.

    Raises:
        DataMillError: On definition of a subclass, if its name is taken by another class, has other characters, or
            if it lacks a method or cannot be made without arguments. Defining a class of the same module and
            qualified name again, as by running a notebook cell twice, replaces the earlier one.

    Example:
        >>> class Celsius(Codec):
        ...     name = "celsius"
        ...
        ...     def get_dtype(self, is_store):
        ...         return "float64"
        ...
        ...     def encode(self, value):
        ...         return value.kelvin - 273.15
        ...
        ...     def decode(self, stored):
        ...         return Temperature(kelvin=stored + 273.15)
    """

    name: ClassVar[str | None] = None
    is_lazy: ClassVar[bool] = False
    """Whether decode reads nothing from a store: it gives a reference that reads later."""

    def __init_subclass__(cls, *, register: bool = True, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if register and cls.name is not None:
            _register(cls)

    @abstractmethod
    def get_dtype(self, is_store: bool) -> str:
        """Return the type that encoded values have.

        Args:
            is_store: True if a store is in effect: the attribute's type has an ``@``.

        Returns:
            A core type such as ``"json"`` or ``"varchar(32)"``, or another codec such as ``"<blob>"``.

        Raises:
            DataMillError: The codec does not support this mode.
        """

    @abstractmethod
    def encode(self, value: Any, *arguments: Any, **keywords: Any) -> Any:
        """Return what is stored for a value.

        An override declares which of these keywords it wants: ``key``, primary-key values of the row by name, and
        ``_schema``, ``_table``, ``_field``, ``_config``; ``context``, a dict of ``schema``, ``table``, ``field``
        (names) and ``config`` (settings); ``store_name``, the store in effect, ``""`` for the default store, None
        in the row.

        Args:
            value: The value that a user inserts; never None.
            *arguments: Nothing is passed by position.
            **keywords: As declared.

        Returns:
            A value of the type that `get_dtype` names; None is stored as NULL.
        """

    @abstractmethod
    def decode(self, stored: Any, *arguments: Any, **keywords: Any) -> Any:
        """Return the value of what is stored; the inverse of `encode`.

        Args:
            stored: A value of the type that `get_dtype` names; never None.
            *arguments: Nothing is passed by position.
            **keywords: ``key`` and ``context`` as for `encode`, if declared.
        """

    def validate(self, value: Any) -> None:  # noqa: B027 - to be overridden only by those who want it
        """Check a value before it is encoded; accept all values unless overridden.

        Raises:
            TypeError: The value is of the wrong type.
            ValueError: The value is of the right type but not acceptable.
        """

    def referenced_paths(self, stored: Any) -> list[tuple[str, str | None]]:
        """Return the objects that a stored value refers to, so that garbage collection keeps them.

        Args:
            stored: The raw value of the column: for json a dict or its text.

        Returns:
            Pairs of path and store, the store None where none is recorded.

        Example:
            >>> get_codec("blob").referenced_paths('{"path": "_hash/lab/abc", "store": "raw"}')
            [('_hash/lab/abc', 'raw')]
        """
        if isinstance(stored, str):
            try:
                stored = json.loads(stored)
            except ValueError:
                return []
        path = stored.get("path") if isinstance(stored, Mapping) else None
        return [(path, stored.get("store") or None)] if isinstance(path, str) and path else []

    @staticmethod
    def _codec_config(key: Mapping[str, Any] | None, context: Mapping[str, Any] | None) -> Any:
        """Return the settings of the connection at work, or None outside of a table."""
        found = (context or {}).get("config")
        return found if found is not None else (key or {}).get("_config")


def _make(found: Any) -> Codec:
    """Return the codec for what a built-in reference or an entry point leads to: a class or an instance."""
    if isinstance(found, Codec):
        return found
    if isinstance(found, type) and issubclass(found, Codec):
        return _instance(found)
    raise DataMillError(f"{found!r} is not a codec.", hint="Codecs subclass datamill.Codec.")


def _instance(cls: type[Codec]) -> Codec:
    missing = [name for name in ("get_dtype", "encode", "decode") if _is_abstract(cls, name)]
    if missing:
        hint = "Define them, or write register=False if this is a base class."
        raise DataMillError(f"The codec class {cls.__qualname__} lacks {', '.join(missing)}.", hint=hint)
    try:
        return cls()
    except TypeError as error:
        hint = "Give the arguments of __init__ defaults, or write register=False."
        message = f"The codec class {cls.__qualname__} cannot be made without arguments: {error}."
        raise DataMillError(message, hint=hint) from error


def _is_abstract(cls: type[Codec], name: str) -> bool:
    # ABCMeta fills in __abstractmethods__ only after __init_subclass__ has run.
    return bool(getattr(getattr(cls, name), "__isabstractmethod__", False))


CODECS: Final = Registry[Codec](
    "codec",
    {
        "blob": "datamill.codecs.builtin.blob:BlobCodec",
        "attach": "datamill.codecs.builtin.attach:AttachCodec",
        "hash": "datamill.codecs.builtin.hash:HashCodec",
        "object": "datamill.codecs.builtin.object:ObjectCodec",
        "npy": "datamill.codecs.builtin.npy:NpyCodec",
        "filepath": "datamill.codecs.builtin.filepath:FilepathCodec",
        "zarr": "datamill.codecs.builtin.zarr:ZarrCodec",
        "parquet": "datamill.codecs.builtin.tables:ParquetCodec",
        "arrow": "datamill.codecs.builtin.tables:ArrowCodec",
        "image": "datamill.codecs.builtin.image:ImageCodec",
        # Attributes of DataJoint 0.14, for reading.
        "external": "datamill.codecs.builtin.external:AncientCodec",
        "external-blob": "datamill.codecs.builtin.external:ExternalBlobCodec",
        "external-attach": "datamill.codecs.builtin.external:ExternalAttachCodec",
        "external-filepath": "datamill.codecs.builtin.external:ExternalFilepathCodec",
        "migrated-blob": "datamill.codecs.builtin.external:MigratedBlobCodec",
        "migrated-attach": "datamill.codecs.builtin.external:MigratedAttachCodec",
        "migrated-filepath": "datamill.codecs.builtin.external:MigratedFilepathCodec",
    },
    groups=("datamill.codecs", "datajoint.codecs", "datajoint.types"),
    adapt=_make,
)


_YIELDING: Final = ("arrow", "image", "parquet", "zarr")
"""Codecs that DataJoint lacks: published pipelines define some of these names themselves, and then theirs count."""


class Revision:
    """Counts changes of the registry, so that chains resolved earlier are not used on."""

    number = 0


def _register(cls: type[Codec]) -> None:
    name = cls.name
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        hint = "Use a letter or '_', then letters, digits, '_' and '-'."
        raise DataMillError(f"{name!r} of {cls.__qualname__} cannot name a codec.", hint=hint)
    codec = _instance(cls)
    taken = type(CODECS.get(name)) if name in CODECS else cls
    if (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):
        ours = f"{cls.__module__}.{cls.__qualname__}"
        if name not in _YIELDING or not taken.__module__.startswith("datamill."):
            raise DataMillError(
                f"The codec name {name!r} of {ours} is taken by {taken.__module__}.{taken.__qualname__}.",
                hint="Choose another name, or write register=False if this is a base class.",
            )
        warn_user(f"<{name}> means {ours} from now on, not datamill's own codec.", DataMillWarning)
    CODECS.register(name, codec, replace=True)
    Revision.number += 1


def get_codec(spec: str) -> Codec:
    """Return a codec.

    Args:
        spec: Its name, or a specification that names it: ``blob``, ``<blob>``, ``<blob@raw>``.

    Raises:
        DataMillError: No codec has this name; the message gives near misses and the plugins that failed to load.

    Example:
        >>> get_codec("<blob@raw>").name
        'blob'
    """
    require(spec, str, "The name of a codec must be text")
    return CODECS.get(spec.strip().strip("<>").partition("@")[0].strip())


def list_codecs() -> list[str]:
    """Return the names of all codecs, sorted; plugins are loaded to know theirs.

    Example:
        >>> {"attach", "blob"} <= set(list_codecs())
        True
    """
    return CODECS.names()


def is_codec_registered(name: str) -> bool:
    """Return whether a codec of this name is known; plugins are loaded if need be.

    Example:
        >>> is_codec_registered("blob"), is_codec_registered("blub")
        (True, False)
    """
    return CODECS.find(name) is not None


def unregister_codec(name: str) -> None:
    """Forget a codec.

    Raises:
        DataMillError: No codec has this name.
    """
    CODECS.unregister(name)
    Revision.number += 1

"""Names of the DataJoint Specs 2.0: `CustomType`, `register_type` and `Object`."""

from __future__ import annotations

from abc import ABC, ABCMeta, abstractmethod
from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any, ClassVar, Self, TypeVar

from datamill.codecs.codec import Codec
from datamill.errors import DataMillError, require
from datamill.storage.backend import StorageBackend

Class = TypeVar("Class", bound="type[CustomType]")
_STORED = {"blob": "bytes", "object": "<object>"}
_objects: dict[str, type[Object]] = {}


class CustomType:
    """A codec in the words of Specs 2.0. Subclassing it registers a codec named by ``type_name``.

    Fields:
        type_name: Name of the codec, without brackets.
        stored_type: What values are stored as: ``blob`` (bytes), ``object`` (``<object>``), or any other type.

    Example:
        >>> class GraphType(CustomType):
        ...     type_name = "graph"
        ...     stored_type = "<blob>"
        ...
        ...     def put(self, obj):
        ...         return list(obj.edges)
        ...
        ...     def get(self, stored):
        ...         return Graph(stored)
    """

    type_name: ClassVar[str] = ""
    stored_type: ClassVar[str] = ""

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if cls.type_name:
            register_type(cls)

    def put(self, obj: Any, *arguments: Any, **keywords: Any) -> Any:
        """Return what is stored for a value; may take the primary key as second argument."""
        raise NotImplementedError(f"{type(self).__qualname__} has no put.")

    def get(self, stored: Any, *arguments: Any, **keywords: Any) -> Any:
        """Return the value of what is stored; may take the primary key as second argument."""
        raise NotImplementedError(f"{type(self).__qualname__} has no get.")


def register_type(cls: Class) -> Class:
    """Register a class with ``type_name``, ``stored_type``, ``put`` and ``get`` as a codec; usable as a decorator.

    Raises:
        DataMillError: It lacks one of these, or the name is taken.
    """
    require(cls, type, "A type must be a class")
    lacking = [name for name in ("type_name", "stored_type", "put", "get") if not getattr(cls, name, None)]
    if lacking:
        raise DataMillError(f"The type {cls.__qualname__} lacks {', '.join(lacking)}.", hint="Define them.")
    name = cls.type_name.strip().strip("<>")
    members = {
        "name": name,
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": cls.__doc__,
        "wrapped": cls(),
        "stored_type": _STORED.get(cls.stored_type, cls.stored_type),
    }
    ABCMeta(cls.__name__, (_TypeCodec,), members)
    return cls


class _TypeCodec(Codec, register=False):
    """A codec that calls ``put`` and ``get`` of a `CustomType`."""

    wrapped: ClassVar[Any] = None
    stored_type: ClassVar[str] = ""

    def get_dtype(self, is_store: bool) -> str:
        """Return the stored type; a codec in it gets the store in effect."""
        if is_store and not self.stored_type.startswith("<"):
            raise DataMillError(
                f"<{self.name}> is stored as {self.stored_type}, in the row: write it without @."
            )
        return self.stored_type

    def encode(self, value: Any, *, key: Mapping[str, Any] | None = None) -> Any:
        """Return what ``put`` makes of a value."""
        return self.wrapped.put(value, *_key_argument(self.wrapped.put, key))

    def decode(self, stored: Any, *, key: Mapping[str, Any] | None = None) -> Any:
        """Return what ``get`` makes of it."""
        return self.wrapped.get(stored, *_key_argument(self.wrapped.get, key))


def _key_argument(method: Any, key: Mapping[str, Any] | None) -> tuple[Any, ...]:
    """Return the primary key as the arguments of a method that takes one."""
    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.VAR_POSITIONAL)
    taken = [item for item in signature(method).parameters.values() if item.kind in positional]
    if len(taken) < 2 and not any(item.kind is Parameter.VAR_POSITIONAL for item in taken):
        return ()
    return ({name: value for name, value in (key or {}).items() if not name.startswith("_")},)


class Object(ABC):
    """A value that writes itself to a store; instances go into ``<object@>``.

    Example:
        >>> class Volume(Object):
        ...     def put(self, store, key):
        ...         store.put_buffer(self.voxels.tobytes(), key)
        ...         return {"shape": self.voxels.shape}
        ...
        ...     @classmethod
        ...     def get(cls, store, key):
        ...         return cls(store.get_buffer(key))
        ...
        ...     def get_meta(self):
        ...         return {"shape": self.voxels.shape}
    """

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        _objects[f"{cls.__module__}.{cls.__qualname__}"] = cls

    @abstractmethod
    def put(self, store: StorageBackend, key: str) -> dict[str, Any]:
        """Write the object under a path and return facts about it, which the row keeps as ``meta``."""

    @classmethod
    @abstractmethod
    def get(cls, store: StorageBackend, key: str) -> Self:
        """Read an object that `put` wrote."""

    def get_meta(self) -> dict[str, Any]:
        """Return facts about the object."""
        return {}

    def verify(self, store: StorageBackend, key: str) -> bool:
        """Tell whether the object is in the store."""
        return store.exists(key)


def known_object(name: str) -> type[Object] | None:
    """Return an imported subclass of `Object` by module and qualified name, or None."""
    return _objects.get(name)

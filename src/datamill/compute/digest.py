"""Fingerprints of fetched values: do two fetches give the same?"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import pickle
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from datamill.errors import MakeError

Feed = Callable[[bytes], None]
_PLAIN = (str, int, bool, Decimal, UUID, date, datetime, time, timedelta, type(None))


def digest(value: Any) -> bytes:
    """Return a fingerprint by value: NaN equals NaN, dicts and sets have no order, arrays count dtype, shape and bytes.

    Raises:
        MakeError: The value cannot be serialised.

    Example:
        >>> digest({"a": 1, "b": float("nan")}) == digest({"b": float("nan"), "a": 1})
        True
    """
    hasher = hashlib.blake2b(digest_size=20)
    _feed(value, hasher.update)
    return hasher.digest()


def _feed(value: Any, feed: Feed) -> None:
    kind = type(value)
    if kind is float:
        feed(b"f" + (b"nan" if math.isnan(value) else value.hex().encode()))
    elif kind in _PLAIN:
        feed(f"{kind.__name__}:{len(str(value))}:{value}".encode())
    elif isinstance(value, bytes | bytearray | memoryview):
        feed(b"b%d:" % len(value))
        feed(bytes(value))
    elif isinstance(value, Mapping):
        feed(b"m%d:" % len(value))
        for item in sorted(digest(key) + digest(inner) for key, inner in value.items()):
            feed(item)
    elif isinstance(value, AbstractSet):
        feed(b"s%d:" % len(value))
        for item in sorted(map(digest, value)):
            feed(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        feed(b"l%d:" % len(value))
        for inner in value:
            _feed(inner, feed)
    else:
        _feed_object(value, feed)


def _feed_object(value: Any, feed: Feed) -> None:
    module = type(value).__module__.split(".")[0]
    if hasattr(value, "path") and hasattr(value, "store"):
        feed(f"ref:{value.store}:{value.path}:{getattr(value, 'hash', None)}".encode())
    elif module == "numpy":
        _feed_numpy(value, feed)
    elif module == "pandas":
        _feed_pandas(value, feed)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        feed(type(value).__qualname__.encode())
        for item in dataclasses.fields(value):
            _feed(getattr(value, item.name), feed)
    else:
        _feed_pickle(value, feed)


def _feed_numpy(value: Any, feed: Feed) -> None:
    import numpy

    array = numpy.asarray(value)
    feed(f"a{array.dtype.str}{array.dtype.names}{array.shape}".encode())
    if array.dtype.hasobject:
        for item in array.ravel().tolist():
            _feed(item, feed)
    elif array.dtype.kind in "fc":
        feed(numpy.where(numpy.isnan(array), numpy.nan, array).astype(array.dtype).tobytes())
    else:
        feed(array.tobytes())


def _feed_pandas(value: Any, feed: Feed) -> None:
    feed(type(value).__name__.encode())
    if hasattr(value, "columns"):
        _feed(list(value.columns), feed)
        for name in range(value.shape[1]):
            _feed_numpy(value.iloc[:, name].to_numpy(), feed)
    if hasattr(value, "index"):
        _feed_numpy(value.index.to_numpy(), feed)
    if not hasattr(value, "columns"):
        if hasattr(value, "to_numpy"):
            _feed_numpy(value.to_numpy(), feed)
        else:
            feed(str(value).encode())


def _feed_pickle(value: Any, feed: Feed) -> None:
    try:
        feed(pickle.dumps(value, protocol=4))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise MakeError(
            f"make_fetch returned a {type(value).__name__}, which cannot be compared with a second fetch.",
            hint="Return numbers, text, arrays, lists, tuples or dicts.",
        ) from error

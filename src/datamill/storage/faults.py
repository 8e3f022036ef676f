"""What filesystems raise, mapped to the error tree: the message names store and path."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from datamill.errors import BucketInaccessible, DataMillError, MissingExternalFile

_FULL: Final = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


@contextmanager
def faults(store: str, path: str, activity: str) -> Iterator[None]:
    """Map errors of the filesystem in a block.

    Args:
        store: Name of the store.
        path: Object at work.
        activity: What is being done, for the message: ``reading``.

    Raises:
        MissingExternalFile: There is no such object.
        BucketInaccessible: The store cannot be reached, or refuses.
        DataMillError: The store is full.
    """
    try:
        yield
    except DataMillError:
        raise
    except FileNotFoundError as error:
        if activity == "writing":  # a new object is never missing: its bucket is
            raise _mapped(error, store, path, activity) from error
        raise missing(store, path) from error
    except Exception as error:
        raise _mapped(error, store, path, activity) from error


def missing(store: str, path: str) -> MissingExternalFile:
    """Return the error for an object that is not there."""
    return MissingExternalFile(
        f"There is no object {path!r} in store {store!r}.",
        path=path,
        store=store,
        hint="It was removed or never stored; schema.verify_objects() lists all such rows.",
    )


def _mapped(error: Exception, store: str, path: str, activity: str) -> DataMillError:
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, OSError) and error.errno in _FULL:
        return DataMillError(
            f"Store {store!r} is full: {activity} {path!r} failed ({reason}).",
            hint="Free space, then repeat what you did.",
        )
    return BucketInaccessible(
        f"Store {store!r} failed while {activity} {path!r} ({reason}).",
        store=store,
        hint="Check its address, that its bucket exists, its credentials and the network.",
    )

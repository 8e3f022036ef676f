"""What an insert has written to stores so far, so that it can be removed if the insert fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from datamill.errors import DataMillError
from datamill.settings.log import logger
from datamill.storage.contracts import Store
from datamill.storage.paths import is_below


class Journal:
    """Schema-addressed objects that were written.

    Objects addressed by their hash are not noted: other rows may rely on them.
    """

    __slots__ = ("_written",)

    def __init__(self) -> None:
        self._written: dict[tuple[tuple[str, ...], str], Store] = {}

    def __len__(self) -> int:
        return len(self._written)

    def note(self, backend: Store, path: str) -> None:
        """Remember an object, if it lies in the schema section of its store."""
        if is_below(path, backend.spec.get("schema_prefix") or "_schema"):
            self._written[backend.identity, path] = backend

    def extend(self, other: Journal) -> None:
        """Take over what another journal remembers."""
        self._written.update(other._written)

    def discard(self) -> None:
        """Remove the objects, as far as that is possible, and forget them."""
        written, self._written = self._written, {}
        for (_, path), backend in written.items():
            try:
                backend.remove(path)
            except (DataMillError, OSError) as error:  # the failure that led here matters more
                logger.warning("An object of a failed insert stays behind for garbage collection: %s", error)

    def paths(self) -> list[str]:
        """Return the paths that were written, manifests included."""
        return [path for _, path in self._written]


_current: Final[ContextVar[Journal | None]] = ContextVar("datamill_uploads", default=None)


def note(backend: Store, path: str) -> None:
    """Note an object in the journal of the running insert, if there is one."""
    journal = _current.get()
    if journal is not None:
        journal.note(backend, path)


@contextmanager
def recording(*, commits: bool = False) -> Iterator[Journal]:
    """Note what a block writes; if it fails, remove that, else pass it on to the block around it.

    Args:
        commits: At its end the block's rows are committed, so that what comes later cannot undo them: nothing is
            passed on.
    """
    parent = _current.get()
    current = Journal()
    token = _current.set(current)
    try:
        yield current
    except BaseException:
        current.discard()
        raise
    finally:
        _current.reset(token)
    if parent is not None and not commits:
        parent.extend(current)


__all__ = ["Journal", "note", "recording"]

"""What an insert has written to stores so far, so that it can be removed if the insert fails."""

from __future__ import annotations

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


class recording:  # noqa: N801 - reads as a word of the language
    """Note what a block writes; if it fails, remove that, else pass it on to the block around it.

    Args:
        commits: At its end the block's rows are committed, so that what comes later cannot undo them: nothing is
            passed on.
    """

    __slots__ = ("_commits", "_journal", "_parent", "_token")

    def __init__(self, *, commits: bool = False) -> None:
        self._commits = commits

    def __enter__(self) -> Journal:
        self._parent = _current.get()
        self._journal = Journal()
        self._token = _current.set(self._journal)
        return self._journal

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        _current.reset(self._token)
        if kind is not None:
            self._journal.discard()
        elif self._parent is not None and not self._commits:
            self._parent.extend(self._journal)


__all__ = ["Journal", "note", "recording"]

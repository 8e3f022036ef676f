"""Garbage collection: objects that no row refers to are marked, and removed once the marks are old enough."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from datamill.data import gc_marks
from datamill.data.gc_marks import MARKED, REMOVING_SECONDS, Mark, path_hash, schema_of
from datamill.errors import DataMillError, DataMillWarning, GCIncompleteError
from datamill.maintenance.gc_marks import Marks, marks_of
from datamill.maintenance.gc_scan import Live, Scan, is_hash, scan
from datamill.settings.log import logger
from datamill.storage.backend import StorageBackend
from datamill.storage.listing import Unfinished
from datamill.storage.owners import forget
from datamill.storage.stores import Stores

if TYPE_CHECKING:
    from datamill.data.connection import Connection

BATCH: Final = 100
"""Objects whose marks are set to purging, and that are then removed, at once."""


class Collector:
    """Collects garbage in the sections of some schemas in one store.

    Args:
        connection: The database whose rows refer to the store.
        schemas: Whose objects are looked at; references count wherever they are.
        store: Name of the store; None: the default store.
        stores: Where to find it; default: those of the connection.
        assume_complete: Trust that the account sees all schemas of the server.

    Raises:
        DataMillError: No schema is given.
        ConfigError: The store is not configured.
    """

    def __init__(
        self,
        connection: Connection,
        schemas: Iterable[str],
        *,
        store: str | None = None,
        stores: Stores | None = None,
        assume_complete: bool = False,
    ) -> None:
        self._schemas = tuple(dict.fromkeys(schemas))
        if not self._schemas:
            raise DataMillError(
                "Garbage collection needs the schemas to look at.", hint="Pass schemas, or their names."
            )
        self._connection = connection
        self._backend: StorageBackend = (stores or connection.stores).backend(store)
        self._assume_complete = assume_complete

    # phases ----------------------------------------------------------------------------------------------------

    def mark(self, grace: float | None = None) -> dict[str, Any]:
        """Mark what nothing refers to, and unmark what is referred to again; remove nothing.

        Args:
            grace: Objects younger than this many seconds are left alone; default ``storage.gc_grace``.

        Raises:
            GCIncompleteError: Not everything could be seen; nothing is marked.
        """
        found = self._complete_scan(self._grace(grace))
        self._write_marks(found)
        return self._report(found, dry_run=False)

    def purge(self, grace: float | None = None) -> dict[str, Any]:
        """Remove the objects whose marks are older than the grace, and that still nothing refers to.

        A purge that was interrupted is taken up where it ended, once its collection has surely ended: after
        `gc_marks.ABANDONED_SECONDS`.

        Args:
            grace: Seconds; default ``storage.gc_grace``.

        Raises:
            GCIncompleteError: Not everything could be seen; nothing is removed.
        """
        seconds = self._grace(grace)
        found = self._complete_scan(seconds)
        report = self._report(found, dry_run=False)
        before = gc_marks.now() - timedelta(seconds=seconds)
        orphans = {item.path for item in found.orphans}
        stored = {item.path for item in found.stored}
        for marks in self._marks():
            self._drop_rescued(marks, found)
            due = [
                mark
                for mark in self._ours(marks.read())
                if not mark.is_being_removed
                and (
                    mark.path not in stored
                    or (mark.path in orphans and (mark.state != MARKED or mark.marked_at <= before))
                )
            ]
            for start in range(0, len(due), BATCH):
                self._purge_batch(marks, due[start : start + BATCH], stored, report)
        outcomes = self._connection.stores.run_all(self._abort, found.unfinished)
        report["errors"] += [error for error in outcomes if error is not None]
        return self._recount(report)

    def collect(
        self, dry_run: bool = True, verbose: bool = False, *, grace: float | None = None
    ) -> dict[str, Any]:
        """Say what is garbage; with ``dry_run=False`` mark it, and remove what was marked long enough ago.

        Args:
            dry_run: Change nothing.
            verbose: Log each object.
            grace: Seconds between mark and removal; default ``storage.gc_grace``. 0 removes at once, which is safe
                only while nobody inserts.

        Returns:
            ``{hash,schema}_paths_{referenced,stored,orphaned,orphaned_bytes,deleted}``, ``orphaned_hash_paths``,
            ``orphaned_schema_paths``, ``deleted``, ``bytes_freed``, ``errors``, ``scan_errors``, ``dry_run``,
            ``quarantined``, ``being_removed`` (by another collection), ``purgeable``, ``dangling``, and
            ``unfinished`` (uploads in parts that were broken off; a purge removes the parts).

        Raises:
            GCIncompleteError: Not everything could be seen, and it is no dry run; nothing is removed.
        """
        seconds = self._grace(grace)
        if dry_run:
            report = self._report(self._scan(seconds), dry_run=True, grace=seconds)
        else:
            if seconds == 0:
                message = (
                    "grace=0 removes objects at once: an insert that runs meanwhile may lose its object."
                )
                warnings.warn(message, DataMillWarning, stacklevel=3)
            self.mark(seconds)
            report = self.purge(seconds)
            logger.info(
                "Garbage collection removed %d objects (%d bytes); %d are marked and go once their marks are %g s old.",
                report["deleted"],
                report["bytes_freed"],
                report["quarantined"],
                seconds,
            )
        if verbose:
            for path in (*report["orphaned_hash_paths"], *report["orphaned_schema_paths"]):
                logger.info("Nothing refers to %s.", path)
        return report

    def quarantine(self) -> list[Mark]:
        """Return the marked objects."""
        return sorted(
            (mark for marks in self._marks() for mark in self._ours(marks.read())), key=lambda mark: mark.path
        )

    def restore(self, paths: Iterable[str]) -> int:
        """Remove the marks of objects; return how many there were. The next `mark` marks them again."""
        wanted, count = set(paths), 0
        for marks in self._marks():
            found = [
                mark for mark in self._ours(marks.read()) if mark.path in wanted and not mark.is_being_removed
            ]
            marks.drop(found)
            count += len(found)
        return count

    def forget(self, database: str) -> bool:
        """Remove the note that another database writes to the store, which keeps everything from being removed.

        Do so only if that database is gone, or is this one, moved: the other's objects lose their protection.

        Args:
            database: As the error or a dry run names it.

        Returns:
            Whether there was such a note.
        """
        return forget(self._backend, database)

    # work ------------------------------------------------------------------------------------------------------

    def _grace(self, grace: float | None) -> float:
        seconds = self._connection.config.settings.storage.gc_grace if grace is None else grace
        if seconds < 0:
            raise ValueError(f"grace={grace!r} is no number of seconds.")
        return float(seconds)

    def _scan(self, grace: float) -> Scan:
        return scan(
            self._connection,
            self._backend,
            self._schemas,
            now=time.time(),
            grace=grace,
            assume_complete=self._assume_complete,
        )

    def _complete_scan(self, grace: float) -> Scan:
        found = self._scan(grace)
        if found.errors:
            raise GCIncompleteError(
                f"Garbage collection removes nothing: {found.errors[0]}"
                + (f" And {len(found.errors) - 1} more reasons." if len(found.errors) > 1 else ""),
                errors=list(found.errors),
                hint="Remove the cause; a dry run lists all of them.",
            )
        return found

    def _marks(self) -> list[Marks]:
        return [marks_of(self._connection, self._backend, schema) for schema in self._schemas]

    def _ours(self, marks: Sequence[Mark]) -> list[Mark]:
        """Return the marks of this store, whatever its name was when they were made."""
        return [mark for mark in marks if mark.path_hash == path_hash(self._backend, mark.path)]

    def _write_marks(self, found: Scan) -> None:
        now = gc_marks.now()
        by_schema: dict[str, list[Mark]] = {schema: [] for schema in self._schemas}
        for item in found.orphans:
            schema = schema_of(self._backend, item.path)
            assert schema is not None
            key = path_hash(self._backend, item.path)
            by_schema[schema].append(Mark(key, self._backend.name, item.path, item.size, now))
        for schema, fresh in by_schema.items():
            marks = marks_of(self._connection, self._backend, schema)
            self._drop_rescued(marks, found)
            marks.add(fresh)

    def _drop_rescued(self, marks: Marks, found: Scan) -> None:
        """Remove the marks of what is referred to again."""
        there, live = {item.path for item in found.stored}, Live(found.referenced)
        marks.drop(
            mark
            for mark in self._ours(marks.read())
            if mark.path in there and live.has(mark.path) and not mark.is_being_removed
        )

    def _purge_batch(
        self, marks: Marks, due: Sequence[Mark], stored: set[str], report: dict[str, Any]
    ) -> None:
        mine = marks.begin_purge(due)
        deadline = time.monotonic() + REMOVING_SECONDS
        outcomes = self._connection.stores.run_all(lambda mark: self._remove(mark, deadline), mine)
        gone = [mark for mark, error in zip(mine, outcomes, strict=True) if error is None]
        report["errors"] += [error for error in outcomes if error is not None]
        marks.drop(gone)
        for mark in gone:
            if mark.path in stored:
                kind = "hash" if is_hash(self._backend, mark.path) else "schema"
                report[f"{kind}_paths_deleted"] += 1
                report["deleted"] += 1
                report["bytes_freed"] += mark.size

    def _remove(self, mark: Mark, deadline: float) -> str | None:
        """Remove an object, unless somebody may store it anew by now; return what went wrong."""
        if time.monotonic() > deadline:
            return f"{mark.path!r} was not removed: the store is too slow. The next collection goes on."
        try:
            self._backend.remove(mark.path)
        except DataMillError as error:
            return str(error)
        return None

    def _abort(self, upload: Unfinished) -> str | None:
        try:
            self._backend.abort(upload)
        except DataMillError as error:
            return str(error)
        return None

    # the report ------------------------------------------------------------------------------------------------

    def _report(self, found: Scan, *, dry_run: bool, grace: float | None = None) -> dict[str, Any]:
        report: dict[str, Any] = {}
        for kind in ("hash", "schema"):
            chosen = kind == "hash"
            orphans = [item for item in found.orphans if is_hash(self._backend, item.path) == chosen]
            report[f"{kind}_paths_referenced"] = sum(
                is_hash(self._backend, path) == chosen for path in found.referenced
            )
            report[f"{kind}_paths_stored"] = sum(
                is_hash(self._backend, item.path) == chosen for item in found.stored
            )
            report[f"{kind}_paths_orphaned"] = len(orphans)
            report[f"{kind}_paths_orphaned_bytes"] = sum(item.size for item in orphans)
            report[f"{kind}_paths_deleted"] = 0
            report[f"orphaned_{kind}_paths"] = sorted(item.path for item in orphans)
        report |= {"deleted": 0, "bytes_freed": 0, "errors": [], "scan_errors": list(found.errors)}
        report |= {"dry_run": dry_run, "dangling": list(found.dangling), "unfinished": len(found.unfinished)}
        return self._recount(report, grace)

    def _recount(self, report: dict[str, Any], grace: float | None = None) -> dict[str, Any]:
        try:
            marks = self.quarantine()
        except DataMillError as error:
            report["scan_errors"].append(f"The marks cannot be read: {error}")
            marks = []
        before = gc_marks.now() - timedelta(seconds=self._grace(grace))
        report["quarantined"] = len(marks)
        report["being_removed"] = sum(mark.is_being_removed for mark in marks)
        report["purgeable"] = sum(mark.marked_at <= before for mark in marks)
        return report

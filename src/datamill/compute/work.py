"""What one worker needs to compute keys of one table: the runner of makes, storage, and what to do with failures."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Any

from datamill.compute.claims import Claims
from datamill.compute.contract import Warn
from datamill.compute.flush import Discarded, Group, Storage
from datamill.compute.forms import Form
from datamill.compute.metrics import count
from datamill.compute.options import Options
from datamill.compute.records import RunRecord
from datamill.compute.resources import Resources, needs_of, too_large
from datamill.compute.result import PopulateResult
from datamill.compute.retry import TRANSIENT_ATTEMPTS, Retry, is_transient
from datamill.compute.runner import Runner
from datamill.compute.target import Target
from datamill.compute.version import code_version
from datamill.errors import SkipKey, warn_user
from datamill.settings.log import logger

Key = dict[str, Any]
Make = tuple[Form, Any]


class Work:
    """Computes keys one by one and keeps account of them.

    Args:
        target: The table.
        make: Form and function, from `form_of`.
        options: How.
        claims: The claims on the keys, in reserved mode.

    Fields:
        result: What `populate` returns.
        failures: Errors of keys that are not tried again.
        advance: Called after each key with the number 1.
        report: Called whenever keys were stored or failed.
        admit: Called with what the next key takes; returns once it can have it.
        warn: Called with what is told once in a run, a message and a category.
    """

    def __init__(self, target: Target, make: Make, options: Options, claims: Claims | None = None) -> None:
        self.result = PopulateResult()
        self.failures: list[BaseException] = []
        self.advance: Callable[[int], Any] = lambda count: None
        self.report: Callable[[], Any] = lambda: None
        self.admit: Callable[[Resources | None], Any] = lambda need: None
        self.warn: Warn = lambda once, message, category: warn_user(message, category)
        self._name = target.name
        self._options = options
        self._claims = claims
        self._needs = needs_of(target.maker)
        self._retry: Retry = getattr(target.maker, "retry", None) or Retry()
        self.record = RunRecord(target, options.make_kwargs, options.stamp)
        self._storage = storage = Storage(
            target, self.result, code_version(target), claims, self.record.stamp
        )
        self._group = Group(storage, self._failed, lambda: self.report())
        self._runner = Runner(
            target,
            *make,
            dict(options.make_kwargs),
            storage,
            self._group,
            self.result,
            lambda *warning: self.warn(*warning),
        )

    @property
    def is_over(self) -> bool:
        """True once an error ends the run."""
        return bool(self.failures) and not self._options.suppress_errors

    @property
    def waiting(self) -> int:
        """Keys computed but not stored yet."""
        return len(self._group.entries)

    def run(self, key: Key) -> None:
        """Compute one key; whatever its make raises is kept."""
        if callable(self._needs) and not self._admitted(key, self._needs):
            return
        self.record.begin()
        begun = time.monotonic()
        attempts = 1 if self._claims is not None else TRANSIENT_ATTEMPTS
        for attempt in range(1, attempts + 1):
            try:
                self._runner.run(key)
            except SkipKey as skipped:
                self._skipped(key, str(skipped))
            except Exception as error:  # noqa: BLE001 - whatever user code raises belongs to its key
                if attempt < attempts and is_transient(error):
                    continue
                error.add_note(f"While computing {key}.")
                self._failed(key, error)
            break
        count(self._name, "make_seconds", time.monotonic() - begun)
        self.advance(1)

    def _admitted(self, key: Key, needs: Callable[[Key], Resources]) -> bool:
        """Wait until a key can have what it takes; false if it never can here."""
        capacity = self._options.capacity
        try:
            need = needs(key)
            if capacity is None or need.fits(capacity):
                self.admit(need)
                return True
            if self._claims is not None:
                self._claims.leave(key)
                return False
            error: Exception = too_large(self._name, need, capacity, key)
        except Exception as raised:  # noqa: BLE001 - whatever user code raises belongs to its key
            error = raised
        self._failed(key, error)
        self.advance(1)
        return False

    def flush(self) -> None:
        """Store the keys that wait."""
        self._group.flush()

    @property
    def findings(self) -> list[str]:
        """How make broke its contract so far."""
        return self._runner.findings

    def end(self) -> None:
        """Store the keys that wait, and record the end of the run."""
        try:
            self.flush()
        finally:
            self.close()

    def close(self) -> None:
        """Record the end of the run, and what came of it."""
        self.record.end(self.findings)
        result = self.result
        outcomes = {
            "success": result["success_count"],
            "error": len(result["error_list"]),
            "skipped": result.skipped,
            "lost": result.lost,
        }
        for outcome, number in outcomes.items():
            count(self._name, f"makes.{outcome}", number)
        count(self._name, "contract_violations", len(self.findings))

    def _skipped(self, key: Key, reason: str) -> None:
        self.result.skipped += 1
        if self._claims is not None and not self._claims.pass_over(key, reason):
            self.result.lost += 1

    def _failed(self, key: Key, error: BaseException) -> None:
        if self._storage.is_elsewhere(key, error):
            self._storage.settle(key, 0.0, Discarded())
            return
        if self._claims is not None and self._will_be_retried(self._claims, key, error):
            return
        self.result.failed(key, error, self._options.return_exception_objects)
        self.failures.append(error)
        self.report()

    def _will_be_retried(self, claims: Claims, key: Key, error: BaseException) -> bool:
        """Record the failure in the job; true if the key gets another attempt, or is another worker's now."""
        wait = self._retry.wait(claims.attempts(key) + 1, error)
        message = f"{type(error).__name__}: {error}"
        stack = "".join(traceback.format_exception(error))
        if not claims.fail(key, message, stack, wait):
            self.result.lost += 1
            return True
        if wait is not None:
            count(self._name, "retries")
            logger.info("%s failed and is tried again in %.0f s: %s", key, wait, message)
        return wait is not None

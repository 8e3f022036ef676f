"""``dm.metrics``: what this process has computed, by table, as numbers and as OpenMetrics text.

Counters grow from the start of the process; workers in other processes count for themselves.

Example:
    >>> snapshot() == {} or "makes" in next(iter(snapshot().values()))
    True
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Any

_COUNTERS = {
    "makes": "Keys by outcome: success, error, skipped, lost.",
    "make_seconds": "Seconds spent on keys: make, and storing what is stored at once.",
    "flushes": "Transactions that stored keys.",
    "flush_keys": "Keys stored by them.",
    "flush_seconds": "Seconds they took.",
    "queue_seconds": "Seconds spent claiming jobs.",
    "claims": "Jobs claimed.",
    "lost_leases": "Claims found lost when their rows were to be stored.",
    "recovered": "Jobs taken from workers that were gone.",
    "retries": "Failed keys that get another attempt.",
    "quarantined": "Jobs put aside since workers were lost over them.",
    "contract_violations": "Reads and writes of make that were not declared.",
}
"""Name -> meaning."""

_OUTCOMES = ("success", "error", "skipped", "lost")
_lock = threading.Lock()
_values: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
_begun: dict[str, float] = {}


def count(table: object, name: str, amount: float = 1) -> None:
    """Add to a counter of a table; ``makes`` are counted as ``makes.success`` and so on."""
    with _lock:
        _begun.setdefault(str(table), time.monotonic())
        _values[str(table)][name] += amount


def snapshot(*tables: Any) -> dict[str, dict[str, Any]]:
    """Return the counters by table, with ``busy``, the share of time since its first key that was spent on keys.

    Args:
        *tables: Classes of auto-populated tables whose jobs are counted by status, too: ``jobs``.

    Returns:
        Full name -> counters. ``makes`` is a dict by outcome.
    """
    now = time.monotonic()
    with _lock:
        found = {table: _table(table, values, now) for table, values in _values.items()}
    for table in tables:
        if not hasattr(table, "jobs"):
            raise TypeError(f"Jobs are those of auto-populated tables, not of {table!r}.")
        name = f"{table.database}.{table.table_name}"
        jobs = {status: number for status, number in table.jobs.progress().items() if status != "total"}
        found.setdefault(name, _table(name, {}, now))["jobs"] = jobs
    return found


def _table(table: str, values: dict[str, float], now: float) -> dict[str, Any]:
    shown: dict[str, Any] = {name: values.get(name, 0.0) for name in _COUNTERS if name != "makes"}
    shown["makes"] = {outcome: values.get(f"makes.{outcome}", 0.0) for outcome in _OUTCOMES}
    seconds = now - _begun.get(table, now)
    shown["busy"] = min(1.0, shown["make_seconds"] / seconds) if seconds > 0 else 0.0
    return shown


def render(*tables: Any) -> str:
    """Return `snapshot` as OpenMetrics text, for a scraper such as Prometheus.

    Args:
        *tables: As for `snapshot`.
    """
    found = snapshot(*tables)
    lines: list[str] = []
    for name, meaning in _COUNTERS.items():
        lines += [f"# TYPE datamill_{name} counter", f"# HELP datamill_{name} {meaning}"]
        for table, values in found.items():
            if name == "makes":
                lines += [
                    _line("makes_total", number, table=table, outcome=outcome)
                    for outcome, number in values["makes"].items()
                ]
            else:
                lines.append(_line(f"{name}_total", values[name], table=table))
    lines += ["# TYPE datamill_busy_ratio gauge", "# HELP datamill_busy_ratio Share of time spent on keys."]
    lines += [_line("busy_ratio", values["busy"], table=table) for table, values in found.items()]
    lines += ["# TYPE datamill_jobs gauge", "# HELP datamill_jobs Jobs by status."]
    for table, values in found.items():
        lines += [
            _line("jobs", number, table=table, status=status)
            for status, number in values.get("jobs", {}).items()
        ]
    return "\n".join([*lines, "# EOF", ""])


def _line(name: str, value: float, **labels: str) -> str:
    shown = ",".join(f'{label}="{_escape(text)}"' for label, text in labels.items())
    return f"datamill_{name}{{{shown}}} {value:g}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

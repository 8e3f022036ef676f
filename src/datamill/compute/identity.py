"""Who a worker is: written into claimed jobs, so that others can tell whether it is alive."""

from __future__ import annotations

import hashlib
import itertools
import os
import socket
from functools import cache
from pathlib import Path

_serial = itertools.count(1)


def worker_name() -> str:
    """Return a new name for a worker in this process: machine, process id, start of the process, serial number.

    At most 64 characters, and never the same again, not even after the process id is reused.
    """
    pid = os.getpid()
    return f"{_place()}:{pid}:{_start(pid) or '?'}:{next(_serial)}"


def is_dead(worker: str) -> bool:
    """True if a worker's process ran on this machine and has ended; False if it lives or cannot be known.

    Args:
        worker: A name from `worker_name`, of any process on any machine.
    """
    place, _, rest = worker.partition(":")
    pid, _, rest = rest.partition(":")
    start = rest.partition(":")[0]
    if place != _place() or not pid.isdigit():
        return False
    found = _start(int(pid))
    return found is None or (start not in ("?", found) and found != "?")


@cache
def _place() -> str:
    """Return twelve digits for this machine, its boot and process namespace: process ids mean something within."""
    parts = [socket.gethostname(), _text("/proc/sys/kernel/random/boot_id")]
    try:
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        parts.append("")
    return hashlib.blake2b("|".join(parts).encode(), digest_size=6).hexdigest()


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _start(pid: int) -> str | None:
    """Return when a process started, ``?`` where the system does not say; None if there is no such process."""
    stat = _text(f"/proc/{pid}/stat")
    if stat:
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in ("Z", "X") else fields[19]
    if Path("/proc/self/stat").exists():
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return "?"
    return "?"

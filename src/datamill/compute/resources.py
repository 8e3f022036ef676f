"""What computing a key takes: hints for the pools of this machine and for the schedulers of clusters."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from datamill.errors import ConfigError, DataMillError

UNLIMITED = math.inf
_NAMES = ("cpus", "memory", "gpus", "time", "tags")
_BYTES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Resources:
    """What one key takes, or what there is.

    Fields:
        cpus: Processors.
        memory: Bytes; 0: not known.
        gpus: GPUs; a fraction shares one.
        time: Seconds; 0: not known.
        tags: What the machine must offer.

    Example:
        >>> Resources.parse({"cpus": 2, "memory": "4GB", "time": "1h"})
        Resources(cpus=2.0, memory=4000000000.0, gpus=0.0, time=3600.0, tags=frozenset())
    """

    cpus: float = 1
    memory: float = 0
    gpus: float = 0
    time: float = 0
    tags: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, given: Mapping[str, Any], default: Resources | None = None) -> Resources:
        """Read what a user wrote.

        Args:
            given: ``cpus``, ``memory`` (bytes, or text such as "4GB" or "512 MiB"), ``gpus``, ``time`` (seconds, a
                timedelta, or text such as "90m" or "1:30:00"), ``tags`` (texts).
            default: For what is left out.

        Raises:
            ConfigError: A name or value makes no sense.
        """
        if not isinstance(given, Mapping):
            raise _senseless("resources", given)
        found: dict[str, Any] = {}
        for name, value in given.items():
            reader = _READERS.get(name)
            if reader is None:
                raise ConfigError(f"{name!r} is no resource.", hint=f"There are {', '.join(_NAMES)}.")
            try:
                found[name] = reader(value)
            except (TypeError, ValueError):
                raise _senseless(name, value) from None
        return replace(default or cls(), **found)

    def fits(self, capacity: Resources) -> bool:
        """True if so much is there at all; time does not matter."""
        enough = self.cpus <= capacity.cpus and self.memory <= capacity.memory and self.gpus <= capacity.gpus
        return enough and self.tags <= capacity.tags

    def times(self, capacity: Resources) -> float:
        """Return how many keys that take this fit at once."""
        if not self.fits(capacity):
            return 0
        pairs = (
            (self.cpus, capacity.cpus),
            (self.memory, capacity.memory),
            (self.gpus, capacity.gpus),
        )
        return min(
            math.floor(there / taken + 1e-9) if there < UNLIMITED else UNLIMITED
            for taken, there in pairs
            if taken
        )

    def __or__(self, other: Resources) -> Resources:
        """Return what is enough for either."""
        numbers = {name: max(getattr(self, name), getattr(other, name)) for name in _NAMES[:-1]}
        return Resources(**numbers, tags=self.tags | other.tags)


def capacity_of(given: Mapping[str, Any]) -> Resources:
    """Return what a user says there is; what is left out is not limited, but for GPUs and tags: there are none."""
    return Resources.parse(given, Resources(UNLIMITED, UNLIMITED, 0, UNLIMITED))


Needs = Resources | Callable[[Mapping[str, Any]], Resources]


def needs_of(maker: Any) -> Needs | None:
    """Return what the keys of a table take: the same for all, or by key; None if nothing is said.

    Raises:
        ConfigError: ``resources`` of its class makes no sense.
    """
    given = getattr(maker, "resources", None)
    if given is None:
        return None
    if callable(given):
        return lambda key: Resources.parse(given(dict(key)))
    return Resources.parse(given)


def too_large(
    name: object, need: Resources, capacity: Resources, key: Mapping[str, Any] | None = None
) -> DataMillError:
    """Return the error that a table, or one of its keys, takes more than there is."""
    what = f"{name}" if key is None else f"{dict(key)} of {name}"
    return DataMillError(
        f"{what} takes {_shown(need)}, but there is {_shown(capacity)}.",
        hint="Populate where there is more, or with reserve_jobs=True, which leaves it to others.",
    )


def _shown(resources: Resources) -> str:
    texts = [f"{name} {getattr(resources, name):g}" for name in ("cpus", "memory", "gpus")]
    return ", ".join([*texts, *sorted(resources.tags)])


def this_machine() -> Resources:
    """Return what there is if nobody says so: processors, and the GPUs in ``CUDA_VISIBLE_DEVICES``."""
    return Resources(os.cpu_count() or 1, UNLIMITED, len(_visible()) or UNLIMITED, UNLIMITED)


def _visible() -> list[str]:
    return [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]


def most_at_once(needs: Needs | None, capacity: Resources | None) -> float:
    """Return how many workers of this machine can compute at once: one or more; not limited if keys differ."""
    return max(1, needs.times(capacity or this_machine())) if isinstance(needs, Resources) else UNLIMITED


class Ledger:
    """Who holds what of the capacity of a machine, and which GPUs.

    Args:
        capacity: What there is; None: `this_machine`. What takes more gets it while nobody else holds anything.

    Example:
        >>> ledger = Ledger(capacity_of({"cpus": 4, "gpus": 1}))
        >>> ledger.take("one", Resources(cpus=3, gpus=1)), ledger.take("two", Resources(cpus=2))
        (('0',), None)
        >>> ledger.give_back("one")
        >>> ledger.take("two", Resources(cpus=2))
        ()
    """

    def __init__(self, capacity: Resources | None) -> None:
        visible, capacity = _visible(), capacity or this_machine()
        self._capacity = capacity
        count = 0 if capacity.gpus == UNLIMITED else math.ceil(capacity.gpus)
        self.devices = visible[:count] if visible else [str(number) for number in range(count)]
        self._held: dict[Hashable, tuple[Resources, tuple[str, ...]]] = {}
        self._last: dict[Hashable, tuple[str, ...]] = {}

    def take(self, who: Hashable, need: Resources) -> tuple[str, ...] | None:
        """Hold what somebody needs.

        Returns:
            The names of the GPUs; None if there is not enough now.
        """
        held = [taken for taken, _ in self._held.values()]
        for name in ("cpus", "memory", "gpus"):
            total = getattr(need, name) + sum(getattr(taken, name) for taken in held)
            if held and total > getattr(self._capacity, name) + 1e-9:
                return None
        devices = self._choose(who, need.gpus)
        if devices is not None:
            self._held[who], self._last[who] = (need, devices), devices
        return devices

    def give_back(self, who: Hashable) -> None:
        """Free what somebody holds, if anything."""
        self._held.pop(who, None)

    def _choose(self, who: Hashable, gpus: float) -> tuple[str, ...] | None:
        """Choose GPUs with room, those that this one had before first: a process cannot change them once in use."""
        if not gpus or not self.devices:
            return ()
        share, number = min(gpus, 1.0), min(math.ceil(gpus), len(self.devices))
        load = dict.fromkeys(self.devices, 0.0)
        for taken, devices in self._held.values():
            for device in devices:
                load[device] += min(taken.gpus, 1.0)
        had = self._last.get(who, ())
        free = [device for device in self.devices if load[device] + share <= 1 + 1e-9]
        chosen = sorted(free, key=lambda device: device not in had)[:number]
        return tuple(chosen) if len(chosen) == number else None


# reading what users write ----------------------------------------------------------------------------------------


def _number(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool | str) or not 0 <= number < UNLIMITED:
        raise ValueError
    return number


def _bytes(value: Any) -> float:
    if not isinstance(value, str):
        return _number(value)
    match = re.fullmatch(r"\s*([\d.]+)\s*([KMGT]?)(i?)B?\s*", value, re.IGNORECASE)
    if match is None or (match[3] and not match[2]):
        raise ValueError
    unit = match[2].upper()
    units = _BINARY if match[3] else _BYTES
    return float(match[1]) * units[unit]


def _seconds(value: Any) -> float:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if not isinstance(value, str):
        return _number(value)
    if ":" in value:
        parts = [float(part) for part in value.split(":")]
        if len(parts) > 3:
            raise ValueError
        return float(sum(part * 60**place for place, part in enumerate(reversed(parts))))
    match = re.fullmatch(r"\s*([\d.]+)\s*(s|m|min|h|d)\s*", value)
    if match is None:
        raise ValueError
    return float(match[1]) * _SECONDS[match[2]]


def _tags(value: Any) -> frozenset[str]:
    if isinstance(value, str) or not all(isinstance(tag, str) for tag in value):
        raise ValueError
    return frozenset(value)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "cpus": _number,
    "memory": _bytes,
    "gpus": _number,
    "time": _seconds,
    "tags": _tags,
}


def _senseless(name: str, value: Any) -> ConfigError:
    example = 'resources = dict(cpus=2, memory="4GB", gpus=0, time="1h", tags=())'
    return ConfigError(f"{name}={value!r} makes no sense among resources.", hint=f"For example: {example}")

"""The genuine DataJoint's queue, as a black box: run by ``benchmarks.jobs --peer PYTHON`` with that interpreter."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

SOURCE = "high : int32\nlow : int32\n"
RESULT = "-> Source\n---\nvalue : float64\n"


def seconds(action: Callable[[], object], count: int) -> float:
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) / count


def main(keys: int) -> dict[str, float]:
    """Return seconds per key by label."""
    dj: Any = import_module("datajoint")

    dj.config["safemode"] = False
    schema = dj.Schema("bench_jobs_peer")

    class Source(dj.Manual):  # type: ignore[misc,unused-ignore]
        definition = SOURCE

    class Result(dj.Computed):  # type: ignore[misc,unused-ignore]
        definition = RESULT

        def make(self, key: dict[str, Any]) -> None:
            self.insert1({**key, "value": 1.0})

    schema(Source, context={"Source": Source})
    schema(Result, context={"Source": Source})
    Source.insert({"high": index // 1000, "low": index % 1000} for index in range(keys))
    found = {"jobs.refresh, all new": seconds(Result().jobs.refresh, keys)}
    found["populate, reserved jobs"] = seconds(
        lambda: Result().populate(reserve_jobs=True, refresh=False), keys
    )
    assert len(Result()) == keys
    Result().delete_quick()
    found["populate, direct"] = seconds(Result().populate, keys)
    schema.drop(prompt=False)
    return found


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(main(int(sys.argv[1]))) + "\n")

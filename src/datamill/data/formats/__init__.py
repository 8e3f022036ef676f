"""Output formats of fetch: one file per format, each a function of what was fetched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from datamill.registry import Registry

Format = Callable[..., Any]
"""Takes a `fetched.Fetched` and the options of its own."""

FORMATS: Registry[Format] = Registry(
    "format",
    {
        "dicts": "datamill.data.formats.dicts:to_dicts",
        "keys": "datamill.data.formats.keys:to_keys",
        "arrays": "datamill.data.formats.arrays:to_structured",
        "pandas": "datamill.data.formats.pandas:to_pandas",
        "polars": "datamill.data.formats.polars:to_polars",
        "arrow": "datamill.data.formats.arrow:to_arrow",
    },
    extras={"pandas": "pandas", "polars": "polars", "arrow": "arrow"},
    groups=("datamill.formats",),
)

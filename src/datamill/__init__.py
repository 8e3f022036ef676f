"""datamill: a computational database for scientists and engineers.

Example:
    >>> import datamill as dm
    >>> schema = dm.Schema("lab")
"""

from typing import TYPE_CHECKING, Any

from datamill import codecs, errors
from datamill.algebra.conditions import AndList, Not, Top
from datamill.api.default import config, conn
from datamill.api.diagram import Diagram
from datamill.api.expression import QueryExpression
from datamill.api.instance import Instance
from datamill.api.schema import Schema, list_schemas
from datamill.api.table import FreeTable, Table
from datamill.api.tiers import Compute, Computed, Entry, Imported, Ingest, Lookup, Manual, Part
from datamill.api.universe import U
from datamill.api.virtual import VirtualModule, create_virtual_module, virtual_schema
from datamill.codecs import Codec, blob, get_codec, list_codecs
from datamill.data.connection import Connection
from datamill.data.validate import ValidationResult
from datamill.errors import DataJointError, DataMillError, DataMillWarning, SkipKey, ThreadSafetyError
from datamill.settings import Config
from datamill.settings.log import logger

__version__ = "0.1.0"
schema = Schema

if TYPE_CHECKING:
    from datamill.codecs.blob import MatCell, MatStruct


def __getattr__(name: str) -> Any:
    """Load the names that need NumPy on first use."""
    if name in ("MatCell", "MatStruct"):
        return getattr(blob, name)
    raise AttributeError(f"module 'datamill' has no attribute {name!r}")


__all__ = [
    "AndList",
    "Codec",
    "Compute",
    "Computed",
    "Config",
    "Connection",
    "DataJointError",
    "DataMillError",
    "DataMillWarning",
    "Diagram",
    "Entry",
    "FreeTable",
    "Imported",
    "Ingest",
    "Instance",
    "Lookup",
    "Manual",
    "MatCell",
    "MatStruct",
    "Not",
    "Part",
    "QueryExpression",
    "Schema",
    "SkipKey",
    "Table",
    "ThreadSafetyError",
    "Top",
    "U",
    "ValidationResult",
    "VirtualModule",
    "blob",
    "codecs",
    "config",
    "conn",
    "create_virtual_module",
    "errors",
    "get_codec",
    "list_codecs",
    "list_schemas",
    "logger",
    "schema",
    "virtual_schema",
]

"""datamill: a computational database for scientists and engineers.

Names are loaded when they are first used, so that ``import datamill`` costs next to nothing.

Example:
    >>> import datamill as dm
    >>> schema = dm.Schema("lab")
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from datamill import codecs, errors
    from datamill.algebra.conditions import AndList, Not, Top
    from datamill.api import deploy, gc, migrate, trash
    from datamill.api.default import config, conn
    from datamill.api.diagram import Diagram
    from datamill.api.exporting import export_project, import_project
    from datamill.api.expression import QueryExpression
    from datamill.api.instance import Instance
    from datamill.api.jobs import Job
    from datamill.api.running import Runner
    from datamill.api.schema import Schema, list_schemas, schema
    from datamill.api.table import FreeTable, Table
    from datamill.api.tiers import Compute, Computed, Entry, Imported, Ingest, Lookup, Manual, Part
    from datamill.api.universe import U
    from datamill.api.virtual import VirtualModule, create_virtual_module, virtual_schema
    from datamill.codecs import Codec, blob, get_codec, list_codecs
    from datamill.codecs.blob import MatCell, MatStruct
    from datamill.codecs.refs.npy_ref import NpyRef
    from datamill.codecs.refs.object_ref import ObjectRef
    from datamill.codecs.schema_codec import SchemaCodec
    from datamill.codecs.specs2 import CustomType, Object, register_type
    from datamill.compute import executors, metrics
    from datamill.compute.retry import Retry
    from datamill.data.connection import Connection
    from datamill.data.validate import ValidationResult
    from datamill.errors import DataJointError, DataMillError, DataMillWarning, SkipKey, ThreadSafetyError
    from datamill.maintenance.copy import copy_database
    from datamill.settings import Config
    from datamill.settings.log import logger
    from datamill.storage.adapter import StorageAdapter, get_storage_adapter

_HOMES = {
    "datamill.algebra.conditions": "AndList Not Top",
    "datamill.api.default": "config conn",
    "datamill.api.diagram": "Diagram",
    "datamill.api.exporting": "export_project import_project",
    "datamill.api.expression": "QueryExpression",
    "datamill.api.instance": "Instance",
    "datamill.api.jobs": "Job",
    "datamill.api.running": "Runner",
    "datamill.api.schema": "Schema schema list_schemas",
    "datamill.api.table": "FreeTable Table",
    "datamill.api.tiers": "Compute Computed Entry Imported Ingest Lookup Manual Part",
    "datamill.api.universe": "U",
    "datamill.api.virtual": "VirtualModule create_virtual_module virtual_schema",
    "datamill.codecs": "Codec get_codec list_codecs",
    "datamill.codecs.blob": "MatCell MatStruct",
    "datamill.codecs.refs.npy_ref": "NpyRef",
    "datamill.codecs.refs.object_ref": "ObjectRef",
    "datamill.codecs.schema_codec": "SchemaCodec",
    "datamill.codecs.specs2": "CustomType Object register_type",
    "datamill.compute.retry": "Retry",
    "datamill.data.connection": "Connection",
    "datamill.data.validate": "ValidationResult",
    "datamill.errors": "DataJointError DataMillError DataMillWarning SkipKey ThreadSafetyError",
    "datamill.maintenance.copy": "copy_database",
    "datamill.settings": "Config",
    "datamill.settings.log": "logger",
    "datamill.storage.adapter": "StorageAdapter get_storage_adapter",
}
_MODULES = {
    "blob": "datamill.codecs.blob",
    "codecs": "datamill.codecs",
    "deploy": "datamill.api.deploy",
    "errors": "datamill.errors",
    "executors": "datamill.compute.executors",
    "metrics": "datamill.compute.metrics",
    "gc": "datamill.api.gc",
    "migrate": "datamill.api.migrate",
    "trash": "datamill.api.trash",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "AndList",
    "Codec",
    "Compute",
    "Computed",
    "Config",
    "Connection",
    "CustomType",
    "DataJointError",
    "DataMillError",
    "DataMillWarning",
    "Diagram",
    "Entry",
    "FreeTable",
    "Imported",
    "Ingest",
    "Instance",
    "Job",
    "Lookup",
    "Manual",
    "MatCell",
    "MatStruct",
    "Not",
    "NpyRef",
    "Object",
    "ObjectRef",
    "Part",
    "QueryExpression",
    "Retry",
    "Runner",
    "Schema",
    "SchemaCodec",
    "SkipKey",
    "StorageAdapter",
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
    "copy_database",
    "create_virtual_module",
    "deploy",
    "errors",
    "executors",
    "export_project",
    "gc",
    "get_codec",
    "get_storage_adapter",
    "import_project",
    "list_codecs",
    "list_schemas",
    "logger",
    "metrics",
    "migrate",
    "register_type",
    "schema",
    "trash",
    "virtual_schema",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name in _MODULES:
        value: Any = import_module(_MODULES[name])
    elif name in _HOME_OF:
        value = getattr(import_module(_HOME_OF[name]), name)
    elif name.startswith("_"):
        raise AttributeError(f"module 'datamill' has no attribute {name!r}")
    else:
        value = import_module("datamill.compat.names").value_of(name)
    if name != "config":  # its use is checked each time
        globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if os.environ.get("DATAMILL_ALIAS_DATAJOINT", "").lower() in ("1", "true", "yes"):
    import_module("datamill.compat").install_datajoint_alias()

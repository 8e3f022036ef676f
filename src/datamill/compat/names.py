"""Where the names of DataJoint live in datamill: tables, and how datamill itself offers them to older pipelines."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from datamill.errors import did_you_mean

_API = "datamill.api"


def _names(home: str, names: str) -> dict[str, str]:
    return {name: f"{home}:{name}" for name in names.split()}


_TIERS = _names(
    f"{_API}.tiers", "Manual Entry Lookup Imported Ingest Computed Compute Part UserTable TableMeta"
)
_CONDITIONS = _names("datamill.algebra.conditions", "AndList Not Top")
_SCHEMAS = {
    **_names(f"{_API}.schema", "Schema schema list_schemas"),
    **_names(f"{_API}.virtual", "VirtualModule virtual_schema create_virtual_module"),
}
_OBJECTS = {
    "SchemaCodec": "datamill.codecs.schema_codec:SchemaCodec",
    "ObjectRef": "datamill.codecs.refs.object_ref:ObjectRef",
    "NpyRef": "datamill.codecs.refs.npy_ref:NpyRef",
}
_BUILTIN = "datamill.codecs.builtin"
_BUILTIN_CODECS = ("attach", "blob", "filepath", "hash", "npy", "object")
_KEYS = _names("datamill.compat.functions", "key is_key")

TOP_LEVEL = {
    **_names(f"{_API}.default", "config conn"),
    **_names("datamill.data.connection", "Connection"),
    **_names(f"{_API}.instance", "Instance"),
    **_SCHEMAS,
    **_names(f"{_API}.table", "Table FreeTable"),
    **_names(f"{_API}.populating", "AutoPopulate"),
    **{name: home for name, home in _TIERS.items() if name not in ("UserTable", "TableMeta")},
    **_CONDITIONS,
    **_names(f"{_API}.universe", "U"),
    **_names(f"{_API}.diagram", "Diagram"),
    **_names(f"{_API}.jobs", "Job"),
    **_OBJECTS,
    **_names("datamill.storage.adapter", "StorageAdapter get_storage_adapter"),
    "ERD": f"{_API}.diagram:Diagram",
    "Di": f"{_API}.diagram:Diagram",
    **_names("datamill.codecs.blob", "MatCell MatStruct"),
    **_names("datamill.codecs", "Codec list_codecs get_codec"),
    **_names("datamill.errors", "DataJointError ThreadSafetyError"),
    **_names("datamill.settings.log", "logger"),
    **_names("datamill.data.validate", "ValidationResult"),
    **_names("datamill.compat.functions", "key key_hash set_password kill SparkAdapter AttributeAdapter"),
    "errors": "datamill.errors",
    "blob": "datamill.codecs.blob",
    "codecs": "datamill.codecs",
    "cli": "datamill.cli",
    "gc": f"{_API}.gc",
    "migrate": f"{_API}.migrate",
    "deploy": f"{_API}.deploy",
}
"""Names of ``import datajoint``."""

WHOLE_MODULES = {
    "errors": "datamill.errors",
    "blob": "datamill.codecs.blob",
    "codecs": "datamill.codecs",
    "cli": "datamill.cli",
    "gc": f"{_API}.gc",
    "migrate": f"{_API}.migrate",
    "deploy": f"{_API}.deploy",
}
"""Submodules that are modules of datamill as they are."""

MODULES: dict[str, dict[str, str]] = {
    "adapters": {},
    "admin": _names("datamill.compat.functions", "set_password kill"),
    "attribute_adapter": _names("datamill.compat.functions", "AttributeAdapter"),
    "autopopulate": _names(f"{_API}.populating", "AutoPopulate"),
    "builtin_codecs": {
        "SchemaCodec": _OBJECTS["SchemaCodec"],
        "NpyRef": _OBJECTS["NpyRef"],
        **{f"{name.title()}Codec": f"{_BUILTIN}.{name}:{name.title()}Codec" for name in _BUILTIN_CODECS},
    },
    "condition": {**_CONDITIONS, **_names("datamill.compat.functions", "make_condition")},
    "connection": {
        **_names("datamill.data.connection", "Connection"),
        **_names(f"{_API}.default", "conn"),
    },
    "declare": {},
    "dependencies": {
        **_names("datamill.data.dependencies", "Dependencies"),
        **_names("datamill.compat.functions", "topo_sort unite_master_parts"),
    },
    "diagram": _names(f"{_API}.diagram", "Diagram"),
    "expression": {
        **_names(f"{_API}.expression", "QueryExpression"),
        **_CONDITIONS,
        **_names(f"{_API}.universe", "U"),
        **_names("datamill.compat.kinds", "Aggregation Projection Union"),
    },
    "external": _names("datamill.compat.functions", "ExternalTable ExternalMapping"),
    "fetch": _KEYS,
    "hash": _names("datamill.compat.hashes", "key_hash uuid_from_buffer uuid_from_file uuid_from_stream"),
    "hash_registry": _names("datamill.compat.stored", "compute_hash put_hash get_hash get_store_backend"),
    "heading": {
        **_names("datamill.model.heading", "Heading"),
        **_names("datamill.model.attribute", "Attribute"),
    },
    "instance": _names(f"{_API}.instance", "Instance"),
    "jobs": _names(f"{_API}.jobs", "Job"),
    "lineage": _names(
        "datamill.compat.stored",
        "get_lineage get_schema_lineages get_table_lineages lineage_table_exists rebuild_schema_lineage",
    ),
    "logging": _names("datamill.settings.log", "logger"),
    "objectref": {
        "ObjectRef": _OBJECTS["ObjectRef"],
        "IntegrityError": "datamill.errors:ObjectIntegrityError",
    },
    "preview": _names("datamill.compat.functions", "preview repr_html"),
    "provenance": {},
    "schemas": {name: home for name, home in _SCHEMAS.items() if name != "schema"},
    "settings": {
        **_names(f"{_API}.default", "config"),
        **_names("datamill.settings", "Config"),
    },
    "spark": _names("datamill.compat.functions", "SparkAdapter"),
    "staged_insert": _names("datamill.data.staged", "StagedInsert"),
    "storage": _names("datamill.storage.backend", "StorageBackend"),
    "storage_adapter": _names("datamill.storage.adapter", "StorageAdapter get_storage_adapter"),
    "table": {
        **_names(f"{_API}.table", "Table FreeTable"),
        **_names(f"{_API}.expression", "QueryExpression"),
    },
    "types": _names("datamill.codecs.specs2", "CustomType Object register_type"),
    "user_tables": _TIERS,
    "utils": _names("datamill.compat.functions", "to_camel_case from_camel_case get_master user_choice"),
    "version": {"__version__": "datamill.compat.alias:DATAJOINT_VERSION"},
}
"""Submodules whose names live in several places."""


def load(home: str) -> Any:
    """Return what a text ``"module:attribute"`` or ``"module"`` names."""
    module, _, attribute = home.partition(":")
    loaded = import_module(module)
    return getattr(loaded, attribute) if attribute else loaded


def value_of(name: str) -> Any:
    """Return what DataJoint offers at its top level under a name, for pipelines that changed nothing but the import.

    Raises:
        AttributeError: There is no such name.

    Example:
        >>> value_of("ERD").__name__
        'Diagram'
    """
    if name in TOP_LEVEL:
        return load(TOP_LEVEL[name])
    if name in MODULES and find_spec(f"datamill.{name}") is None:
        return import_module("datamill.compat.alias").submodule(name)
    hint = did_you_mean(name, import_module("datamill").__all__) or "help(datamill) lists what there is."
    raise AttributeError(f"module 'datamill' has no attribute {name!r}. {hint}")

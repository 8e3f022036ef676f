"""How a table class travels to a worker: by name where it can be imported, by value from scripts and notebooks."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any

from datamill.api import default
from datamill.api.populating import AutoPopulate
from datamill.api.schema import Schema
from datamill.api.tiers import UserTable
from datamill.compute.batch import Opened, PackedRecipe
from datamill.compute.forms import form_of
from datamill.data.connection import Connection
from datamill.errors import DataMillError
from datamill.settings import Config
from datamill.settings.address import DatabaseAddress


def pack(
    table: AutoPopulate,
    restrictions: Sequence[Any],
    transaction: str | None,
    contract: str | None,
    *,
    secrets: bool = True,
) -> PackedRecipe:
    """Return a recipe that a worker process can follow.

    Args:
        table: The table to populate.
        restrictions: Conditions on its key source.
        transaction, contract: As given to `populate`.
        secrets: Send passwords along; otherwise the worker's own settings give them.

    Raises:
        DataMillError: The database is in memory, or something the class needs cannot be sent.
    """
    connection = table.connection
    if connection.address.is_memory:
        raise DataMillError(
            "A database in memory belongs to one process; workers cannot reach it.",
            hint="Use a file: url='sqlite:///lab.db'.",
        )
    cls = type(table)
    content = {
        "table": _by_name(cls) or cls,
        "schema": table.database,
        "connection": connection,
        "restrictions": tuple(restrictions),
        "policies": (transaction, contract),
    }
    settings = _changes(secrets)
    process = _dump((settings, default._holder.get("connection")), cls.__name__, secrets)
    payload = (_setups(), process, _dump(content, cls.__name__, secrets))
    return PackedRecipe(open_packed, pickle.dumps(payload))


def open_packed(payload: bytes) -> Opened:
    """Follow a recipe: in the worker, once per process and recipe."""
    setups, process, content_bytes = pickle.loads(payload)
    for set_up in setups:
        set_up()
    _adopt(*pickle.loads(process))  # first: modules that are imported now may connect
    content = pickle.loads(content_bytes)
    table = content["table"]
    if isinstance(table, tuple):
        table = _import(*table)
        schema = table._schema
        if schema is not None and not schema.is_activated():
            schema.activate(content["schema"], connection=content["connection"], create_schema=False)
    instance = table()
    target = instance._target(*content["policies"])
    return Opened(target, form_of(instance, AutoPopulate), content["restrictions"])


def _setups() -> tuple[Callable[[], None], ...]:
    """Return what the import hooks of this process want called in workers, so that modules are found there too."""
    found = (getattr(finder, "worker_setup", None) for finder in sys.meta_path)
    return tuple(setup for setup in found if setup is not None)


# settings ------------------------------------------------------------------------------------------------------------


def _changes(secrets: bool) -> dict[str, Any]:
    config = default.config
    names = [name for name in config if config.is_set(name)]
    return {name: config[name] for name in names if secrets or not _is_secret(name)}


def _is_secret(name: str) -> bool:
    return name.startswith("stores") or name.endswith(("password", "url"))


def _adopt(settings: Mapping[str, Any], connection: Connection | None) -> None:
    """Take over the parent's settings and default connection, in a process that has none of its own yet."""
    if "connection" in default._holder or _adopted:
        return
    _adopted.append(True)
    for name, value in settings.items():
        default.config[name] = value
    if connection is not None:
        default._holder["connection"] = connection


_adopted: list[bool] = []


# classes ------------------------------------------------------------------------------------------------------------


def _by_name(cls: type) -> tuple[str, str] | None:
    """Return module and name under which a worker can import a class; None if it must travel by value."""
    if cls.__module__ in ("__main__", "__mp_main__") or "<" in cls.__qualname__:
        return None
    found: Any = sys.modules.get(cls.__module__)
    if found is None or getattr(found, "__spec__", None) is None:
        return None
    try:
        for part in cls.__qualname__.split("."):
            found = getattr(found, part)
    except AttributeError:
        return None
    return (cls.__module__, cls.__qualname__) if found is cls else None


def _import(module: str, name: str) -> Any:
    found: Any = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _dump(content: Any, name: str, secrets: bool) -> bytes:
    buffer = io.BytesIO()
    try:
        _pickler()(buffer, secrets).dump(content)
    except (pickle.PicklingError, TypeError, AttributeError, ValueError, DataMillError) as error:
        raise DataMillError(
            f"{name} cannot be sent to another process: {error}",
            hint="Put the class into a module that workers can import, and open what its make needs within make.",
        ) from error
    return buffer.getvalue()


@cache
def _pickler() -> Any:
    import cloudpickle

    class TablePickler(cloudpickle.Pickler):
        """cloudpickle that knows schemas, connections and table classes."""

        def __init__(self, file: Any, secrets: bool) -> None:
            super().__init__(file, protocol=5)
            self._secrets = secrets

        def reducer_override(self, obj: Any) -> Any:
            """Say how to make an object anew; NotImplemented leaves it to others."""
            if isinstance(obj, Schema) and obj.is_activated():
                return _schema, (obj.name, obj.connection)
            if isinstance(obj, Connection) and not self._secrets:
                return _connection_without_password, _without_password(obj)
            reduced = super().reducer_override(obj)
            if isinstance(obj, type) and issubclass(obj, UserTable) and isinstance(reduced, tuple):
                _drop_scope(reduced)
            return reduced

    return TablePickler


def _drop_scope(reduced: tuple[Any, ...]) -> None:
    """Leave behind the local names among which a class was declared: its table exists, so nothing looks them up."""
    if len(reduced) > 2 and isinstance(reduced[2], tuple):
        members = reduced[2][0]
        if "_local_scope" in members:
            members["_local_scope"] = {}


_schemas: dict[tuple[str, int], Schema] = {}


def _schema(name: str, connection: Connection) -> Schema:
    """Return this process's schema of a name on a connection."""
    found = _schemas.get((name, id(connection)))
    if found is None:
        found = Schema(name, connection=connection, create_schema=False)
        _schemas[name, id(connection)] = found
    return found


def _without_password(connection: Connection) -> tuple[Any, ...]:
    _, (token, address, changes) = connection.__reduce__()
    kept = {name: value for name, value in changes.items() if not _is_secret(name)}
    return token, address.without_secrets(), kept


def _connection_without_password(
    token: str, address: DatabaseAddress, changes: Mapping[str, Any]
) -> Connection:
    own = Config(changes)
    password = (own.database.password or own.database_address().password) if address.user else None
    return Connection.restore(token, replace(address, password=password), changes)

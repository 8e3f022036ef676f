"""The auto-populated tables of schemas, modules and packages, in order."""

from __future__ import annotations

import inspect
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from datamill.algebra.relations import base_tables
from datamill.api.diagram import Diagram
from datamill.api.populating import AutoPopulate, table_names
from datamill.api.schema import Schema
from datamill.errors import DataMillError
from datamill.model.names import TableName

if TYPE_CHECKING:
    from datamill.data.connection import Connection


class Pipeline:
    """Tables to populate, all of one database.

    Args:
        targets: Schemas, modules or packages, table classes, and diagrams.

    Fields:
        names: The tables in dependency order.

    Raises:
        DataMillError: A target is none of these, nothing is to be populated, or the tables are of several databases.
    """

    def __init__(self, targets: Sequence[Any]) -> None:
        classes = {cls()._name: cls for target in targets for cls in tables_in(target)}
        if not classes:
            raise DataMillError(
                f"There is nothing to populate in {', '.join(map(repr, targets)) or 'no target'}.",
                hint="Name schemas, modules or tables that are Computed or Imported.",
            )
        connections = {id(cls().connection): cls().connection for cls in classes.values()}
        if len(connections) > 1:
            raise DataMillError(
                "The tables are of several databases.", hint="Make a Runner for each database."
            )
        self._classes = classes
        self.connection: Connection = next(iter(connections.values()))
        self._graph = self.connection.catalog.graph()
        self._above = {name: self._needed(name) for name in self._graph.order() if name in classes}
        self.names: list[TableName] = []
        seen: set[TableName] = set()
        for name in self._above:
            self._add(name, seen)

    def table(self, name: TableName) -> AutoPopulate:
        """Return an instance of a table's class."""
        found: AutoPopulate = self._classes[name]()
        return found

    def below(self, name: TableName) -> set[TableName]:
        """Return the tables of the pipeline that depend on one."""
        return {other for other in self.names if name in self._above[other] and other != name}

    def _needed(self, name: TableName) -> set[TableName]:
        """Return all that a table refers to, and what its key source and its ``reads`` name, with their ancestors."""
        table = self.table(name)
        named = {
            name,
            *self._graph.parts(name),
            *base_tables(table._checked_source()),
            *table_names(table.reads),
        }
        return {other for one in named for other in (one, *self._graph.ancestors(one))}

    def _add(self, name: TableName, seen: set[TableName]) -> None:
        """Append a table behind those that it needs; what refers to it comes later all the same."""
        if name not in seen:
            seen.add(name)
            first = self._above[name].difference(self._graph.descendants(name))
            for other in self._above:
                if other in first:
                    self._add(other, seen)
            self.names.append(name)

    def sources(self) -> set[TableName]:
        """Return the tables whose rows may lead to something to do: the pipeline's, and all that they depend on."""
        return set[TableName]().union(*self._above.values())

    def seconds_until_due(self) -> list[float]:
        """Return for each table with jobs that are due later in how many seconds the first one is."""
        found = (self.table(name).jobs.seconds_until_due() for name in self.names)
        return [seconds for seconds in found if seconds is not None]


def tables_in(target: Any) -> Iterator[type[AutoPopulate]]:
    """Yield the auto-populated table classes of a schema, a module with its submodules, a diagram, or a class itself.

    Raises:
        DataMillError: It is none of these.
    """
    if isinstance(target, Schema):
        yield from _populated(target.classes.values())
    elif isinstance(target, ModuleType):
        for module in _modules(target):
            yield from _populated(vars(module).values())
    elif isinstance(target, Diagram):
        yield from _populated(_classes_shown(target))
    elif inspect.isclass(target) and issubclass(target, AutoPopulate):
        yield from _populated([target])
    elif isinstance(target, AutoPopulate):
        yield from _populated([type(target)])
    else:
        raise DataMillError(
            f"{target!r} is no schema, module, diagram or auto-populated table.", hint="Give one of these."
        )


def _classes_shown(diagram: Diagram) -> list[type[AutoPopulate]]:
    """Return the classes of the auto-populated tables that a diagram shows, from the schemas in use."""
    if diagram._view.rows.mode:
        raise DataMillError(
            "A diagram of some rows is no set of tables to populate.",
            hint="Give a diagram without restrictions, and Runner(..., restrictions=[...]).",
        )
    wanted = [name for name in diagram._view.shown if name.tier.is_auto_populated]
    schemas = [diagram._connection.schemas.get(schema) for schema in {name.schema for name in wanted}]
    known = {cls()._name: cls for schema in schemas if schema is not None for cls in schema.classes.values()}
    missing = sorted(str(name) for name in wanted if name not in known)
    if missing:
        raise DataMillError(
            f"{', '.join(missing)} cannot be computed: this process has no class of it.",
            hint="Import the module that defines it.",
        )
    return [known[name] for name in wanted]


def _populated(values: Iterable[Any]) -> Iterator[type[AutoPopulate]]:
    for value in values:
        if inspect.isclass(value) and issubclass(value, AutoPopulate) and _is_bound(value):
            yield value


def _is_bound(cls: Any) -> bool:
    return getattr(cls, "_schema", None) is not None and cls._schema.is_activated()


def _modules(module: ModuleType) -> Iterator[ModuleType]:
    yield module
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{module.__name__}."):
        if found.name.rpartition(".")[2] != "__main__":
            yield import_module(found.name)


def import_target(text: str) -> Any:
    """Import what a text names: a module or package, or a file ending ``.py``; with ``:name`` something within.

    The current folder is searched first, as by ``python -m``.

    Raises:
        ImportError: There is no such module or file.
        DataMillError: The module has no such name.
    """
    module, _, name = text.partition(":")
    found: Any = _import_file(Path(module)) if module.endswith(".py") else _import_module(module)
    for part in name.split(".") if name else ():
        if not hasattr(found, part):
            raise DataMillError(f"{module} has no {part!r}.")
        found = getattr(found, part)
    return found


def _import_module(name: str) -> Any:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    return import_module(name)


def _import_file(path: Path) -> Any:
    path = path.resolve()
    if not path.is_file():
        raise ImportError(f"There is no file '{path}'.")
    sys.path.insert(0, str(path.parent))
    found = import_module(path.stem)
    if Path(found.__file__ or "").resolve() != path:
        raise ImportError(
            f"'{path}' cannot be imported: {path.stem!r} is already the name of another module. Rename the file."
        )
    return found

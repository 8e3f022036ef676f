"""The import hook behind the name ``datajoint``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache, partial
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

import datamill
from datamill.compat.names import MODULES, TOP_LEVEL, WHOLE_MODULES, load
from datamill.errors import DataMillError, did_you_mean

PACKAGE = "datajoint"
DATAJOINT_VERSION = "2.3.5"
SUBMODULES = {*MODULES, *WHOLE_MODULES}


class AliasModule(ModuleType):
    """A module whose names live elsewhere and are loaded on first use.

    Args:
        name: Full name, such as ``datajoint.utils``.
        homes: Name -> ``"module:attribute"``, or ``"module"`` for a module.
        values: Names that are set at once.
    """

    def __init__(self, name: str, homes: dict[str, str], **values: Any) -> None:
        super().__init__(name, f"{name} as datamill provides it.")
        vars(self).update(values)
        self._homes = homes

    def __getattr__(self, name: str) -> Any:
        if self.__name__ == PACKAGE and name in SUBMODULES:
            return import_module(f"{PACKAGE}.{name}")
        home = self._homes.get(name) or TOP_LEVEL.get(name)
        if home is None:
            hint = did_you_mean(name, list(self._homes)) or "docs/datajoint.md lists what there is."
            raise AttributeError(f"datamill offers no {self.__name__}.{name}. {hint}")
        value = load(home)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *self._homes})

    def __reduce__(self) -> tuple[Any, ...]:
        _, _, name = self.__name__.partition(".")
        return (submodule, (name,)) if name else (import_module, (PACKAGE,))


@lru_cache
def submodule(name: str) -> AliasModule:
    """Return one of the modules whose names live in several places."""
    return AliasModule(f"{PACKAGE}.{name}", MODULES[name])


class AliasFinder(MetaPathFinder, Loader):
    """Finds ``datajoint`` and its submodules in datamill.

    Args:
        force: Take the name from a genuine datajoint, in workers too.

    Fields:
        worker_setup: Installs such a finder in a worker process, before it imports anything of the pipeline.
    """

    def __init__(self, force: bool = False) -> None:
        self.worker_setup = partial(install_datajoint_alias, force)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec for the names that datamill provides."""
        package, _, module = fullname.partition(".")
        if package != PACKAGE or (module and module not in SUBMODULES):
            return None
        return ModuleSpec(fullname, self, is_package=not module)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Make the module, or return datamill's own."""
        _, _, name = spec.name.partition(".")
        if not name:
            return AliasModule(
                PACKAGE, TOP_LEVEL, __version__=DATAJOINT_VERSION, __datamill__=datamill.__version__
            )
        if name in WHOLE_MODULES:
            # The loader must not write its own attributes on a module that has others already.
            return _Shared.of(load(WHOLE_MODULES[name]))
        return submodule(name)

    def exec_module(self, module: ModuleType) -> None:
        """Replace the stand-in of a shared module by the module itself."""
        if isinstance(module, _Shared):
            sys.modules[module.alias] = module.shared


class _Shared(ModuleType):
    """Stands in for one of datamill's modules while the import system prepares it."""

    shared: ModuleType
    alias: str

    @classmethod
    def of(cls, shared: ModuleType) -> _Shared:
        made = cls(shared.__name__)
        made.shared = shared
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "__spec__" and value is not None:
            super().__setattr__("alias", value.name)
        super().__setattr__(name, value)


def install_datajoint_alias(force: bool = False) -> None:
    """Make ``import datajoint`` give datamill, in this process and in the workers of its `populate`.

    Args:
        force: Take the name although a genuine datajoint is installed or imported.

    Raises:
        DataMillError: A genuine datajoint is there, and ``force`` is False.
    """
    if any(isinstance(finder, AliasFinder) for finder in sys.meta_path):
        return
    if not force and (PACKAGE in sys.modules or PathFinder.find_spec(PACKAGE) is not None):
        raise DataMillError(
            "A genuine datajoint is installed or imported, so its name is taken.",
            hint="Uninstall it, or call install_datajoint_alias(force=True).",
        )
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    sys.meta_path.insert(0, AliasFinder(force))

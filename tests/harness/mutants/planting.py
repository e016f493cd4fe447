"""Plants a mutant: the module is loaded from changed source, everywhere."""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType

from .mutant import Mutant


class DoesNotApply(Exception):
    """The source has changed: the mutant has to be written anew."""


def source_of(module: str) -> str:
    """The source of a module, without importing it or what is in its package."""
    path = importlib.util.find_spec(module.partition(".")[0])
    assert path is not None
    assert path.submodule_search_locations is not None
    folder = path.submodule_search_locations[0]
    file = "/".join([folder, *module.split(".")[1:]]) + ".py"
    with open(file, encoding="utf-8") as stream:
        return stream.read()


def changed_source(mutant: Mutant) -> str:
    """The source with the bug in it.

    Raises:
        DoesNotApply: what is to be replaced is not there exactly once.
    """
    source = source_of(mutant.module)
    count = source.count(mutant.old)
    if count != 1:
        raise DoesNotApply(f"{mutant.name}: found {count} times in {mutant.module}")
    changed = source.replace(mutant.old, mutant.new)
    compile(changed, mutant.module, "exec")
    return changed


class Planter(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from changed source."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.source = changed_source(mutant)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.mutant.module:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        code = compile(self.source, f"<mutant of {self.mutant.module}>", "exec")
        exec(code, vars(module))


def plant(mutant: Mutant) -> None:
    """Plant a bug into this process; nothing of the library may be loaded yet."""
    assert not any(name.startswith("trio_sup") for name in sys.modules)
    sys.meta_path.insert(0, Planter(mutant))

"""The program's own modules: those whose files stand in the folders that are watched."""

from __future__ import annotations

import hashlib
import importlib.machinery
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Final

from attrs import field, frozen

from trio_sup._core.code.edits import Loaded
from trio_sup._core.code.imports import imported_by

_LIBRARY: Final = Path(__file__).parent.parent
_INSTALLED: Final = frozenset({"site-packages", "dist-packages", "__pycache__"})
_COMPILED: Final = tuple(importlib.machinery.EXTENSION_SUFFIXES)


@frozen
class Own:
    """One of the program's own modules."""

    name: str
    module: ModuleType = field(eq=False, repr=False)
    file: Path

    @property
    def compiled(self) -> bool:
        """Whether it is a C extension."""
        return self.file.name.endswith(_COMPILED)

    @property
    def package(self) -> bool:
        """Whether it is the ``__init__`` of a package."""
        return hasattr(self.module, "__path__")


class Program:
    """The modules of a program, as they were when they were imported.

    Args:
        folders: Where its files stand.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        # As they are named, and where that leads: either may be in a module's path.
        named = [Path(os.path.abspath(folder)) for folder in folders]
        self._folders = [*named, *(folder.resolve() for folder in folders)]
        # What the files held when they were imported, by module.
        self._known: dict[str, bytes] = {}
        # What the files held when they were looked at last.
        self._seen: dict[str, bytes] = {}
        # Where a module's file is, and whether it is one of ours.
        self._paths: dict[str, Path | None] = {}
        self._imports: dict[tuple[str, bytes, frozenset[str]], frozenset[str]] = {}
        self.note(self.own())

    def own(self) -> dict[str, Own]:
        """Return the modules that are imported now."""
        found: dict[str, Own] = {}
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if not isinstance(file, str):
                continue
            if file not in self._paths:
                self._paths[file] = self._own_path(file)
            path = self._paths[file]
            if path is not None:
                found[name] = Own(name, module, path)
        return found

    def _own_path(self, file: str) -> Path | None:
        resolved = Path(file).resolve()
        if _LIBRARY in resolved.parents:
            return None
        # As it is named, if that will do: a link may lead elsewhere tomorrow.
        for path in (Path(os.path.abspath(file)), resolved):
            for folder in self._folders:
                if folder in path.parents:
                    inside = path.relative_to(folder).parts
                    hidden = any(part.startswith(".") for part in inside)
                    return None if hidden or _INSTALLED & set(inside) else path
        return None

    def changed(self) -> dict[str, Own]:
        """Return the modules whose files hold something else now, or are gone."""
        own = self.own()
        self._seen = {name: _digest(each.file) for name, each in own.items()}
        return {
            name: each
            for name, each in own.items()
            if self._known.get(name) != self._seen[name]
        }

    def taken_over(self) -> None:
        """Note that modules are what was seen last: a file may be another since."""
        self._known.update(self._seen)

    def note(self, names: Iterable[str]) -> None:
        """Note that modules, which were imported just now, are what their files hold."""
        own = self.own()
        for name in names:
            if name in own:
                self._known[name] = self._seen[name] = _digest(own[name].file)

    def loaded(self, own: Mapping[str, Own]) -> dict[str, Loaded]:
        """Return what each module imports of the program's own."""
        known = frozenset(own)
        fresh: dict[tuple[str, bytes, frozenset[str]], frozenset[str]] = {}
        loaded: dict[str, Loaded] = {}
        for name, each in own.items():
            key = (name, _digest(each.file), known)
            if key not in fresh:
                fresh[key] = self._imports.get(key) or _imports_of(each, known)
            needs = fresh[key] | _holds(each, known)
            loaded[name] = Loaded(name, needs, each.compiled)
        self._imports = fresh
        return loaded


def _digest(file: Path) -> bytes:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return b""  # gone


def _imports_of(own: Own, known: frozenset[str]) -> frozenset[str]:
    if own.compiled:
        return frozenset()
    try:
        source = own.file.read_bytes()
        return imported_by(source, own.name, package=own.package, known=known)
    except (OSError, SyntaxError, ValueError):
        return frozenset()  # told of where it is compiled


def _holds(own: Own, known: frozenset[str]) -> frozenset[str]:
    """The modules whose functions and classes it holds, however they came in."""
    found: set[str] = set()
    for value in list(vars(own.module).values()):
        if isinstance(value, ModuleType):
            found.add(value.__name__)
        elif isinstance(value, FunctionType | type):
            found.add(str(value.__module__))
    found.discard(own.name)
    return known & found

"""Tells the reference what of `trio_sup` is public.

The names of its stub: griffe takes what a stub imports for imported, not for exported,
without `__all__`. And no members that are "not for users", as their docstrings say. What
the others say in code style leads to its entry, as on every page.
"""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import griffe


def _beside(name: str) -> ModuleType:
    """Import what stands beside this file, which is in no package."""
    spec = importlib.util.spec_from_file_location(
        name, Path(__file__).with_name(f"{name}.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_api_links = _beside("api_links")


class PublicNames(griffe.Extension):
    """Exports what `trio_sup/__init__.pyi` imports."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Set what a package exports, once it is loaded."""
        if pkg.path == "trio_sup":
            pkg.exports = [
                name
                for name, origin in sorted(pkg.imports.items())
                if origin.startswith("trio_sup.")
            ]
            _prepare(pkg)


def _prepare(where: griffe.Module | griffe.Class) -> None:
    """Take out what is not for users, here and below, and make links in the rest."""
    for name, member in list(where.members.items()):
        if member.is_alias:
            continue
        told = member.docstring
        is_module = isinstance(member, griffe.Module)  # one may speak of others
        if told is not None and not is_module and "not for users" in told.value:
            where.del_member(name)
            continue
        if told is not None:
            told.value = _api_links.linked(told.value, "")
        if isinstance(member, griffe.Module | griffe.Class):
            _prepare(member)

"""Tells the reference what of `trio_sup` is public.

The names of its stub: griffe takes what a stub imports for imported, not for exported,
without `__all__`. And no members that are "not for users", as their docstrings say.
"""

from typing import Any

import griffe


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
            _hide(pkg)


def _hide(where: griffe.Module | griffe.Class) -> None:
    """Take out what is not for users, here and below."""
    for name, member in list(where.members.items()):
        if member.is_alias:
            continue
        told = member.docstring
        if told is not None and "not for users" in told.value:
            where.del_member(name)
        elif isinstance(member, griffe.Module | griffe.Class):
            _hide(member)

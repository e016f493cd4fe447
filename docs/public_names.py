"""Tells the reference which names of `trio_sup` are public: those of its stub.

Griffe takes what a stub imports for imported, not for exported, without `__all__`.
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

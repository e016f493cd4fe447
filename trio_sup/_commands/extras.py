"""What comes with an extra of trio-sup, if that is installed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def from_extra(module: str, *brought: str) -> Any:
    """Import a module that needs an extra; None if the extra is not installed.

    Args:
        module: Its name.
        brought: The packages that come with the extra.

    Raises:
        ModuleNotFoundError: a module of another package is missing.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in brought:
            raise
        return None


def inspector_main() -> Callable[..., int | None] | None:
    """The terminal application's `main`; None without the extra `inspector`."""
    app = from_extra("trio_sup_inspector.app", "textual", "trio_sup_inspector")
    return None if app is None else app.main

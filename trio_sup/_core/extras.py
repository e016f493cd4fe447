"""How what is missing is installed: said as it works where trio-sup is installed."""

from __future__ import annotations

import json
from typing import Any


def how_to_install(extra: str) -> str:
    """Return the command that installs an extra of trio-sup.

    Args:
        extra: Its name.
    """
    if _is_checkout():
        return f"pip install -e '.[{extra}]'"
    return f"pip install 'trio-sup[{extra}]'"


def _is_checkout() -> bool:
    """Whether this is an editable installation, or none at all."""
    # Late: it takes as long as the whole command does else.
    from importlib import metadata  # noqa: PLC0415 - a light start

    try:
        said = metadata.distribution("trio-sup").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return True
    try:
        found: Any = json.loads(said or "{}")
    except ValueError:
        return False
    try:
        return bool(found["dir_info"]["editable"])
    except (KeyError, TypeError):
        return False

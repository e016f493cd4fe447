"""Where the user's configuration is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def config_path(name: str, environ: Mapping[str, str] | None = None) -> Path | None:
    """Where a file of the user's configuration is, if there is a place for any."""
    environ = os.environ if environ is None else environ
    base = environ.get("XDG_CONFIG_HOME", "")
    if os.path.isabs(base):
        return Path(base) / "trio-sup" / name
    try:
        return Path.home() / ".config" / "trio-sup" / name
    except RuntimeError:  # a user that the system does not know
        return None

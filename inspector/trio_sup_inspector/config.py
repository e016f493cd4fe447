"""Where the user's configuration is, and how a file of it is read."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SIZE: Final = 65_536
"""Bytes of a file that are read."""


class ConfigError(ValueError):
    """A file cannot be used; `str` is one line that says which and why."""


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


def read_object(path: Path) -> dict[str, object]:
    """What a file says, which is one JSON object; empty if it is not there.

    Whatever stands in its place: nothing holds the program up.

    Raises:
        ConfigError: it is no such file, or cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {reason(error)}") from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ConfigError(f"{path} is not a file")
        with open(handle, "rb", closefd=False) as file:
            text = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {reason(error)}") from error
    finally:
        os.close(handle)
    if len(text) > MAX_SIZE:
        raise ConfigError(f"{path} is larger than {MAX_SIZE} bytes")
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: one JSON object is expected")
    given: dict[object, object] = {**data}
    return {str(name): value for name, value in given.items()}


def reason(error: Exception) -> str:
    """Why something failed, in the system's words if there are some."""
    return getattr(error, "strerror", None) or str(error)

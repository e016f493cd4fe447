"""How a part of the command is started as a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def python_process(module: str, *words: str) -> tuple[list[str], dict[str, str]]:
    """The command and the environment of a process that runs one of our modules."""
    return python_command(module, *words), python_environment()


def python_command(module: str, *words: str) -> list[str]:
    """The command that runs one of our modules, whatever lies in this directory.

    ``python -m`` alone looks for modules in the current directory first: a
    ``trio.py`` there would be run in the place of Trio.
    """
    flags = [] if not sys.flags.isolated else ["-I"]
    flags += ["-E"] * bool(sys.flags.ignore_environment and not flags)
    flags += ["-s"] * bool(sys.flags.no_user_site and not sys.flags.isolated)
    return [sys.executable, "-P", *flags, "-m", module, *words]


def python_environment() -> dict[str, str]:
    """The environment for `python_command`.

    Where this very package was found only because the interpreter was started
    beside it, as in a checkout that is not installed, its place is named.
    """
    environ = {**os.environ, "PYTHONSAFEPATH": "1"}
    here = str(Path(__file__).parents[2])
    # The first entry is the one that a safe path leaves out.
    if not sys.flags.safe_path and here not in sys.path[1:]:
        before = environ.get("PYTHONPATH")
        environ["PYTHONPATH"] = os.pathsep.join([here, before] if before else [here])
    return environ

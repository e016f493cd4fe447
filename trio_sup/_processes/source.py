"""The interpreter for our scripts, and where they are; also in a zip file."""

from __future__ import annotations

import pkgutil
import sys
from functools import cache
from pathlib import Path

from trio_sup._core.errors import SupervisionError


class NoInterpreter(SupervisionError):
    """Programs are started by a Python of their own, and there is none here.

    So it is in a program that was packed into one file: `sys.executable` is the
    program itself.
    """


@cache
def script(name: str) -> tuple[str, ...]:
    """Return what makes Python run a script: its path, as lists of processes show it.

    Or its text, where the package is no directory.
    """
    path = Path(__file__).parent / "scripts" / f"{name}.py"
    if path.is_file():
        return (str(path),)
    text = pkgutil.get_data("trio_sup._processes.scripts", f"{name}.py")
    assert text is not None
    return "-c", text.decode()


def python(name: str) -> list[str]:
    """Return the command that runs a script: without site packages, in isolation.

    Raises:
        NoInterpreter: there is none to run it with.
    """
    if getattr(sys, "frozen", False) or not sys.executable:
        raise NoInterpreter(
            "process() and Port need a Python interpreter to start programs with, and "
            f"sys.executable is {sys.executable!r} in a frozen program"
        )
    return [sys.executable, "-I", "-S", *script(name)]

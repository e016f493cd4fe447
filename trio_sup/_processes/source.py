"""The interpreter for our scripts, and their text: works from a zip file as well."""

from __future__ import annotations

import pkgutil
import sys
from functools import cache

from trio_sup._core.errors import SupervisionError


class NoInterpreter(SupervisionError):
    """Programs are started by a Python of their own, and there is none here.

    So it is in a program that was packed into one file: `sys.executable` is the
    program itself.
    """


@cache
def script(name: str) -> str:
    """Return the text of a script."""
    text = pkgutil.get_data("trio_sup._processes.scripts", f"{name}.py")
    assert text is not None
    return text.decode()


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
    return [sys.executable, "-I", "-S", "-c", script(name)]

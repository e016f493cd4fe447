"""Standard output and error of the command, when nobody reads them any more.

Python's own end tries to write what is still buffered: where that fails it prints
"Exception ignored" and leaves with 120, also when the command did all it should.
So the command writes everything itself before it leaves.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from trio_sup._commands.command import EXIT_FAILED, EXIT_OK
from trio_sup._commands.output import complain

if TYPE_CHECKING:
    from typing import TextIO


def open_missing() -> None:
    """Give the process the standard streams that it was begun without (``>&-``).

    Else the next file or socket that is opened would be standard output.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
            mode = "w" if number else "r"
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115


def tell(message: str) -> None:
    """Write a message to stderr; where nobody reads it, that is no error."""
    try:
        complain(message)
        sys.stderr.flush()
    except OSError:
        _silence(sys.stderr)


def failed_to_write(error: OSError) -> int:
    """The exit code where output could not be written; nothing is tried again.

    It is 0 where the reader has only gone: `head` perhaps, it has seen enough.
    """
    _silence(sys.stdout)
    if isinstance(error, BrokenPipeError):
        return EXIT_OK
    tell(str(error))
    return EXIT_FAILED


def finish() -> int:
    """Write what is buffered; 0, or the exit code because it could not be written."""
    code = EXIT_OK
    try:
        if not sys.stdout.closed:
            sys.stdout.flush()
    except OSError as error:
        code = failed_to_write(error)
    try:
        if not sys.stderr.closed:
            sys.stderr.flush()
    except OSError:
        _silence(sys.stderr)
    return code


def _silence(stream: TextIO) -> None:
    """What is still buffered must not fail again when the interpreter ends."""
    with contextlib.suppress(OSError):  # `fileno` raises where there is no file
        target = stream.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, target)
        os.close(null)

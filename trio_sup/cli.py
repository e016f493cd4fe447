"""The command ``trio-sup``.

Data goes to stdout, messages to stderr, and no failure that a user can cause
shows a traceback. What a command needs is imported when it runs: looking at a
node loads neither Trio nor Textual.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from trio_sup._commands.command import EXIT_FAILED, EXIT_INTERRUPTED, CommandError
from trio_sup._commands.output import complain
from trio_sup._commands.parsing import parser
from trio_sup._commands.table import load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from trio_sup._commands.command import Command


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        argv: The arguments; those of the process if None.

    Raises:
        SystemExit: for ``--help`` and wrong usage.
    """
    stdout: object = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):
        stdout.reconfigure(errors="backslashreplace")
    if "_ARGCOMPLETE" in os.environ and argv is None:
        from trio_sup._commands import completion

        completion.answer()
    argv = sys.argv[1:] if argv is None else argv
    command: Command | None = None
    try:
        args = parser(argv).parse_args(argv)
        command = load(args.command)
        return _run(command, args)
    except KeyboardInterrupt:
        complain("interrupted")
        return EXIT_INTERRUPTED
    except OSError as error:
        if command is not None and command.program:
            raise  # It is the program's own, and its traceback says where.
        _silence_stdout()
        if isinstance(error, BrokenPipeError):
            return 0  # The reader, `head` perhaps, has seen enough.
        complain(str(error))
        return EXIT_FAILED


def _run(command: Command, args: argparse.Namespace) -> int:
    try:
        return command.run(args)
    except CommandError as error:
        sys.stdout.flush()
        complain(str(error))
        return error.code
    finally:
        sys.stdout.flush()


def _silence_stdout() -> None:
    """What is still buffered must not fail again when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

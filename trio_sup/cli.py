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

from trio_sup._commands._streams import failed_to_write, finish, open_missing, tell
from trio_sup._commands.command import EXIT_INTERRUPTED, CommandError
from trio_sup._commands.parsing import parser
from trio_sup._commands.table import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup._commands.command import Command


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        argv: The arguments; those of the process if None.

    Raises:
        SystemExit: for ``--help`` and wrong usage.
    """
    try:
        return _run(argv)
    except KeyboardInterrupt:  # a second one, while the first was being answered
        return EXIT_INTERRUPTED


def _run(argv: Sequence[str] | None) -> int:
    open_missing()
    stdout: object = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):
        stdout.reconfigure(errors="backslashreplace")
    if "_ARGCOMPLETE" in os.environ and argv is None:
        from trio_sup._commands import completion  # noqa: PLC0415 - at a Tab alone

        completion.answer()
    argv = sys.argv[1:] if argv is None else argv
    try:
        code = _answer(argv)
    except BaseException as error:
        # argparse leaves with its help still buffered, and so does a program.
        unwritten = finish()
        if unwritten and isinstance(error, SystemExit):
            raise SystemExit(unwritten) from None
        raise
    return finish() or code


def _answer(argv: Sequence[str]) -> int:
    command: Command | None = None
    if argv and argv[0] == "help":
        argv = [*argv[1:2], "--help"]
    try:
        args = parser(argv).parse_args(argv)
        command = load(args.command)
        return command.run(args)
    except CommandError as error:
        finish()
        tell(str(error))
        return error.code
    except KeyboardInterrupt:
        tell("interrupted")
        return EXIT_INTERRUPTED
    except OSError as error:
        if command is not None and command.program:
            raise  # It is the program's own, and its traceback says where.
        return failed_to_write(error)

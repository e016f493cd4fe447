"""The parser of ``trio-sup``: knows all names, and the arguments of what is asked."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final, NoReturn

from trio_sup._commands.command import EXIT_CODES, EXIT_USAGE
from trio_sup._commands.table import HELP, load

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTION: Final = "Look at running trio-sup nodes, and try one out."


class _Parser(argparse.ArgumentParser):
    """Wrong usage is wrong usage also where nobody reads of it, on every Python."""

    def error(self, message: str) -> NoReturn:
        try:
            super().error(message)
        except OSError:  # stderr is a pipe that nobody reads
            raise SystemExit(EXIT_USAGE) from None


def parser(argv: Sequence[str] | None) -> argparse.ArgumentParser:
    """The parser; the name of the command ends up in `command`.

    Args:
        argv: What will be parsed: only commands that it names are loaded. None
            loads them all.
    """
    top = _Parser(
        prog="trio-sup",
        description=_DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for name, help in HELP.items():  # noqa: A001 - argparse's own word
        # Wherever a name stands it may be the command: loading one too many is cheap.
        if argv is not None and name not in argv:
            commands.add_parser(name, help=help, add_help=False)
            continue
        command = load(name)
        sub = commands.add_parser(
            name,
            help=help,
            description=f"{help[0].upper()}{help[1:]}.",
            epilog=command.epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        sub.set_defaults(command=name)
        command.arguments(sub)
    return top

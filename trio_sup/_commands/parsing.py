"""The parser of ``trio-sup``: knows all names, and the arguments of what is asked."""

from __future__ import annotations

import argparse
import difflib
import re
from typing import TYPE_CHECKING, Final, NoReturn

from trio_sup._commands.command import EXIT_CODES, EXIT_USAGE
from trio_sup._commands.table import HELP, load
from trio_sup._core.clean import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import SupportsWrite

_UNKNOWN: Final = re.compile(
    r"invalid choice: '([\w-]+)'|unrecognized arguments: (\S+)"
)
"""How argparse says that a command, or an option, is not known."""

_ELSEWHERE: Final = {
    "attach": "inspect",
    "check": "status --check",
    "health": "status --check",
    "kill": "terminate",
    "list": "nodes",
    "ls": "nodes",
    "observer": "inspect",
    "serve": "run",
    "stacks": "show --stacks",
    "start": "run",
    "stats": "status",
    "stop": "terminate",
}
"""What commands are called elsewhere, and what does it here."""

_DESCRIPTION: Final = "Look at running trio-sup nodes, and try one out."


class Parser(argparse.ArgumentParser):
    """Quotes arguments in its messages, whatever they hold, as one clean line each.

    Wrong usage is wrong usage also where nobody reads of it, on every Python.
    """

    words_anywhere: bool = False
    """Whether words may go on behind options: ``ps shop --json 'mailbox>100'``."""
    _mixing: bool = False
    family: Sequence[argparse.ArgumentParser] = ()
    """The parsers whose options might have been meant: those of the commands named."""

    def parse_known_args(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        namespace: argparse.Namespace | None = None,
    ) -> tuple[argparse.Namespace, list[str]]:
        """As ever; where words may stand anywhere, they are read after the options."""
        into = argparse.Namespace() if namespace is None else namespace
        if not self.words_anywhere or self._mixing:
            return super().parse_known_args(args, into)
        self._mixing = True
        try:
            return self.parse_known_intermixed_args(args, into)
        finally:
            self._mixing = False

    def error(self, message: str) -> NoReturn:
        try:
            super().error(message + self._meant(message))
        except OSError:  # stderr is a pipe that nobody reads
            raise SystemExit(EXIT_USAGE) from None

    def _meant(self, message: str) -> str:
        """Return what may have been meant, of a word that is not known."""
        found = _UNKNOWN.search(message)
        word = "" if found is None else found[1] or found[2]
        if word.startswith("-"):
            known = [o for parser in self.family for o in parser._option_string_actions]
        else:
            known = [*HELP, *_ELSEWHERE]
        for near in difflib.get_close_matches(word, known, n=1):
            return f"; did you mean {_ELSEWHERE.get(near, near)!r}?"
        return ""

    def _print_message(
        self, message: str, file: SupportsWrite[str] | None = None
    ) -> None:
        lines = message.split("\n")
        super()._print_message("\n".join(map(clean, lines)), file)


def parser(argv: Sequence[str] | None) -> argparse.ArgumentParser:
    """The parser; the name of the command ends up in `command`.

    Args:
        argv: What will be parsed: only commands that it names are loaded. None
            loads them all.
    """
    top = Parser(
        prog="trio-sup",
        description=_DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument(
        "--version", action=_ShowVersion, nargs=0, help="print the version"
    )
    top.family = (top,)
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
        sub.words_anywhere = any(not a.option_strings for a in sub._actions)
        sub.family = (sub,)
        top.family = (*top.family, sub)
    return top


class _ShowVersion(argparse.Action):
    """``--version``: as the command `version`."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, *_: object
    ) -> None:
        """Print it, and leave."""
        parser.exit(load("version").run(namespace))

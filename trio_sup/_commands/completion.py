"""``trio-sup completion``, and what the shell asks for at every Tab."""

from __future__ import annotations

import os
import shlex
import signal
from typing import TYPE_CHECKING, Any, Final

from trio_sup._commands.command import EXIT_USAGE, Command, CommandError
from trio_sup._commands.extras import from_extra
from trio_sup._commands.output import say
from trio_sup._core.clean import Clean
from trio_sup._core.extras import how_to_install

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

SHELLS: Final = ("bash", "zsh", "fish")
VARIABLE: Final = "_ARGCOMPLETE"
"""Set by the shell when it wants completions rather than the command."""
PATIENCE: Final = 1.0
"""Seconds after which a node that does not answer completes to nothing."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("shell", choices=SHELLS, help="for which shell")


def run(args: argparse.Namespace) -> int:
    """Print the script that makes a shell complete the command."""
    script: str = _argcomplete().shellcode(["trio-sup"], shell=args.shell)
    say(Clean(script))  # Whole lines, and not somebody else's: argcomplete's own.
    return 0


def answer() -> None:
    """Tell the shell what fits, and end the process; returns if nobody can."""
    from trio_sup._commands.parsing import parser

    try:
        argcomplete = _argcomplete()
    except CommandError:
        return  # The shell shows nothing; a message would tear its line apart.
    line = os.environ.get("COMP_LINE", "")
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()  # A quotation that is not closed yet.
    signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    argcomplete.autocomplete(parser(words), always_complete_options=False)


def _give_up(number: int, frame: object) -> None:
    raise TimeoutError


def _argcomplete() -> Any:
    argcomplete = from_extra("argcomplete", "argcomplete")
    if argcomplete is None:
        raise CommandError(
            f"completion is not installed\n{how_to_install('completion')}",
            EXIT_USAGE,
        )
    return argcomplete


def completed_by(
    action: argparse.Action, find: Callable[[argparse.Namespace], list[str]]
) -> None:
    """Let a function say what an argument may be; what it raises means: nothing."""

    def complete(
        prefix: str, parsed_args: argparse.Namespace, **rest: object
    ) -> list[str]:
        try:
            return [text for text in find(parsed_args) if text.startswith(prefix)]
        except Exception:  # noqa: BLE001 - a Tab has no place for an error
            return []

    # argcomplete looks for this attribute, which argparse does not know.
    action.completer = complete  # type: ignore[attr-defined]


def node_names(args: argparse.Namespace) -> list[str]:
    """The nodes that run: their names, and name.pid where a name is not enough."""
    from trio_sup.inspect.finding import discovery
    from trio_sup.inspect.finding.directory import runtime_dirs

    del args
    found = discovery.list_nodes(runtime_dirs())
    running = [node for node in found if node.running]
    names = [node.name for node in running]
    return [
        node.name if names.count(node.name) == 1 else node.title for node in running
    ]


def child_paths(args: argparse.Namespace) -> list[str]:
    """The paths of the children of the node that is named before."""
    from trio_sup._commands.support import ask

    return [row.path for row in ask(args).rows.values()]


COMMAND = Command(
    run,
    arguments,
    "Completes commands, options, the names of running nodes, and the paths of their\n"
    "children. Needs the extra `completion`.\n\n"
    "once, for every new shell:\n"
    "  bash  trio-sup completion bash > ~/.local/share/bash-completion/completions/trio-sup\n"
    "  zsh   trio-sup completion zsh > ~/.zfunc/_trio-sup\n"
    "        (a directory of $fpath, before compinit)\n"
    "  fish  trio-sup completion fish > ~/.config/fish/completions/trio-sup.fish\n",
)

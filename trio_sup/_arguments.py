"""The arguments of the command ``trio-sup``, and its help."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns.
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # pyright: ignore[reportPrivateUsage]

EXIT_CODES: Final = """\
exit codes:
  0    done
  1    status --check found a problem; the tree of `run` gave up
  2    wrong usage, or a missing extra
  3    no such node
  4    several nodes fit: name one
  5    permission denied
  6    node and command speak different protocol versions
  7    the node does not respond, or what answers is no node
  8    the node refused
  130  interrupted
"""
_HOW: Final = """\
A node is named by its name, its process id, name.pid, or the path of its socket.
If only one runs, it need not be named.
"""
_FILTER: Final = """\
filter: words that the path or name contains; also
  state:down   kind:server   under:shop/db   /regex/   !word
  mbox>100   restarts>0   op>5   up<1m
"""


def parser() -> argparse.ArgumentParser:
    """The parser of ``trio-sup``; the name of the command is in `command`."""
    top = argparse.ArgumentParser(
        prog="trio-sup",
        description="Look at running trio-sup nodes, and try one out.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _add_nodes(commands)
    _add_tree(commands)
    _add_status(commands)
    _add_events(commands)
    _add_inspect(commands)
    _add_run(commands)
    _add_demo(commands)
    _add_version(commands)
    return top


def _add(
    commands: Commands,
    name: str,
    help: str,  # noqa: A002 - argparse's own word
    epilog: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=help,
        description=f"{help[0].upper()}{help[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=name)
    return parser


def _add_node(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("node", nargs="?", metavar="NODE", help="which node")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON instead")


def _add_nodes(commands: Commands) -> None:
    parser = _add(
        commands,
        "nodes",
        "list the nodes of this user that run",
        "Nodes meet in $TRIO_SUP_RUNTIME_DIR, else $XDG_RUNTIME_DIR/trio-sup, else\n"
        "trio-sup-<uid> in the temporary directory. Sockets that dead nodes left\n"
        "behind are removed.",
    )
    _add_json(parser)


def _add_tree(commands: Commands) -> None:
    parser = _add(
        commands,
        "tree",
        "print a node's supervision tree",
        f"{_HOW}\n{_FILTER}\nexamples:\n"
        "  trio-sup tree\n"
        "  trio-sup tree shop --depth 2\n"
        "  trio-sup tree shop state:down\n"
        "  trio-sup tree shop --json | jq '.children[].status'\n",
    )
    _add_node(parser)
    parser.add_argument(
        "filter",
        nargs="*",
        metavar="FILTER",
        help="only what fits, and the supervisors above it",
    )
    _add_json(parser)
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII only")
    parser.add_argument(
        "--depth", type=_positive, metavar="N", help="only the upper N levels"
    )


def _add_status(commands: Commands) -> None:
    parser = _add(
        commands,
        "status",
        "print a node's health: totals and problems",
        f"{_HOW}\nexample, as a health check:\n  trio-sup status shop --check\n",
    )
    _add_node(parser)
    _add_json(parser)
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 if there is a problem"
    )


def _add_events(commands: Commands) -> None:
    parser = _add(
        commands,
        "events",
        "print a node's lifecycle events",
        f"{_HOW}\nexamples:\n"
        "  trio-sup events shop\n"
        "  trio-sup events shop --follow --json | grep child_crashed\n",
    )
    _add_node(parser)
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on until the node ends"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object a line"
    )


def _add_inspect(commands: Commands) -> None:
    parser = _add(
        commands,
        "inspect",
        "watch a node live in the terminal",
        f"{_HOW}Without it, and with several, the inspector asks.\n\n"
        "Needs the extra `inspector`. Where there is no terminal the tree is printed\n"
        "once instead.\n\nexamples:\n  trio-sup inspect\n  trio-sup inspect shop\n",
    )
    _add_node(parser)
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII only")
    parser.add_argument(
        "--rate",
        type=_rate,
        default=4.0,
        metavar="HZ",
        help="refreshes a second, 1 to 10",
    )
    parser.add_argument(
        "--color",
        choices=["auto", "always", "never"],
        default="auto",
        help="auto sends none if NO_COLOR is set",
    )
    # What the tree needs, which is printed where there is no terminal.
    parser.set_defaults(filter=[], json=False, depth=None)


def _add_run(commands: Commands) -> None:
    parser = _add(
        commands,
        "run",
        "run a supervision tree as a program",
        "SPEC names a specification, a list of children, or a plain function that\n"
        "returns one of these. SIGTERM and Ctrl-C stop the tree in order.\n\n"
        "examples:\n"
        "  trio-sup run shop.tree:spec\n"
        "  trio-sup run shop.tree:make_tree --name shop-2 --verbose\n"
        "  trio-sup run shop.tree:spec --check\n",
    )
    parser.add_argument("spec", metavar="SPEC", help="package.module:name")
    parser.add_argument("--name", type=_name, metavar="NAME", help="the node's name")
    parser.add_argument(
        "--no-inspect", action="store_true", help="let no inspector attach"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="check the specification, print its outline, start nothing",
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="log every start and stop"
    )


def _add_demo(commands: Commands) -> None:
    parser = _add(
        commands,
        "demo",
        "run a small board server and look at it",
        "On a terminal the inspector opens on it, and quitting stops it. Elsewhere,\n"
        "and with --plain, the tree and what happens are printed; Ctrl-C stops it.\n"
        "Talk to it with `nc 127.0.0.1 PORT`, and type HELP.\n\n"
        "examples:\n"
        "  trio-sup demo\n"
        "  trio-sup demo --clients 50 --chaos 2\n"
        "  trio-sup demo --plain --chaos 1 --for 20\n"
        "  trio-sup demo --plain --clients 0 --port 4242\n",
    )
    parser.add_argument(
        "--clients",
        type=_count,
        default=5,
        metavar="N",
        help="how many clients run inside of it (5)",
    )
    parser.add_argument(
        "--chaos",
        type=_seconds,
        metavar="SECONDS",
        help="crash something about that often",
    )
    parser.add_argument(
        "--for",
        dest="duration",
        type=_seconds,
        metavar="SECONDS",
        help="stop in order after that time",
    )
    parser.add_argument(
        "--name", type=_name, default="demo", metavar="NAME", help="the node's name"
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=0,
        metavar="PORT",
        help="where it listens, on the loopback interface (a free one)",
    )
    parser.add_argument(
        "--plain", action="store_true", help="print events instead of the inspector"
    )


def _add_version(commands: Commands) -> None:
    _add(commands, "version", "print the version", "")


def _name(text: str) -> str:
    from trio_sup.inspect.discovery import NAME

    if NAME.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(
            f"1 to 32 letters, digits, '_', '.' or '-', not {text!r}"
        )
    return text


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 10:
        raise argparse.ArgumentTypeError(f"a number from 1 to 10, not {text!r}")
    return value


def _positive(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 up, not {text!r}")
    return value


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) <= 400):
        raise argparse.ArgumentTypeError(f"a whole number from 0 to 400, not {text!r}")
    return int(text)


def _port(text: str) -> int:
    if not (
        text.isascii() and text.isdecimal() and len(text) < 6 and int(text) <= 65535
    ):
        raise argparse.ArgumentTypeError(f"a port from 0 to 65535, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"a number of seconds above 0, not {text!r}")
    return value

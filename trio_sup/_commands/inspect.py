"""``trio-sup inspect``."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Final

from trio_sup._commands import tree
from trio_sup._commands.arguments import HOW, add_ascii, add_node, port, positive, rate
from trio_sup._commands.command import EXIT_FAILED, EXIT_USAGE, Command, CommandError
from trio_sup._commands.extras import from_extra
from trio_sup._commands.inspect_cluster import observation, show_cluster
from trio_sup._commands.interpreter import (
    python_command,
    python_environment,
    python_process,
)
from trio_sup._commands.output import complain
from trio_sup._commands.support import (
    asking,
    inspector_app,
    no_effect,
    on_screen,
    peer,
    reading,
    recording_of,
)
from trio_sup._core.extras import how_to_install

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

PORT: Final = 8000
"""For ``--web``, unless told otherwise."""
WEB_DRIVER: Final = "textual.drivers.web_driver:"
"""What textual-serve tells the program in a browser tab to draw with."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    add_ascii(parser)
    parser.add_argument(
        "--rate",
        type=rate,
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
    parser.add_argument(
        "--control",
        action="store_true",
        help="ask the node to allow actions: restart, terminate, ...",
    )
    parser.add_argument(
        "--pid",
        type=positive,
        metavar="PID",
        help="a Trio program that offers no inspector (Python 3.14, here and there)",
    )
    parser.add_argument(
        "--no-settings",
        action="store_true",
        help="neither read nor change what is remembered: theme (Ctrl-P), sort, columns",
    )
    _add_where(parser)
    _add_cluster(parser)
    # What the tree needs, which is printed where there is no terminal.
    parser.set_defaults(filter=[], json=False, depth=None)


def _add_where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--demo", action="store_true", help="look at a demonstration: needs no node"
    )
    parser.add_argument(
        "--web",
        action="store_true",
        help="show it in a browser of this machine, read-only (extra `web`)",
    )
    parser.add_argument(
        "--port",
        type=port,
        metavar="PORT",
        help="for --web, on the loopback interface; 0 for a free one (8000)",
    )


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cluster",
        metavar="URL",
        help="all nodes that meet at this engine; - asks for it",
    )
    parser.add_argument(
        "--prefix",
        metavar="WORD",
        help="which cluster of that engine: a Redis's prefix, a PostgreSQL's schema",
    )


def run(args: argparse.Namespace) -> int:
    """Open the terminal application; without a terminal print the tree."""
    if args.cluster is not None:
        no_effect(
            "with --cluster, which shows all nodes of an engine",
            {
                "NODE": args.node,
                "--pid": args.pid,
                "--demo": args.demo,
                "--web": args.web,
                "--port": args.port,
            },
        )
        return show_cluster(args)
    no_effect("without --cluster", {"--prefix": args.prefix})
    if args.demo and (args.node is not None or args.pid is not None):
        raise CommandError("--demo runs a node of its own: name none", EXIT_USAGE)
    if args.pid is not None:
        if args.node is not None:
            raise CommandError("name a node or a process, not both", EXIT_USAGE)
        args.node = node_of_process(args.pid)
    if args.web:
        return _web(args)
    no_effect("without --web", {"--port": args.port})
    if recording_of(args) is not None:
        no_effect(
            "with a recording, which cannot be acted on", {"--control": args.control}
        )
    # An inspector that is shown in a browser has no terminal, but a screen.
    in_browser = os.environ.get("TEXTUAL_DRIVER", "").startswith(WEB_DRIVER)
    screen = in_browser or on_screen()
    if args.demo:
        return _demo(args, screen)
    return _show(args) if screen else _print_tree(args)


def node_of_process(pid: int) -> str:
    """The node of a process, which is made one for as long as somebody looks."""
    from trio_sup.inspect.client.oneshot import EXIT_NO_NODE, EXIT_PERMISSION
    from trio_sup.inspect.finding import discovery
    from trio_sup.inspect.finding.directory import runtime_dir
    from trio_sup.inspect.finding.injection import (
        CannotInject,
        NoProcessThere,
        NotAllowed,
        inject,
    )

    with asking():
        directory = runtime_dir()
        try:
            return str(discovery.find_node(directory, str(pid)).socket)
        except discovery.NoSuchNode:
            pass  # it offers none
        try:
            return str(inject(pid, directory))
        except NoProcessThere as error:
            raise CommandError(str(error), EXIT_NO_NODE) from error
        except NotAllowed as error:
            raise CommandError(str(error), EXIT_PERMISSION) from error
        except CannotInject as error:
            raise CommandError(str(error), EXIT_FAILED) from error


def _print_tree(args: argparse.Namespace) -> int:
    code = tree.run(args)
    what = "the terminal is dumb" if sys.stdout.isatty() else "this is no terminal"
    hint = f"{what}, so that was the tree, once: trio-sup tree --help"
    complain(hint)
    return code


def _show(args: argparse.Namespace) -> int:
    # What is missing is said before the screen is taken.
    show = inspector_app()
    recording = recording_of(args)
    if recording is not None:
        replay: Callable[..., int] = importlib.import_module(
            "trio_sup_inspector.replay"
        ).replay
        plain = True if args.ascii else None
        with reading():
            return replay(
                recording,
                plain=plain,
                rate=args.rate,
                color=args.color,
                remember=not args.no_settings,
            )
    wanted: str | None = None
    if args.node is not None:
        with asking():
            wanted = peer(args).place
    return _call(show, args, wanted)


def _call(
    show: Callable[..., int | None], args: argparse.Namespace, where: object
) -> int:
    plain = True if args.ascii else None
    code = show(
        where,
        plain=plain,
        rate=args.rate,
        color=args.color,
        control=args.control,
        remember=not args.no_settings,
        observe=observation,
    )
    return code or 0


def _demo(args: argparse.Namespace, screen: bool) -> int:
    """The demonstration behind the inspector; without a screen its tree, once."""
    from trio_sup._commands.parsing import parser

    app = inspector_app() if screen else None
    from trio_sup.demo import window
    from trio_sup.demo.options import Options

    words = ["demo", "--chaos", "2"]

    def show(socket: Path) -> int:
        if app is not None:
            return _call(app, args, socket)
        args.node = str(socket)
        return _print_tree(args)

    options = Options.from_args(parser(words).parse_args(words))
    return window.run(options, show, python_process)


def _web(args: argparse.Namespace) -> int:
    if args.control:
        raise CommandError(
            "in a browser the inspector only looks: act in a terminal, with trio-sup"
            " inspect --control",
            EXIT_USAGE,
        )
    inspector_app()
    web = from_extra("trio_sup_inspector.web", "textual_serve", "aiohttp")
    if web is None:
        raise CommandError(
            f"the inspector in a browser is not installed\n{how_to_install('web')}",
            EXIT_USAGE,
        )
    words: list[str] = []
    if args.demo:
        words = ["--demo"]
    elif args.node is not None:
        if recording_of(args) is None:
            with asking():
                peer(args)  # A mistake is better said here than in the browser.
        words = [args.node]
    words += [f"--rate={args.rate:g}", f"--color={args.color}"]
    words += ["--ascii"] * args.ascii + ["--no-settings"] * args.no_settings
    command = python_command("trio_sup", "inspect", *words)
    # The shell that starts it finds our modules and no others.
    ours = python_environment()
    environ = {n: ours[n] for n in ("PYTHONSAFEPATH", "PYTHONPATH") if n in ours}
    serve: Callable[..., int] = web.serve
    where = PORT if args.port is None else args.port
    try:
        return serve(command, environ, port=where)
    except OSError as error:
        text = (
            f"port {where} cannot be used: {error.strerror}; --port 0 takes a free one"
        )
        raise CommandError(text, EXIT_FAILED) from error


COMMAND = Command(
    run,
    arguments,
    f"{HOW}Without it, and with several, the inspector asks.\n\n"
    "Needs the extra `inspector`. Where there is no terminal the tree is printed\n"
    "once instead.\n\nexamples:\n"
    "  trio-sup inspect\n"
    "  trio-sup inspect shop\n"
    "  trio-sup inspect ssh://me@far.example/shop\n"
    "  trio-sup inspect ./night.rec\n"
    "  trio-sup inspect --demo\n"
    "  trio-sup inspect --pid 4711\n"
    "  trio-sup inspect shop --web --port 0\n"
    "  trio-sup inspect --cluster redis://localhost\n",
    program=True,
)

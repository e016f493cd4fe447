"""The command ``trio-sup``.

Data goes to stdout, messages to stderr, and no failure that a user can cause
shows a traceback. What a command needs is imported when it runs: looking at a
node loads neither Trio nor Textual.
"""

from __future__ import annotations

import importlib
import io
import json
import logging
import os
import sys
import time
from contextlib import contextmanager
from importlib import metadata
from typing import TYPE_CHECKING, Final

from trio_sup._arguments import parser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Iterable, Sequence
    from pathlib import Path

    from trio_sup.inspect.discovery import FoundNode
    from trio_sup.inspect.query import Query

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130


class CommandError(Exception):
    """The command cannot go on; `str` is what to print, on stderr."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


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
    command = ""
    try:
        args = parser().parse_args(argv)
        command = args.command
        return _run(COMMANDS[command], args)
    except KeyboardInterrupt:
        print("trio-sup: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except OSError as error:
        if command in PROGRAMS:
            raise  # It is the program's own, and its traceback says where.
        _silence_stdout()
        if isinstance(error, BrokenPipeError):
            return 0  # The reader, `head` perhaps, has seen enough.
        print(f"trio-sup: {error}", file=sys.stderr)
        return EXIT_FAILED


def _run(command: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    try:
        return command(args)
    except CommandError as error:
        sys.stdout.flush()
        print(f"trio-sup: {error}", file=sys.stderr)
        return error.code
    finally:
        sys.stdout.flush()


def _silence_stdout() -> None:
    """What is still buffered must not fail again when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# --- the commands ------------------------------------------------------------


def nodes(args: argparse.Namespace) -> int:
    """``trio-sup nodes``."""
    from trio_sup.inspect import discovery, report

    directory = discovery.runtime_dir()
    with _discovering():
        discovery.sweep(directory)
        found = [node for node in discovery.list_nodes(directory) if node.running]
    if args.json:
        _print_json(report.nodes_json(found))
    elif found:
        _print_lines(report.nodes_lines(found, time.time()))
    else:
        print(f"trio-sup: no node runs (looked in {directory})", file=sys.stderr)
    return 0


def tree(args: argparse.Namespace) -> int:
    """``trio-sup tree``."""
    from trio_sup.inspect import oneshot, report
    from trio_sup.inspect.model import snapshot
    from trio_sup.inspect.tree_text import tree_lines

    if args.node is not None and not _may_name_a_node(args.node):
        args.filter.insert(0, args.node)
        args.node = None
    query = _query(args.filter)
    with _discovering():
        answer = oneshot.ask(_find(args))
    if args.json:
        _print_json(report.tree_json(answer, query, args.depth))
    else:
        _print_lines(
            tree_lines(
                snapshot(answer.rows.values()),
                now=answer.now,
                query=query,
                depth=args.depth,
                plain=args.ascii or not _speaks_unicode(),
            )
        )
    return 0


def status(args: argparse.Namespace) -> int:
    """``trio-sup status``."""
    from trio_sup.inspect import oneshot, report

    with _discovering():
        answer = oneshot.ask(_find(args))
    if args.json:
        _print_json(report.status_json(answer))
    else:
        _print_lines(report.status_lines(answer))
    bad = args.check and report.problems_of(answer)
    return oneshot.EXIT_PROBLEM if bad else oneshot.EXIT_OK


def events(args: argparse.Namespace) -> int:
    """``trio-sup events``."""
    from trio_sup.inspect import oneshot, report

    with _discovering():
        found = _find(args)
        ask = oneshot.follow if args.follow else oneshot.remembered
        for event, wall in ask(found):
            if args.json:
                print(json.dumps(report.event_json(event, wall)), flush=args.follow)
            else:
                print(report.event_line(event, wall), flush=args.follow)
    return 0


def inspect(args: argparse.Namespace) -> int:
    """``trio-sup inspect``."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        code = tree(args)
        hint = "this is no terminal, so that was the tree, once: trio-sup tree --help"
        print(f"trio-sup: {hint}", file=sys.stderr)
        return code
    # What is missing is said before the screen is taken.
    run = _import_app()
    socket: Path | None = None
    if args.node is not None:
        with _discovering():
            socket = _find(args).socket
    plain = True if args.ascii else None
    return run(socket, plain=plain, rate=args.rate, color=args.color) or 0


def run(args: argparse.Namespace) -> int:
    """``trio-sup run``."""
    import trio_sup
    from trio_sup import _load

    try:
        spec = _load.load_spec(args.spec)
    except _load.LoadError as error:
        raise CommandError(str(error), EXIT_USAGE) from error
    if args.check:
        _print_lines(_load.outline(spec))
        return 0
    if args.verbose:
        logging.basicConfig(level=logging.INFO)
    try:
        name = args.name or _node_name(args.spec)
        trio_sup.run(spec, name=name, inspect=not args.no_inspect)
    except (trio_sup.RestartLimitExceeded, trio_sup.StartFailed) as error:
        raise CommandError(str(error), EXIT_FAILED) from error
    return 0


def _node_name(spec: str) -> str:
    """Name a node after the module that its tree is from."""
    module = spec.partition(":")[0].removesuffix(".__main__").removesuffix(".tree")
    clean = "".join(c if c.isascii() and c.isalnum() else "-" for c in module)
    return clean.strip("-")[-32:].strip("-") or "node"


def demo(args: argparse.Namespace) -> int:
    """``trio-sup demo``."""
    module = importlib.import_module("trio_sup.demo")
    run: Callable[[argparse.Namespace], int | None] = module.main
    return run(args) or 0


def version(args: argparse.Namespace) -> int:
    """``trio-sup version``."""
    from trio_sup.inspect.wire import PROTOCOL

    try:
        ours = metadata.version("trio-sup")
    except metadata.PackageNotFoundError:
        ours = "(not installed)"
    python = ".".join(map(str, sys.version_info[:3]))
    print(f"trio-sup {ours}, inspector protocol {PROTOCOL}, Python {python}")
    return 0


COMMANDS: Final[dict[str, Callable[[argparse.Namespace], int]]] = {
    "nodes": nodes,
    "tree": tree,
    "status": status,
    "events": events,
    "inspect": inspect,
    "run": run,
    "demo": demo,
    "version": version,
}
PROGRAMS: Final = frozenset({"run", "demo", "inspect"})
"""Commands that are programs of their own: an `OSError` of theirs is a bug."""


# --- helpers -----------------------------------------------------------------


@contextmanager
def _discovering() -> Generator[None, None, None]:
    """Say in one line what keeps a node from being asked."""
    from trio_sup.inspect import discovery, oneshot

    try:
        yield
    except oneshot.AskError as error:
        raise CommandError(str(error), error.code) from error
    except discovery.NoSuchNode as error:
        raise CommandError(str(error), oneshot.EXIT_NO_NODE) from error
    except discovery.AmbiguousNode as error:
        raise CommandError(str(error), oneshot.EXIT_AMBIGUOUS) from error
    except discovery.DiscoveryError as error:
        raise CommandError(str(error), oneshot.EXIT_PERMISSION) from error


def _find(args: argparse.Namespace) -> FoundNode:
    from trio_sup.inspect import discovery

    wanted: str | None = args.node
    return discovery.find_node(discovery.runtime_dir(), wanted)


def _may_name_a_node(word: str) -> bool:
    """Whether a word can be a node rather than the first word of a filter."""
    from trio_sup.inspect.discovery import NAME

    regex = len(word) > 1 and word.startswith("/") and word.endswith("/")
    return not regex and ("/" in word or NAME.fullmatch(word) is not None)


def _query(words: list[str]) -> Query | None:
    from trio_sup.inspect.query import QueryError, parse_query

    try:
        return parse_query(" ".join(words)) if words else None
    except QueryError as error:
        raise CommandError(f"bad filter: {error}", EXIT_USAGE) from error


def _import_app() -> Callable[..., int | None]:
    try:
        app = importlib.import_module("trio_sup_inspector.app")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {
            "textual",
            "trio_sup_inspector",
        }:
            raise
        raise CommandError(
            "the terminal inspector is not installed\n"
            "install the extra `inspector` of trio-sup, in a checkout: "
            "pip install -e '.[inspector]'",
            EXIT_USAGE,
        ) from error
    run: Callable[..., int | None] = app.main
    return run


def _print_json(document: object) -> None:
    try:
        print(json.dumps(document, indent=2))
    except RecursionError as error:
        raise CommandError(
            "the tree is too deep for nested JSON: cut it with --depth", EXIT_USAGE
        ) from error


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")

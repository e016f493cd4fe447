"""``trio-sup run``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from trio_sup._commands import developing
from trio_sup._commands.arguments import name
from trio_sup._commands.command import EXIT_FAILED, EXIT_USAGE, Command, CommandError
from trio_sup._commands.output import quote, say_lines
from trio_sup._core.clean import clean

if TYPE_CHECKING:
    import argparse

    from trio_sup._core.specs import ChildSpec
    from trio_sup._inspected.inspection import Inspect


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("spec", metavar="SPEC", help="package.module:name")
    parser.add_argument("--name", type=name, metavar="NAME", help="the node's name")
    inspectors = parser.add_mutually_exclusive_group()
    inspectors.add_argument(
        "--no-inspect", action="store_true", help="let no inspector attach"
    )
    inspectors.add_argument(
        "--control",
        action="store_true",
        help="let inspectors act on children, if they ask for it",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="check the specification, print its outline, start nothing",
    )
    parser.add_argument(
        "--reload",
        action="store_true",
        help="while developing: take over each edit, restart what it concerns",
    )
    parser.add_argument(
        "--reload-dir",
        metavar="DIR",
        action="append",
        default=[],
        help="watch this in place of the current directory; can be repeated",
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="log every start and stop"
    )


def run(args: argparse.Namespace) -> int:
    """Run the tree until it ends."""
    from trio_sup._tree import load as _load

    if args.reload_dir and not args.reload:
        raise CommandError("--reload-dir goes with --reload", EXIT_USAGE)
    follows = args.reload and not args.check
    if args.reload:
        developing.check_installed(args)
    try:
        spec = _load.load_spec(args.spec)
    except _load.LoadError as error:
        quote(error.place)
        if follows:
            return developing.wait(args, str(error))
        raise CommandError(str(error), EXIT_USAGE) from error
    if args.check:
        say_lines(map(clean, _load.outline(spec)))
        return 0
    if args.verbose:
        _log_starts_and_stops()
    return _run(args, spec)


def _run(args: argparse.Namespace, spec: ChildSpec[Any]) -> int:
    import trio_sup
    from trio_sup._tree.load import load_spec
    from trio_sup._tree.run import How, run_as

    allowed: Inspect = "control" if args.control else not args.no_inspect
    how = How(
        name=args.name or _node_name(args.spec),
        inspect=allowed,
        reload=lambda: load_spec(args.spec),
    )
    if args.reload:
        return developing.run(args, spec, how)
    try:
        run_as(spec, how)
    except (trio_sup.RestartLimitExceeded, trio_sup.StartFailed) as error:
        raise CommandError(str(error), EXIT_FAILED) from error
    return 0


def _log_starts_and_stops() -> None:
    """Log to stderr, if the program itself does not configure its log."""
    handler = logging.StreamHandler()
    handler.addFilter(_is_said)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    if handler in logging.getLogger().handlers:
        logging.getLogger("trio_sup").setLevel(logging.DEBUG)


def _is_said(record: logging.LogRecord) -> bool:
    event = getattr(record, "trio_sup_event", None)
    kind = getattr(event, "kind", "")
    return record.levelno >= logging.INFO or kind in {"child_stopped", "child_ignored"}


def _node_name(spec: str) -> str:
    """Name a node after the module that its tree is from."""
    module = spec.partition(":")[0].removesuffix(".__main__").removesuffix(".tree")
    clean = "".join(c if c.isascii() and c.isalnum() else "-" for c in module)
    return clean.strip("-")[-32:].strip("-") or "node"


COMMAND = Command(
    run,
    arguments,
    "SPEC names a specification, a list of children, or a plain function that\n"
    "returns one of these. SIGTERM and Ctrl-C stop the tree in order. SIGHUP calls\n"
    "the function once more, and the running tree becomes what it returns.\n\n"
    "examples:\n"
    "  trio-sup run shop.tree:spec\n"
    "  trio-sup run shop.tree:make_tree --name shop-2 --verbose\n"
    "  trio-sup run shop.tree:spec --check\n"
    "  trio-sup run shop.tree:spec --reload\n",
    program=True,
)

"""What several commands do: find a node, read a filter, print."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trio_sup._commands.command import EXIT_USAGE, CommandError
from trio_sup._commands.extras import inspector_main
from trio_sup._commands.output import complain, say_pieces
from trio_sup._core.clean import json_pieces
from trio_sup._core.extras import how_to_install

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Mapping, Sequence

    from trio_sup.inspect.client.answer import Answer
    from trio_sup.inspect.client.conversation import Peer
    from trio_sup.inspect.finding.found_node import FoundNode
    from trio_sup.inspect.model.query import Query


@contextmanager
def asking() -> Generator[None, None, None]:
    """Say in one line, with its exit code, what keeps a node from being asked."""
    from trio_sup.inspect.client import oneshot
    from trio_sup.inspect.finding import directory, discovery

    try:
        yield
    except oneshot.AskError as error:
        raise CommandError(str(error), error.code) from error
    except discovery.NoSuchNode as error:
        raise CommandError(str(error), oneshot.EXIT_NO_NODE) from error
    except discovery.AmbiguousNode as error:
        raise CommandError(str(error), oneshot.EXIT_AMBIGUOUS) from error
    except directory.DiscoveryError as error:
        raise CommandError(str(error), oneshot.EXIT_PERMISSION) from error


def find(args: argparse.Namespace) -> FoundNode:
    """The node of this machine that the arguments name; use it inside `asking`.

    Root is told on stderr if it is somebody else's.
    """
    return _find(args.node)


def _find(wanted: str | None) -> FoundNode:
    from trio_sup.inspect.finding import discovery
    from trio_sup.inspect.finding.directory import runtime_dirs

    try:
        found = discovery.find_node(runtime_dirs(), wanted)
    except discovery.NoSuchNode as error:
        if wanted and "/" not in wanted and os.path.isfile(wanted):
            said = f"{error}; for the recording in this directory name its path"
            raise discovery.NoSuchNode(f"{said}: ./{wanted}") from error
        raise
    if found.owner:
        said = f"{found.title} is a node of {found.owner}"
        complain(f"{said}: what it says is that user's word")
    return found


def peer(args: argparse.Namespace) -> Peer:
    """The node that the arguments name, here or elsewhere; use it inside `asking`.

    Raises:
        CommandError: what begins with ``ssh://`` is no address.
    """
    return named_peer(args.node)


def named_peer(wanted: str | None) -> Peer:
    """The node of that name, here or elsewhere; see `peer`."""
    if wanted is None or not wanted.startswith("ssh://"):
        return _find(wanted)
    from trio_sup.inspect.finding.remote import BadAddress, parse_address

    try:
        return parse_address(wanted)
    except BadAddress as error:
        raise CommandError(str(error), EXIT_USAGE) from error


def ask(args: argparse.Namespace, want: Sequence[str] = ("tree",)) -> Answer:
    """What the node that the arguments name says when it is asked once.

    Raises:
        CommandError: it cannot be asked.
    """
    from trio_sup.inspect.client import oneshot

    recording = recording_of(args)
    if recording is not None:
        from trio_sup.inspect.recording import replay

        with reading():
            return replay.answer_of(recording)
    with asking():
        return oneshot.ask(peer(args), want=want)


def recording_of(args: argparse.Namespace) -> Path | None:
    """The recording that stands where a node would: named by a path, with a slash.

    A word without one is a node's name, whatever files there are: else a file called
    ``shop`` would answer for a node that is dead.
    """
    wanted: str | None = args.node
    if wanted is None or wanted.startswith("ssh://") or "/" not in wanted:
        return None
    path = Path(wanted)
    try:
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None


@contextmanager
def reading() -> Generator[None, None, None]:
    """Say in one line why a file is no recording."""
    from trio_sup.inspect.recording.recording import RecordingError

    try:
        yield
    except RecordingError as error:
        raise CommandError(str(error), EXIT_USAGE) from error


def no_effect(where: str, given: Mapping[str, object]) -> None:
    """Refuse options that would change nothing: who gave them expects something.

    Args:
        where: In which case, as ``without --cluster``.
        given: The options with their values; None and False are not given.

    Raises:
        CommandError: one is given.
    """
    for option, value in given.items():
        if value is not None and value is not False:
            raise CommandError(f"{option} has no effect {where}", EXIT_USAGE)


def node_or_filter(args: argparse.Namespace) -> None:
    """Let a first word that cannot name a node begin the filter."""
    if args.node is not None and not _may_name_a_node(args.node):
        args.filter.insert(0, args.node)
        args.node = None


def _may_name_a_node(word: str) -> bool:
    from trio_sup.inspect.finding.discovery import NAME
    from trio_sup.inspect.model.query import looks_like_filter

    if word.startswith(("ssh://", "./", "../", "~")) or NAME.fullmatch(word):
        return True
    # What holds a slash is a path only if it leads somewhere, or from the root.
    if "/" not in word or word.startswith("!"):
        return False
    rooted = word.startswith("/") and not looks_like_filter(word)
    return rooted or os.path.exists(word)


def query(words: list[str]) -> Query | None:
    """The filter that the words make, None without words."""
    from trio_sup.inspect.model.query import QueryError, parse_query

    try:
        return parse_query(" ".join(words)) if words else None
    except QueryError as error:
        raise CommandError(f"bad filter: {error}", EXIT_USAGE) from error


def line_query(words: list[str]) -> Callable[[str], bool]:
    """The filter for lines that the words make; terms about children are errors."""
    from trio_sup.inspect.model.query import QueryError, parse_line_query

    try:
        return parse_line_query(" ".join(words))
    except QueryError as error:
        raise CommandError(f"bad filter: {error}", EXIT_USAGE) from error


def inspector_app() -> Callable[..., int | None]:
    """The terminal application's `main`.

    Raises:
        CommandError: its extra is not installed.
    """
    main = inspector_main()
    if main is None:
        raise CommandError(
            f"the terminal inspector is not installed\n{how_to_install('inspector')}",
            EXIT_USAGE,
        )
    return main


def print_json(document: object) -> None:
    """Print a document over several lines."""
    # Written as it is made: of a large tree the text is far larger than its rows.
    say_pieces(json_pieces(document, indent=2))


def speaks_unicode() -> bool:
    """Whether stdout can show more than ASCII."""
    from trio_sup.inspect.text.terminal import shows_unicode

    return shows_unicode(sys.stdout.encoding, os.environ)


def on_screen() -> bool:
    """Whether there is a terminal that can be painted on."""
    from trio_sup.inspect.text.terminal import is_dumb

    return sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb(os.environ)

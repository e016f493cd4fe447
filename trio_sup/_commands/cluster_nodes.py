"""``trio-sup nodes --cluster URL``: asks all nodes of a cluster, as one that runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from trio_sup._commands.command import CommandError
from trio_sup._commands.engines import engine_at, url_of
from trio_sup._commands.output import complain, say, say_lines
from trio_sup._commands.support import print_json
from trio_sup._core.clean import clean, json_line

if TYPE_CHECKING:
    import argparse

    from trio_sup._commands.observing import Document

EXIT_SILENT: Final = 7
TIMEOUT: Final = 1.0
"""Seconds to wait for a node's answer, unless told otherwise."""
EVERY: Final = 1.0
"""Seconds from one look to the next, for who follows."""


def run(args: argparse.Namespace) -> int:
    """List the nodes of a cluster, once or again and again; none is no failure."""
    import trio

    url = url_of(args.cluster)
    backend = engine_at(url, args.prefix)
    from trio_sup._commands.observing import Observer

    observer = Observer(backend, url, TIMEOUT if args.timeout is None else args.timeout)

    prefix: str = getattr(backend, "place", ("", ""))[1]

    def show_next(document: Document) -> None:
        _show_next(args, document, prefix)

    try:
        if args.follow:
            trio.run(observer.follow, show_next, EVERY)
            return 0
        document = trio.run(observer.once)
    except BaseExceptionGroup as group:
        # Ctrl-C, or that nobody reads any more, as it came out of nurseries.
        raise _only(group) from None
    engine = document["engine"]
    if not engine["answers"]:
        raise CommandError(engine["why"], EXIT_SILENT)
    if args.json:
        print_json(document)
    else:
        _show_lines(args, document, prefix)
    return 0


def _only(group: BaseExceptionGroup[BaseException]) -> BaseException:
    only, *others = group.exceptions
    if others:
        return group
    if not isinstance(only, BaseExceptionGroup):
        return only
    return _only(cast("BaseExceptionGroup[BaseException]", only))


def _show_next(args: argparse.Namespace, document: Document, prefix: str) -> None:
    """Print a look of several: JSON on a line, or lines with an empty one behind."""
    if args.json:
        say(json_line(document), flush=True)
    elif not document["engine"]["answers"]:
        complain(document["engine"]["why"])
    else:
        _show_lines(args, document, prefix)
        say(clean(""), flush=True)


def _show_lines(args: argparse.Namespace, document: Document, prefix: str) -> None:
    from trio_sup.inspect.model.cluster_look import read_look
    from trio_sup.inspect.text.cluster_lines import cluster_lines

    if document["nodes"]:
        say_lines(cluster_lines(read_look(document), names=args.names))
    else:
        complain(f"no node is in the cluster {prefix!r} there; --prefix names another")

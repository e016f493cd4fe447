"""``trio-sup nodes``."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from trio_sup._commands.arguments import add_json, seconds
from trio_sup._commands.command import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_USAGE,
    Command,
    CommandError,
)
from trio_sup._commands.completion import completed_by, node_names
from trio_sup._commands.output import complain, say_lines
from trio_sup._commands.support import asking, named_peer, no_effect, print_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from trio_sup.inspect.client.conversation import Peer
    from trio_sup.inspect.finding.found_node import FoundNode
    from trio_sup.inspect.text.node_lines import Checked


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    names = parser.add_argument(
        "nodes", nargs="*", metavar="NODE", help="which ones; all that run here if none"
    )
    completed_by(names, node_names)
    parser.add_argument(
        "--health", action="store_true", help="ask each of them how it fares"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="as --health; exit with 1 if one has a problem or does not answer",
    )
    add_json(parser)
    group = parser.add_argument_group("nodes of a cluster, on whatever machine")
    group.add_argument(
        "--cluster",
        metavar="URL",
        help="list those that meet at this engine instead; - reads it from stdin",
    )
    group.add_argument(
        "--prefix",
        metavar="WORD",
        help="which cluster of that engine: a Redis's prefix, a PostgreSQL's schema",
    )
    group.add_argument(
        "--names", action="store_true", help="list names with their holders, too"
    )
    group.add_argument(
        "-f", "--follow", action="store_true", help="look again every second"
    )
    group.add_argument(
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="how long to wait for a node's answer (1)",
    )


def run(args: argparse.Namespace) -> int:
    """List the nodes that run; no node is no failure, unless one was named."""
    if args.cluster is not None:
        if args.nodes or args.health or args.check:
            message = "--cluster lists all nodes of an engine, and how each fares"
            raise CommandError(message, EXIT_USAGE)
        from trio_sup._commands import cluster_nodes

        return cluster_nodes.run(args)
    of_a_cluster = {
        "--prefix": args.prefix,
        "--names": args.names,
        "--follow": args.follow,
        "--timeout": args.timeout,
    }
    no_effect("without --cluster", of_a_cluster)
    from trio_sup.inspect.finding.directory import places_text, runtime_dirs

    places = runtime_dirs()
    if args.health or args.check or args.nodes:
        return _health(args, places)
    from trio_sup.inspect.text.documents import nodes_json
    from trio_sup.inspect.text.node_lines import nodes_lines

    found = _running(places)
    if args.json:
        print_json(nodes_json(found))
    elif found:
        say_lines(nodes_lines(found, time.time()))
    else:
        complain(f"no node runs (looked in {places_text(places)})")
    return EXIT_OK


def _running(places: Sequence[Path]) -> list[FoundNode]:
    from trio_sup.inspect.finding import discovery
    from trio_sup.inspect.finding.directory import DiscoveryError

    with asking():
        discovery.sweep(places[0])
        for other in places[1:]:
            with suppress(DiscoveryError):
                discovery.sweep(other)
        return [node for node in discovery.list_nodes(places) if node.running]


def _health(args: argparse.Namespace, places: Sequence[Path]) -> int:
    """Ask each node, all at once."""
    from trio_sup.inspect.finding.directory import places_text
    from trio_sup.inspect.text.documents import health_json
    from trio_sup.inspect.text.node_lines import health_lines

    nodes = _asked(args.nodes or _running(places))
    if args.json:
        print_json(health_json(nodes))
    elif nodes:
        say_lines(health_lines(nodes))
    else:
        complain(f"no node runs (looked in {places_text(places)})")
    wrong = args.check and not all(node.well for node in nodes)
    return EXIT_FAILED if wrong else EXIT_OK


def _asked(wanted: Sequence[str | FoundNode]) -> list[Checked]:
    from trio_sup.inspect.client.ask_each import ask_each
    from trio_sup.inspect.client.conversation import AskError
    from trio_sup.inspect.model.node_health import node_health
    from trio_sup.inspect.text.node_lines import Checked

    peers: list[Peer] = []
    titles: list[str] = []
    found: dict[int, Checked] = {}
    for at, each in enumerate(wanted):
        if not isinstance(each, str):
            peers.append(each)
            titles.append(each.title)
            continue
        try:
            with asking():
                peers.append(named_peer(each))
            titles.append(each)
        except CommandError as error:
            found[at] = Checked(each, None, str(error), error.code)
    answers = iter(zip(titles, ask_each(peers), strict=True))
    for at in range(len(wanted)):
        if at in found:
            continue
        title, answer = next(answers)
        if isinstance(answer, AskError):
            found[at] = Checked(title, None, str(answer), answer.code)
        else:
            title = f"{answer.node.node}.{answer.node.pid}"
            found[at] = Checked(title, node_health(answer))
    return [found[at] for at in range(len(wanted))]


COMMAND = Command(
    run,
    arguments,
    "Nodes meet in $TRIO_SUP_RUNTIME_DIR, else $XDG_RUNTIME_DIR/trio-sup, else\n"
    "trio-sup-<uid> in the temporary directory. Unless the first is set, they are\n"
    "looked for in each of these and in /run/user/<uid>, whichever they have chosen.\n"
    "Sockets that dead nodes left behind are removed.\n\n"
    "With --health, --check, or names, each node is asked how it fares, all at once:\n"
    "one that is silent costs its own time-out only. Names are those of other commands,\n"
    "ssh:// addresses among them.\n\n"
    "With --cluster it joins the cluster as a node that runs nothing, and asks all\n"
    "others at once; one that is frozen costs the time-out, however many there are.\n"
    "Live, and with singletons, calls and topics: trio-sup inspect --cluster URL\n\n"
    "examples:\n"
    "  trio-sup nodes\n"
    "  trio-sup nodes --health\n"
    "  trio-sup nodes --check shop ssh://me@far.example/mail\n"
    "  trio-sup nodes --cluster redis://localhost\n"
    "  trio-sup nodes --cluster redis://localhost --names --json\n"
    "  trio-sup nodes --cluster redis://localhost --follow --json | jq .nodes\n"
    "  trio-sup nodes --cluster - < url\n"
    "  trio-sup nodes --cluster postgresql://nodes@db/app --prefix boards\n",
)

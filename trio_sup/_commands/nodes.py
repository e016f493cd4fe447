"""``trio-sup nodes``."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from trio_sup._commands.arguments import add_json, seconds
from trio_sup._commands.command import Command
from trio_sup._commands.output import complain, say_lines
from trio_sup._commands.support import asking, print_json

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_json(parser)
    group = parser.add_argument_group("nodes of a cluster, on whatever machine")
    group.add_argument(
        "--cluster", metavar="URL", help="list those that meet at this engine instead"
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
        "--timeout",
        type=seconds,
        default=1.0,
        metavar="SECONDS",
        help="how long to wait for a node's answer (1)",
    )


def run(args: argparse.Namespace) -> int:
    """List the nodes that run; no node is no failure."""
    if args.cluster is not None:
        from trio_sup._commands import cluster_nodes

        return cluster_nodes.run(args)
    from trio_sup.inspect.finding import discovery
    from trio_sup.inspect.finding.directory import (
        DiscoveryError,
        places_text,
        runtime_dirs,
    )
    from trio_sup.inspect.text.documents import nodes_json
    from trio_sup.inspect.text.plain_lines import nodes_lines

    places = runtime_dirs()
    with asking():
        discovery.sweep(places[0])
        for other in places[1:]:
            with suppress(DiscoveryError):
                discovery.sweep(other)
        found = [node for node in discovery.list_nodes(places) if node.running]
    if args.json:
        print_json(nodes_json(found))
    elif found:
        say_lines(nodes_lines(found, time.time()))
    else:
        complain(f"no node runs (looked in {places_text(places)})")
    return 0


COMMAND = Command(
    run,
    arguments,
    "Nodes meet in $TRIO_SUP_RUNTIME_DIR, else $XDG_RUNTIME_DIR/trio-sup, else\n"
    "trio-sup-<uid> in the temporary directory. Unless the first is set, they are\n"
    "looked for in each of these and in /run/user/<uid>, whichever they have chosen.\n"
    "Sockets that dead nodes left behind are removed.\n\n"
    "With --cluster it joins the cluster as a node that runs nothing, and asks all\n"
    "others at once; one that is frozen costs the time-out, however many there are.\n\n"
    "examples:\n"
    "  trio-sup nodes --cluster redis://localhost\n"
    "  trio-sup nodes --cluster redis://localhost --names --json\n"
    "  trio-sup nodes --cluster postgresql://nodes@db/app --prefix boards\n",
)

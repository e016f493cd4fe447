"""``trio-sup nodes``."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from trio_sup._commands.arguments import add_json
from trio_sup._commands.command import Command
from trio_sup._commands.output import complain, say_lines
from trio_sup._commands.support import asking, print_json

if TYPE_CHECKING:
    import argparse


def run(args: argparse.Namespace) -> int:
    """List the nodes that run; no node is no failure."""
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
    add_json,
    "Nodes meet in $TRIO_SUP_RUNTIME_DIR, else $XDG_RUNTIME_DIR/trio-sup, else\n"
    "trio-sup-<uid> in the temporary directory. Unless the first is set, they are\n"
    "looked for in each of these and in /run/user/<uid>, whichever they have chosen.\n"
    "Sockets that dead nodes left behind are removed.",
)

"""``trio-sup metrics``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._commands.arguments import HOW, add_node
from trio_sup._commands.command import EXIT_OK, Command
from trio_sup._commands.output import say_lines
from trio_sup._commands.support import asking, peer
from trio_sup._core.clean import clean

if TYPE_CHECKING:
    import argparse


def run(args: argparse.Namespace) -> int:
    """Print a node's metrics in the Prometheus text format."""
    from trio_sup.inspect.client import oneshot

    with asking():
        text = oneshot.metrics(peer(args))
    say_lines(map(clean, text.removesuffix("\n").split("\n")))
    return EXIT_OK


COMMAND = Command(
    run,
    add_node,
    f"{HOW}\nexamples:\n"
    "  trio-sup metrics shop\n"
    "  trio-sup metrics shop > /var/lib/node_exporter/shop.prom\n",
)

"""The program behind ``trio-sup demo``: a board server to look at and to break.

Read it in this order: `tree` (all of the supervision, as data), `board` and `store`
(servers), `session` (a connection as a supervised function), `acceptor`, `ticker`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def main(args: argparse.Namespace) -> int:
    """Run the demonstration and return its exit code.

    On a terminal the service runs in the background and the inspector in front of
    it; elsewhere, and with ``--plain``, the service runs here and prints what
    happens.

    Args:
        args: What the command ``trio-sup demo`` takes.
    """
    from trio_sup.demo import foreground, window
    from trio_sup.demo.options import Options

    options = Options.from_args(args)
    if not args.plain and sys.stdin.isatty() and sys.stdout.isatty():
        show = window.find_inspector()
        if show is not None:
            return window.run(options, show)
    return foreground.run(options)

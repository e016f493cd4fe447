"""Where ``trio-sup demo`` begins: the inspector in front, or lines printed here."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from trio_sup.demo import foreground, window
from trio_sup.demo.options import Options
from trio_sup.inspect.text.terminal import is_dumb

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from trio_sup.demo.window import Process, Show


def main(
    args: argparse.Namespace, inspector: Callable[[], Show | None], process: Process
) -> int:
    """Run the demonstration and return its exit code.

    On a terminal the service runs in the background and the inspector in front of
    it; elsewhere, and with ``--plain``, the service runs here and prints what
    happens.

    Args:
        args: What the command ``trio-sup demo`` takes.
        inspector: Returns the inspector, None if it is not installed.
        process: How a module of ours is run as a process.
    """
    options = Options.from_args(args)
    painted = sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb(os.environ)
    if not args.plain and painted:
        show = inspector()
        if show is not None:
            return window.run(options, show, process)
        window.say_what_is_missing()
    return foreground.run(options)

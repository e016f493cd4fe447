"""``trio-sup version``."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import TYPE_CHECKING

from trio_sup._commands.command import Command
from trio_sup._commands.output import say
from trio_sup._core.clean import clean

if TYPE_CHECKING:
    import argparse


def ours() -> str:
    """The version of this package."""
    try:
        return metadata.version("trio-sup")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def run(args: argparse.Namespace) -> int:
    """Print the versions of the package, the protocol and Python."""
    from trio_sup.inspect.protocol.wire import PROTOCOL

    del args
    python = ".".join(map(str, sys.version_info[:3]))
    say(clean(f"trio-sup {ours()}, inspector protocol {PROTOCOL}, Python {python}"))
    return 0


COMMAND = Command(run)

"""Every subcommand, with its line of help. Its module has the name of the command."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from trio_sup._commands import actions

if TYPE_CHECKING:
    from trio_sup._commands.command import Command

HELP: Final[dict[str, str]] = {
    # what runs
    "nodes": "list the nodes of this user that run",
    "tree": "print a node's supervision tree",
    "ps": "print a node's children as a flat list",
    "top": "watch a node's busiest children",
    "show": "print everything about one child",
    "status": "print a node's health: totals and problems",
    "events": "print a node's lifecycle events",
    "logs": "print a node's log records as they are written",
    "registry": "print what a node's registries hold",
    "metrics": "print a node's metrics for Prometheus",
    "trace": "follow messages through servers, live",
    "chart": "draw a node's figures over time",
    "profile": "look where a node's time goes",
    # acting
    **actions.HELP,
    "reload": "make the tree what its specification says now",
    **actions.ON_NODE,
    # over time
    "snapshot": "write one picture of a node into a file",
    "record": "record a node into a file",
    # in the terminal
    "inspect": "watch a node live in the terminal",
    "relay": "join stdin and stdout with a node: what ssh runs",
    # programs
    "run": "run a supervision tree as a program",
    "demo": "run a small board server and look at it",
    "chaos": "cause faults on a node, and see what comes back",
    # about the command
    "completion": "print what makes a shell complete the command",
    "version": "print the version",
}
"""The commands in the order of the help."""


def load(name: str) -> Command:
    """Import one command; those of actions have one module."""
    acts = name in actions.HELP or name in actions.ON_NODE
    module = importlib.import_module(f"trio_sup._commands.{'acting' if acts else name}")
    command: Command = module.command(name) if acts else module.COMMAND
    return command

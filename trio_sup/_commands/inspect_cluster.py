"""``trio-sup inspect --cluster URL``: all nodes of a cluster, on whatever machines, live."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from trio_sup._commands.engines import engine_at, url_of
from trio_sup._commands.interpreter import python_process
from trio_sup._commands.output import complain
from trio_sup._commands.support import inspector_app, on_screen
from trio_sup._core.urls import without_secrets

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def show_cluster(args: argparse.Namespace) -> int:
    """Show a cluster; without a terminal print its nodes and names, once."""
    url = args.cluster = url_of(args.cluster)
    engine_at(url, args.prefix)  # What is wrong is said before the screen is taken.
    if not on_screen():
        return _print(args)
    show: Callable[..., int | None] = inspector_app()
    code = show(
        None,
        plain=True if args.ascii else None,
        rate=args.rate,
        color=args.color,
        control=args.control,
        remember=not args.no_settings,
        cluster=observation(url, args.prefix),
        observe=observation,
    )
    return code or 0


def _print(args: argparse.Namespace) -> int:
    from trio_sup._commands import cluster_nodes

    args.names, args.timeout, args.follow = True, None, False
    code = cluster_nodes.run(args)
    complain(
        "this is no terminal, so that was the cluster, once: trio-sup nodes --help"
    )
    return code


def observation(url: str, prefix: str | None = None) -> Any:
    """How the terminal application observes a cluster: by a process of its own.

    It is told the URL on stdin: arguments are seen by everybody on the machine.

    Args:
        url: Of the engine.
        prefix: Which of its clusters.
    """
    words = ["nodes", "--cluster", "-", "--follow", "--json"]
    words += [] if prefix is None else [f"--prefix={prefix}"]
    command, environ = python_process("trio_sup", *words)
    title = without_secrets(url) + ("" if prefix is None else f" ({prefix})")
    module = importlib.import_module("trio_sup_inspector.observer")
    return module.Observation(title, command, environ, url)

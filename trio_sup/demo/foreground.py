"""The service without an inspector: prints the tree, and what happens."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import trio

from trio_sup import child, current_node
from trio_sup.demo.door import DOOR
from trio_sup.demo.service import EXIT_FAILED, run_service
from trio_sup.inspect.model.tree_model import snapshot
from trio_sup.inspect.node.table import Found, Table
from trio_sup.inspect.text.tree_text import tree_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup import Node
    from trio_sup._core.events import LifecycleEvent
    from trio_sup.demo.options import Options

UNTOLD = frozenset({"child_starting", "child_stopping", "child_removed", "requested"})
"""Events that are left out: what follows them tells the same."""


def run(options: Options) -> int:
    """Run the service here until it ends, and return the exit code."""
    console = Console()
    owner = child(
        print_events, console, options, id="console", restart="temporary"
    ).replace(significant=True)
    code = run_service(options, owner)
    if code == 0:
        console.write([f"{options.name} has stopped in order"])
    if console.error is not None:
        sys.stderr.write(f"trio-sup demo: stdout: {console.error.strerror}\n")
        return EXIT_FAILED
    return code


class Console:
    """Standard output, line by line, until nobody reads it any more."""

    def __init__(self) -> None:
        self.closed: trio.Event = trio.Event()
        """Set when no more can be written; what comes then is dropped."""
        self.error: OSError | None = None
        """Why, unless the reader has only gone: `head` perhaps, it has seen enough."""

    def write(self, lines: Iterable[str]) -> None:
        """Write lines and see to it that they arrive."""
        try:
            for line in lines:
                sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        except OSError as error:
            # What is buffered would fail once more when the interpreter ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.closed.set()
            if not isinstance(error, BrokenPipeError):
                self.error = error


async def print_events(
    console: Console,
    options: Options,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Print events as they happen, and the tree when it is up and when it ends.

    Returns when nobody reads the console any more.

    Args:
        console: Where to.
        options: What the user asked for.
        task_status: Started when the next event will be printed.
    """
    node, began, root = current_node(), trio.current_time(), options.name

    def take(event: LifecycleEvent) -> None:
        if event.path == root and event.kind == "supervisor_stopping":
            console.write(draw_tree(node))
        up = event.path == root and event.kind == "child_started"
        if up:
            console.write([where_it_is(options)])
        if event.kind not in UNTOLD:
            console.write([f"{event.at - began:8.2f}  {event.summary}"])
        if up:
            console.write(draw_tree(node))

    node.add_hook(take)
    try:
        task_status.started()
        await console.closed.wait()
    finally:
        node.remove_hook(take)


def where_it_is(options: Options) -> str:
    """Say how it can be talked to, once it is up."""
    if options.nodes:
        where = options.redis or "an engine inside of this program"
        return f"{options.name}: nodes that meet at {where}"
    return f"{options.name} listens, talk to it: nc 127.0.0.1 {DOOR.value}"


def draw_tree(node: Node) -> Iterable[str]:
    """Return the tree of this very program, as ``trio-sup tree`` prints it."""
    table = Table(node)
    for _ in table.scan(Found()):
        pass
    model = snapshot(cell.row for cell in table.cells.values())
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return tree_lines(model, now=trio.current_time(), plain=not unicode)

"""The node as a whole, in numbers."""

from __future__ import annotations

import gc
import math
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

import attrs
import trio

from trio_sup.inspect.node.bounds import MAX_NAME, MAX_PATH, clip, finite
from trio_sup.inspect.node.masking import mask_arguments
from trio_sup.inspect.node.secret_names import DEFAULT
from trio_sup.inspect.protocol.wire_details import NodeInfo

if TYPE_CHECKING:
    from trio_sup.inspect.node.source import ObservedNode
    from trio_sup.inspect.node.table import Table
    from trio_sup.inspect.protocol.wire_details import ClientInfo


def look_at_node(
    node: ObservedNode,
    table: Table,
    clients: list[ClientInfo],
    facts: list[list[str]],
    *,
    tracing: bool,
) -> NodeInfo:
    """Read all of it; costs some tens of microseconds, and what `table` costs."""
    loop = trio.lowlevel.current_statistics()
    deadline = loop.seconds_to_next_deadline
    io = attrs.asdict(loop.io_statistics)
    return NodeInfo(
        trio.current_time(),
        resident_bytes(),
        round(time.process_time(), 3),
        threading.active_count(),
        loop.tasks_living,
        loop.tasks_runnable,
        None if math.isinf(deadline) else finite(deadline),
        loop.run_sync_soon_queue_size,
        clip(", ".join(f"{key}={value}" for key, value in io.items()), MAX_PATH),
        list(gc.get_count()),
        node.events_emitted,
        len(table.cells),
        messages_handled(node, table),
        tracing,
        clients,
        facts,
    )


def messages_handled(node: ObservedNode, table: Table) -> int:
    """How many messages the servers have handled, all lives together."""
    cells = table.cells.values()
    living = sum(cell.row.handled or 0 for cell in cells if cell.child.alive)
    return node.past_messages[1] + living


def resident_bytes() -> int | None:
    """Resident memory of this process, None where the system won't say."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def facts_of_process(settings: dict[str, str]) -> list[list[str]]:
    """What does not change: how the program was started, and how it is shown."""
    try:
        directory = os.getcwd()
    except OSError:
        directory = ""
    facts = {
        "arguments": mask_arguments(sys.argv, DEFAULT),
        "directory": directory,
        "executable": sys.executable or "",
        "platform": sys.platform,
        **settings,
    }
    return [[word, clip(value, MAX_NAME)] for word, value in facts.items()]

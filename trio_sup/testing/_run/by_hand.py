"""What people do with a tree by hand, as faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from trio_sup._children.record import Record
from trio_sup._core.errors import SupervisionError
from trio_sup._tree.dynamic import DynamicSupervisor
from trio_sup._tree.supervisor import Supervisor
from trio_sup.testing.faults import StartAgain, Terminate

BY_HAND = "harness: by hand"
"""What the task of somebody who asks a supervisor is called."""


def by_hand(
    parent: Supervisor | DynamicSupervisor,
    record: Record,
    fault: Terminate | StartAgain,
) -> Callable[[], Awaitable[None]]:
    """Return the task of somebody who asks a supervisor; refusals are no news."""

    async def ask() -> None:
        try:
            if isinstance(fault, Terminate):
                await parent.terminate_child(record.id)
            else:
                await parent.restart_child(record.id)
        except (SupervisionError, trio.Cancelled):
            pass

    return ask

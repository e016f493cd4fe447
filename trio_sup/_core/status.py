"""The one table of statuses: what each event makes of a child's.

Rule of this file: no status is written but through it. `ChildState.enter` looks up what
comes next; what is not in the table cannot happen. The diagram in the documentation is
drawn from here.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from trio_sup._core.words import Status

StatusEvent: TypeAlias = Literal[
    "listed",
    "begins",
    "ready",
    "winds_down",
    "asked",
    "hangs",
    "rests",
    "returns",
    "backs_off",
    "quarantined",
    "forgotten",
]
"""What happens to a child, as far as its status goes:

``listed``: its supervisor is about to start its list. ``begins``: a life begins.
``ready``: the life is ready. ``winds_down``: it ends by itself, and has not ended yet.
``asked``: it was asked to end. ``hangs``: it outlives its cancellation. ``rests``: it
is down, and stays so until somebody asks. ``returns``: down, and the next life is about
to begin. ``backs_off``: the same, after a delay. ``quarantined``: down by its own
budget. ``forgotten``: its supervisor has no record of it any more.
"""

_ENDED: Final[dict[StatusEvent, Status]] = {
    "rests": "stopped",
    "returns": "restarting",
    "backs_off": "backing_off",
    "quarantined": "quarantined",
    "forgotten": "gone",
}
# A life in progress may be asked to end, may hang, and ends; what follows from its end
# is decided then.
_ALIVE: Final[dict[StatusEvent, Status]] = {
    "asked": "stopping",
    "hangs": "stuck",
    **_ENDED,
}

NEXT: Final[dict[Status, dict[StatusEvent, Status]]] = {
    "starting": {"begins": "starting", "ready": "running", **_ALIVE},
    "running": {"winds_down": "stopping", **_ALIVE},
    "stopping": _ALIVE,
    "stuck": _ALIVE,
    # Also while its next life starts: it is a restart until it has succeeded.
    "restarting": {"begins": "restarting", "ready": "running", **_ALIVE},
    "backing_off": {"begins": "restarting", **_ENDED},
    # Down, and awaited no more: only a request, or its group, starts it again.
    "stopped": {
        "listed": "starting",
        "begins": "starting",
        # `attach`: the present task is a child from the first.
        "ready": "running",
        **_ENDED,
    },
    "quarantined": {"begins": "starting", **_ENDED},
    "gone": {},
}
"""What each event makes of each status."""

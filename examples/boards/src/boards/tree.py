"""The tree: the boards, and the door."""

from __future__ import annotations

import os

from trio_sup import ChildSpec, Supervisor, child, dynamic_supervisor, supervisor

from .door import open_door
from .server import BOARDS


def spec(port: int | None = None) -> ChildSpec[Supervisor]:
    """Describe the program: for ``trio-sup run boards.tree:spec``.

    Args:
        port: Where the door is; None for what `BOARDS_PORT` says, or 8770.
    """
    if port is None:
        port = int(os.environ.get("BOARDS_PORT", "8770"))
    return supervisor(
        [dynamic_supervisor(id="boards", name=BOARDS), child(open_door, port)],
        id="program",
    )

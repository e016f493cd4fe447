"""Who has a name: whether to wait for it, or to start another (`get_or_start`)."""

from __future__ import annotations

from typing import Literal

from trio_sup._core.plan.doing import Refused
from trio_sup._core.state import ChildState


def look(
    holder: ChildState, before: int, asked: ChildState
) -> Literal["runs", "wait", "gone"]:
    """What to do about the holder of a name.

    A life that began meanwhile counts even if it has ended again before somebody
    looked: the start was good, as for `start_child`.

    Args:
        holder: The child that has it.
        before: The last life that was ready when the first look was taken.
        asked: The record of the supervisor that is to start one if need be.

    Returns:
        ``runs``: it is the one. ``wait``: look again when it changes. ``gone``: the
        name is free, or about to be.

    Raises:
        Refused: it is quarantined; its first start failed, or was overtaken by the
            stop of the very supervisor.
    """
    if holder.running or holder.started_life > before:
        return "runs"
    if holder.status == "quarantined":
        raise Refused("quarantined", holder)
    if holder.may_return:
        return "wait"
    ended = holder.last_exit
    if before == 0 and ended is not None:
        if holder.overtaken != holder.life:
            raise Refused("not_started", holder, exit=ended)
        if holder.above is asked:
            raise Refused("stopping")
    return "gone"

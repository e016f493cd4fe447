"""Ends of lives that are dealt with in one go, for nobody is to be told of them.

Mostly nothing of the user's comes between an end and what follows from it: then the
plan decides all of it in one step (`trio_sup._core.plan.at_once`), and it is done here,
as `Lives.life_over` does it step by step. Both come to the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from trio_sup._children.life import WORD, keep_exit, let_go
from trio_sup._core.events import (
    ChildCrashed,
    ChildRemoved,
    ChildStarting,
    ChildStopped,
    RestartDecided,
)
from trio_sup._core.plan.at_once import lives_on

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._children.surroundings import HostNode
    from trio_sup._core.exits import Exit
    from trio_sup._supervisors.story import Story


class Ends(Protocol):
    """Where lives end: `trio_sup._supervisors.lives.Lives`."""

    node: HostNode[Record]
    story: Story

    @property
    def plan(self) -> Any:
        """What decides."""

    @property
    def alarms(self) -> Any:
        """For whom the plan has something to come."""

    def life_over(
        self, record: Record, exit: Exit, fatal: BaseException | None
    ) -> None:
        """Deal with the end step by step."""

    def spawn_task(self, record: Record) -> None:
        """Spawn the task of a life that has begun."""

    def undecided(self, record: Record, exit: Exit, fault: BaseException) -> None:
        """What follows could not be worked out."""

    def take_fault(self, record: Record, fault: BaseException) -> None:
        """Bear what an end met."""

    def go_on(self, now: float, heard: bool = True) -> None:
        """Somebody has ended for whom the control task waits."""


def crashed(lives: Ends, record: Record, exit: Exit) -> None:
    """A life that was ready has ended by an ordinary exception.

    Mostly nobody is to be told, so that nothing of the user's comes between, and the
    next life follows: all in one go. Else `life_over` goes step by step.
    """
    node = lives.node
    life, began, now = record.life, record.life_began, node.time()
    if (
        record.watchers is not None
        or record.registries is not None
        or node.is_told(ChildCrashed)
        or not lives_on(lives.plan, record, now)
    ):
        lives.life_over(record, exit, None)
        return
    path = record.path_text
    record.task = record.stop_event = None
    keep_exit(record, exit, (life, exit, began, now))
    lives.story.crashes.append((now, path, life, exit))
    remember = node.remember
    remember((ChildCrashed, (now, path, life, exit, record.spec.restart)))
    remember((RestartDecided, (now, path, life, 0.0, lives.plan.flags.strategy, 0)))
    try:
        lives.spawn_task(record)
        remember((ChildStarting, (now, path, life + 1)))
    except BaseException as fault:  # noqa: BLE001 - the supervisor ends in order
        lives.undecided(record, exit, fault)
    try:
        let_go(record, exit, lives.story)
    except BaseException as fault:  # noqa: BLE001 - told, or passed up
        lives.take_fault(record, fault)


def stopped(lives: Ends, record: Record, exit: Exit) -> None:
    """A life has ended as it was asked to: mostly all in one go, as `crashed`."""
    node, spec, meant, status = lives.node, record.spec, record.ending, None
    if (
        not spec.bare
        or record.watchers is not None
        or record.registries is not None
        or lives.alarms
        or node.is_told(ChildRemoved)  # at the same level as the end before it
        or (status := lives.plan.rests(record)) is None
    ):
        lives.life_over(record, exit, None)
        return
    now, path, life, remember = (
        node.time(),
        record.path_text,
        record.life,
        node.remember,
    )
    meant.task = record.scope = record.task = record.stop_event = None
    if record.exits is None:
        record.last_exit, record.exits = exit, [(life, exit, record.life_began, now)]
    else:
        keep_exit(record, exit, (life, exit, record.life_began, now))
    remember((ChildStopped, (now, path, life, exit, True)))
    if status == "gone":
        remember((ChildRemoved, (now, path, life)))
        if spec.given and record.started_life:
            record.spec = spec.without_arguments()
    if node.heavy_exits.kept or len(meant.asked or "") > WORD:
        try:
            let_go(record, exit, lives.story)
        except BaseException as fault:  # noqa: BLE001 - told, or passed up
            lives.take_fault(record, fault)
    record.touch()
    if lives.plan.wakes(record):
        lives.go_on(now, False)  # nobody is told of stops, as of this one

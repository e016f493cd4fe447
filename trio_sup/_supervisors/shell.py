"""A supervisor's own life, and what its decisions lead to.

A supervisor is one control task with one nursery. What must wait is done by the
control task, in `_ordered` and `_dynamic`; decisions are carried out at once, where
they are made.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextvars import Context, copy_context
from typing import TYPE_CHECKING

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.bodies import PlainBody
from trio_sup._children.record import Record
from trio_sup._children.refusals import StartFailed
from trio_sup._children.stopping import arm
from trio_sup._core import events
from trio_sup._core.errors import RestartLimitExceeded
from trio_sup._core.exits import NORMAL, Exit
from trio_sup._core.specs import ChildSpec, Flags, Runs
from trio_sup._core.strategy import (
    AutoShutdown,
    Decision,
    GiveUp,
    Quarantine,
    Restart,
    Settled,
)
from trio_sup._supervisors.lives import Lives, Mode
from trio_sup._supervisors.story import note_endless_backoff
from trio_sup._trio.alarms import alarm_clock

if TYPE_CHECKING:
    from trio_sup._children.record import Child


class Shell(Lives, PlainBody):
    """One supervisor; the object lives as long as its record, over all its lives."""

    def __init__(self, record: Record, flags: Flags) -> None:
        super().__init__(record, flags)
        # How this life ends, unless an exception says more.
        self.outcome: Exit = NORMAL
        # What to raise once all children are down.
        self.failure: RestartLimitExceeded | StartFailed | None = None
        # The grace of a `stop()` that came during the start, and waits for its end.
        self._stop_after_start: float | None = None

    # What a child asks its body.

    @property
    def shell(self) -> Shell:
        """Itself."""
        return self

    def ask(self, record: Record, reason: str) -> bool:
        """Go down in order, children first."""
        self.request_stop(reason)
        return False

    def cancel(self, record: Record, reason: str) -> None:
        """Go down in order: its own scope is never cancelled."""
        self.request_stop(reason)

    def force(self, record: Record, reason: str) -> Sequence[Record]:
        """Collapse the graces to come; return the children that have one already."""
        return self.hasten()

    def below(self) -> Sequence[Record]:
        """The children, in start order."""
        return self.all_records()

    # The control task.

    @enable_ki_protection
    async def run(self, record: Record) -> None:
        """Run one life of this supervisor, from its first child to its last.

        Raises:
            StartFailed: a child of the list did not start; all others are stopped.
            RestartLimitExceeded: it gave up; all children are stopped.
            BaseException: something fatal ended a child; all others are stopped.
        """
        self.base: Context = copy_context()
        try:
            async with trio.open_nursery() as nursery:
                self.nursery: trio.Nursery = nursery
                try:
                    await self._start_children()
                    if self.mode == "starting":
                        self.mode = "running"
                        self.record.become_ready()
                        if self._stop_after_start is not None:
                            self.stop_itself(self._stop_after_start)
                    await self._control()
                finally:
                    self.request_stop(self.stop_reason)
                    with trio.CancelScope(shield=True):
                        await self._stop_children()
        finally:
            self.mode = "down"
            self._end_life()
        self._raise_outcome()

    def begin_life(self) -> None:
        """Prepare a life, as it is spawned: from here on it can be asked to stop."""
        self.mode: Mode = "starting"
        self.story.forget()
        self.outcome = NORMAL
        self.failure = None
        self._stop_after_start = None
        self.fatal = []
        self.stop_reason = "stop"
        self.hurried = False

    async def _start_children(self) -> None:
        """Start the children of the list, in order."""
        raise NotImplementedError

    async def _control(self) -> None:
        """Serve until the mode is `stopping`."""
        raise NotImplementedError

    async def _stop_children(self) -> None:
        """Stop all children, in the order of this kind of supervisor."""
        raise NotImplementedError

    def _end_life(self) -> None:
        """Leave the children in the state in which they wait for the next life."""
        raise NotImplementedError

    def _raise_outcome(self) -> None:
        fatal = self.fatal
        self.fatal: list[BaseException] = []
        if len(fatal) == 1:
            raise fatal[0]
        if fatal:
            message = f"supervisor {self.record.path_text!r}: several fatal errors"
            raise BaseExceptionGroup(message, fatal)
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure

    @enable_ki_protection
    def stop_itself(self, grace: float) -> None:
        """Stop as `stop()` asks: not the parent's wish, so the restart type counts.

        A start in progress is finished first, as in OTP, where the request waits in
        the mailbox meanwhile (SUP-121): who starts it must not take it for one that
        failed to start.
        """
        if self.mode == "starting":
            self._stop_after_start = grace
        elif self.mode == "running":
            self.outcome = Exit("shutdown", "stop()")
            self.request_stop(f"{self.record.path_text}: stop()")
            arm(self.record, grace)

    def new_record(self, spec: ChildSpec[Child], id: Hashable) -> Record:
        """Make the record of a child; it is not started."""
        note_endless_backoff(spec, self.flags, self.record.path_text)
        return Record(spec, id, self, self.node)

    # What the decisions lead to.

    def carry_out(self, record: Record, decision: Decision, current: float) -> None:
        """Carry out a decision, made at `current`, that concerns one child only."""
        match decision:
            case Restart(delay):
                self.emit_restart(record, delay, current, siblings=0)
                if delay == 0:
                    self.respawn(record, current)
                else:
                    ticket = record.ticket
                    alarm_clock().at(current + delay, lambda: self._due(record, ticket))
                    record.touch()
            case Settled():
                self.settle(record)
            case Quarantine():
                self.settle(record)
                budget = record.spec.budget
                assert budget is not None
                self.emit(
                    events.ChildQuarantinedEvent,
                    current,
                    record.path_text,
                    record.life,
                    budget.max_restarts,
                    budget.max_seconds,
                )
            case GiveUp(own):
                self._enter_give_up(record, own=own)
            case AutoShutdown():
                record.rests_with_parent = self._is_original(record)
                self.settle(record)
                self.outcome = Exit("shutdown", "auto_shutdown")
                self.emit(
                    events.SupervisorAutoShutdown,
                    current,
                    self.record.path_text,
                    self.record.life,
                    record.label,
                )
                self.request_stop(f"auto_shutdown after {record.label!r} ended")

    def emit_restart(
        self, record: Record, delay: float, now: float, *, siblings: int
    ) -> None:
        """Announce the decision to restart."""
        self.emit(
            events.RestartDecided,
            now,
            record.path_text,
            record.life,
            delay,
            "one_for_one" if self.dynamic else self.flags.strategy,
            siblings,
        )

    def respawn(self, record: Record, now: float) -> None:
        """Restart a child now; its failure counts and is retried."""
        try:
            self.spawn(record, supervised=False, now=now)
        except Exception as error:  # noqa: BLE001 - told as a failed restart
            # A name stays reserved between lives, but a child may give it up itself;
            # and keys and policies are the user's.
            failed = Exit("crashed", None, error)
        else:
            return
        # A failed restart like any other; behind a checkpoint, for it may well fail
        # again at once (SUP-080).
        record.status, record.supervised_start = "restarting", False
        ticket = record.ticket
        alarm_clock().at(now, lambda: self._respawn_failed(record, ticket, failed))

    def _respawn_failed(self, record: Record, ticket: int, exit: Exit) -> None:
        if record.ticket == ticket and not record.alive and self.mode == "running":
            now = trio.current_time()
            record.last_exit = exit
            try:
                self.story.add(record, exit, now)
                self._start_ended(record, exit, now)
            except BaseException as fault:  # noqa: BLE001 - the supervisor ends
                self._undecided(record, exit, fault)

    def _due(self, record: Record, ticket: int) -> None:
        if record.ticket == ticket and self.mode == "running":
            try:
                self.respawn(record, trio.current_time())
            except BaseException as fault:  # noqa: BLE001 - the supervisor ends
                self._undecided(record, NORMAL, fault)

    def _enter_give_up(self, record: Record, *, own: bool) -> None:
        budget = record.spec.budget
        limits = (self.flags.max_restarts, self.flags.max_seconds)
        if own and budget is not None:
            limits = (budget.max_restarts, budget.max_seconds)
        error = RestartLimitExceeded(
            self.record.path_text,
            *limits,
            self.story.tell(),
            child=record.label if own else None,
        )
        last = None if record.last_exit is None else record.last_exit.error
        error.__cause__ = last
        self.failure = error
        self.outcome = Exit("shutdown", "gave up", error)
        record.rests_with_parent = self._is_original(record)
        self.settle(record)
        self.emit(
            events.SupervisorGaveUp,
            trio.current_time(),
            self.record.path_text,
            self.record.life,
            *limits,
            record.label,
        )
        self.request_stop(f"gave up after {record.label!r} ended")


def runs_with(handle: type[Child], shell: type[Shell]) -> Runs:
    """Return how a supervisor with a certain handle and shell comes to life."""

    def body(record: Record) -> Shell:
        flags = record.spec.flags
        assert flags is not None
        return shell(record, flags)

    return Runs(
        handle=handle._create,  # pyright: ignore[reportPrivateUsage]
        body=body,
    )

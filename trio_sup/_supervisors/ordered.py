"""An ordered list of children: one job at a time, in start order.

The control task serves a queue of jobs: requests of the administration API, exits
that must wait their turn, retries. Under one_for_one an exit that nothing else
concerns is dealt with by the dying life itself, without a trip through the queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

import trio
from attrs import define

from trio_sup._children.record import Record
from trio_sup._children.refusals import StartFailed
from trio_sup._core.anatomy import is_a
from trio_sup._core.errors import SupervisorStopping
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.specs import Flags
from trio_sup._core.strategy import Decision, Restart
from trio_sup._core.tables import place
from trio_sup._supervisors.requests import Request
from trio_sup._supervisors.shell import Shell
from trio_sup._trio.alarms import Alarm, alarm_clock


@define
class Pending:
    """A group restart that waits for its backoff; at most one a supervisor."""

    pivot: Record
    at: float
    alarm: Alarm


class OrderedShell(Shell):
    """What a static supervisor does by itself, without being asked."""

    dynamic = False

    def __init__(self, record: Record, flags: Flags) -> None:
        super().__init__(record, flags)
        self._queue: deque[Callable[[], Awaitable[None]] | Request] = deque()
        # The records of the initial list by their place in it, kept over lives so that
        # handles are. By place, for an id may change its hash.
        self._originals: dict[int, Record] = {}
        # The same, for whoever asks about a child.
        self._listed: set[Record] = set()
        self._due_group: Pending | None = None
        # On whom the next attempt of a group restart turns that waits in line.
        self._stalled: Record | None = None
        # What the job in hand waits for, and whether the stop of this supervisor came
        # before it: answers go by what came first, not by whose turn it is next.
        self._awaited: Callable[[], bool] | None = None
        self._overtaken = False

    # The life of the supervisor.

    def begin_life(self) -> None:
        """Prepare a life."""
        super().begin_life()
        self.core = self._new_core()
        self._due_group = self._stalled = None
        self._awaited, self._overtaken = None, False
        for number, spec in enumerate(self.flags.children):
            record = self._originals.get(number)
            if record is None or record.status == "gone":
                id = spec.default_id if spec.id is None else spec.id
                record = self._list(number, self.new_record(spec, id))
            record.status = "starting"
            place(self.core.records, record.id, record)

    def _list(self, number: int, record: Record) -> Record:
        """Note a record of the initial list."""
        former = self._originals.get(number)
        if former is not None:
            self._listed.discard(former)
        self._originals[number] = record
        self._listed.add(record)
        return record

    async def _start_children(self) -> None:
        for record in self.all_records():
            if self.mode != "starting":
                return
            ended = await self._start(record)
            if self.mode != "starting":
                return
            if ended is None:
                continue
            if is_a(ended.error, Ignore):
                self.core.on_ignored_restart(record)
                self.settle(record)
                continue
            record.status = "stopped"
            failure = StartFailed(record.spec, ended)
            failure.__cause__ = ended.error
            self.failure = failure
            self.outcome = Exit("shutdown", "a child failed to start", failure)
            self.request_stop(f"child {record.label!r} failed to start")
            return

    async def _control(self) -> None:
        while self.mode == "running":
            if not self._queue:
                await self.bell.wait()
                continue
            job = self._queue.popleft()
            if isinstance(job, Request):
                await job.serve()
            else:
                await job()
                if self._queue:
                    # The restart takes its first step before the next decision.
                    # Twice: this task and a new one run in one batch, in any order.
                    await trio.lowlevel.checkpoint()
                    await trio.lowlevel.checkpoint()
            del job  # it may be the last that refers to a child (SUP-015)

    async def _stop_children(self) -> None:
        self.watching = True
        for record in reversed(self.all_records()):
            self.stop_record(record, self.stop_reason)
            while record.alive:
                await self.bell.wait()
        self.watching = False

    def _end_life(self) -> None:
        if self._due_group is not None:
            self._due_group.alarm.cancel()
            self._due_group = None
        self._queue.clear()
        for record in self.all_records():
            record.ticket += 1
            record.attempt = record.pending = 0
            if self._is_original(record):
                record.status = "stopped"
                record.rests_with_parent = True
            else:
                self.drop(record)
            self.settle(record)

    def _refuse_requests(self, error: SupervisorStopping) -> None:
        if self._awaited is not None:
            self._overtaken = bool(self.fatal) or not self._awaited()
        queue, self._queue = self._queue, deque()
        for job in queue:
            if isinstance(job, Request):
                job.refuse(SupervisorStopping(self.record.path_text))

    async def _until(self, done: Callable[[], bool]) -> None:
        """Wait for something about a child, or for the mode to become `stopping`."""
        self._awaited, self.watching = done, True
        while not done() and self.mode != "stopping":
            await self.bell.wait()
        self._awaited, self.watching = None, False

    async def _start(self, record: Record) -> Exit | None:
        """Start a child and wait until it is ready; return how it ended if not."""
        try:
            self.spawn(record, supervised=True)
        except Exception as error:  # noqa: BLE001 - told as a failed start
            # Its name is taken, or what a key or a policy of the user's raises.
            failure = error
        else:
            life = record.life
            # It may have died and been restarted before this task had its turn.
            await self._until(lambda: record.started_life >= life or not record.alive)
            if record.started_life >= life or record.alive:
                return None
            return record.last_exit
        return Exit("crashed", None, failure)

    async def _stop(self, record: Record, reason: str) -> None:
        self.stop_record(record, reason)
        await self._until(lambda: not record.alive)

    # What the lives report.

    def _ended_alone(self, record: Record, exit: Exit, now: float) -> None:
        if self.mode != "running" or self.core.grouped or record.pending or self._queue:
            self.core.expect(record, exit)
            self._enqueue(partial(self._late_exit, record, record.ticket, exit))
            return
        self.carry_out(record, self.core.on_exit(record, exit, now), now)

    def _stopped_on_request(self, record: Record) -> None:
        if self.mode == "stopping":
            # Those who wait for it must not take it for a child that stays down.
            record.rests_with_parent = self._is_original(record)

    def _is_original(self, record: Record) -> bool:
        """Whether it comes back when this supervisor is restarted."""
        return record in self._listed and record.spec.restart != "temporary"

    def _start_ended(self, record: Record, exit: Exit, now: float) -> None:
        if record.supervised_start:
            record.status = "stopped"
            return
        if is_a(exit.error, Ignore):
            self.carry_out(record, self.core.on_ignored_restart(record), now)
            return
        record.status = "restarting"
        if record.pending or self._queue or self.core.grouped:
            # Behind what waits already: a restart loop must not starve requests.
            self._enqueue(partial(self._late_retry, record))
            return
        self.carry_out(record, self.core.on_failed_restart(record, now), now)

    def _enqueue(self, job: Callable[[], Awaitable[None]]) -> None:
        self._queue.append(job)
        self.bell.wake()

    async def _late_exit(self, record: Record, ticket: int, exit: Exit) -> None:
        if record.ticket == ticket and not record.alive:
            now = trio.current_time()
            decision = self.core.on_exit(record, exit, now)
            await self._carry_out_late(record, decision, now)

    async def _late_retry(self, record: Record) -> None:
        # By status, not by ticket, as OTP does: a retry that was overtaken by another
        # attempt, which failed as well, keeps its place in line.
        waits = (
            record.status == "restarting" and not record.alive and not record.undecided
        )
        if waits:
            now = trio.current_time()
            await self._carry_out_late(
                record, self.core.on_failed_restart(record, now), now
            )

    async def _carry_out_late(
        self, record: Record, decision: Decision, now: float
    ) -> None:
        if isinstance(decision, Restart) and self.core.grouped:
            await self._restart_group(record, decision.delay)
        else:
            self.carry_out(record, decision, now)

    # Group restarts.

    async def _restart_group(self, ended: Record, delay: float) -> None:
        pivot, at = ended, trio.current_time() + delay
        self._stalled = None
        if self._due_group is not None:
            # Later pivots widen the range and keep the later time.
            pending, self._due_group = self._due_group, None
            pending.alarm.cancel()
            pending.pivot.status = "stopped"
            at = max(at, pending.at)
            if self._comes_before(pending.pivot, pivot):
                pivot = pending.pivot
        group = self.core.group_of(pivot)
        # Told of the child that ended, whose delay it is, whatever the pivot is now.
        self.emit_restart(ended, delay, trio.current_time(), siblings=len(group) - 1)
        await self._stop_group(group, pivot)
        if self.mode != "running":
            return
        if at > trio.current_time():
            self._wait_for_group(pivot, at)
        else:
            await self._start_group(pivot)

    @property
    def restarts_a_group(self) -> bool:
        """Whether a group restart waits, or waits for its next attempt."""
        return self._due_group is not None or self._stalled is not None

    def _comes_before(self, one: Record, other: Record) -> bool:
        order = list(self.core.records.values())
        return one in order and order.index(one) < order.index(other)

    async def _stop_group(
        self, group: list[Record], pivot: Record, reason: str = ""
    ) -> None:
        reason = reason or f"{self.flags.strategy} after {pivot.label!r} ended"
        for record in group:
            record.ticket += 1
            record.in_plan = True
        for record in self.core.stop_order(group):
            await self._stop(record, reason)
            if self.mode != "running":
                return
        for record in group:
            # The plan has decided about those that had died before it, too: retries of
            # theirs that are in line are void.
            record.undecided = False
            record.status = "stopped"
            # Never restarted, not even if it died before it could be stopped.
            if record.spec.restart == "temporary":
                self.core.drop(record)
                self.settle(record)

    def _wait_for_group(self, pivot: Record, at: float) -> None:
        pivot.status = "backing_off"
        pivot.touch()
        alarm = alarm_clock().at(
            at, lambda: self._enqueue(partial(self._group_due, pivot, pivot.ticket))
        )
        self._due_group = Pending(pivot, at, alarm)

    async def _group_due(self, pivot: Record, ticket: int) -> None:
        if pivot.ticket == ticket and self._due_group is not None:
            self._due_group = None
            await self._stop_group(self.core.group_of(pivot), pivot)
            if self.mode == "running":
                await self._start_group(pivot)

    async def _start_group(self, pivot: Record) -> None:
        group = self.core.group_of(pivot)
        for record in group:
            record.status = "restarting"
        for position, record in enumerate(group):
            ended = await self._start(record)
            if self.mode != "running":
                return
            if ended is None:
                continue
            if is_a(ended.error, Ignore):
                self.core.on_ignored_restart(record)
                self.settle(record)
                continue
            # The next attempt turns on the child that failed (SUP-084, 085); those
            # after it stay down until then, with their names kept (SUP-086).
            for later in group[position + 1 :]:
                later.status, later.in_plan = "stopped", False
            record.status = "restarting"
            record.in_plan = True
            record.touch()
            self._stalled = record
            self._enqueue(partial(self._late_retry, record))
            return

"""Children that come and go, each on its own.

Nothing here waits in line: a slow start or stop of one child blocks no other (better
than DYN-018 and DYN-031). Whoever asks is answered at once, or waits for an outcome; a
cancelled caller leaves nothing half done.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any, Final, Literal

from trio_sup._core.addresses import key_of
from trio_sup._core.anatomy import is_a
from trio_sup._core.exits import NOPROC, Exit, Ignore
from trio_sup._core.plan.doing import (
    Breathe,
    Changed,
    Do,
    Dos,
    K,
    Refused,
    Respecified,
    Settle,
    Start,
    Steps,
    StopAll,
)
from trio_sup._core.plan.supervision import LETS_START, Plan
from trio_sup._core.plan.telling import cause_of, requested
from trio_sup._core.specs import ChildSpec, Flags, check_child
from trio_sup._core.state import ChildState
from trio_sup._core.strategy import SupervisorCore

CHUNK: Final = 256
"""How many children are asked to stop between two turns of the other tasks."""

BREATHE: Final = Breathe(1)


class DynamicPlan(Plan[K]):
    """What a dynamic supervisor decides."""

    __slots__ = ("_collapsed", "_serial", "_to_come", "_waits_for_all")

    # Whether the control task waits for the last life to end.
    _waits_for_all: bool
    # Whether the graces in progress have been ended, as somebody is in a hurry.
    _collapsed: bool

    def __init__(
        self,
        own: ChildState,
        flags: Flags,
        make: Callable[[ChildSpec[Any], Hashable], K],
        draw: Callable[[], float],
    ) -> None:
        super().__init__(own, flags, make, draw)
        # The last number that stood in for an id, over all lives.
        self._serial: int = 0
        # The specifications of next lives, of children whose present one is ending.
        self._to_come: dict[K, ChildSpec[Any]] = {}

    def _new_core(self, draw: Callable[[], float]) -> SupervisorCore[K]:
        return SupervisorCore(self.flags, dynamic=True, draw=draw)

    # The life of the supervisor.

    def begin(self) -> None:
        """A life of the supervisor begins: it starts empty (DYN-001)."""
        super().begin()
        self._waits_for_all = self._collapsed = False
        self._to_come.clear()

    def _start_children(self) -> Steps[K, None]:
        yield from ()

    def _stop_children(self) -> Steps[K, None]:
        yield from self._ask_all()
        self._waits_for_all = True
        while self.living:
            if self.hurried and not self._collapsed:
                self._collapsed = True
                yield from self._ask_all()  # again, with no grace
            else:
                yield from self.line.park()
        self._waits_for_all = False

    def _ask_all(self) -> Steps[K, None]:
        """Ask all that live: some at a time, for they may be many."""
        records = list(self.core.records.values())
        cause = cause_of(self.stop_reason, self.own.path_text)
        for first in range(0, len(records), CHUNK):
            chunk = records[first : first + CHUNK]
            yield (StopAll(chunk, cause, self.hurried),)
            if len(chunk) == CHUNK:
                yield (BREATHE,)

    def wakes(self, record: K) -> bool:
        """Whether the control task waits for what just happened to that child."""
        del record
        return self._waits_for_all and not self.living

    @property
    def hastens_later(self) -> bool:
        """Whether they are too many for all graces to be ended at once."""
        return len(self.core.records) > CHUNK

    def _end(self) -> Iterator[Do[K]]:
        for record in list(self.core.records.values()):
            yield from self.drop(record)

    # The ends of children.

    def rests(self, record: K) -> Literal["stopped", "gone"] | None:
        """As of any supervisor: here nothing is kept of who was stopped."""
        records, id = self.core.records, record.id
        if (
            record.in_plan
            or record.held
            or type(id) is not int  # another's hash is code of the user's
            or records.get(id) is not record
        ):
            return None
        self.living -= 1
        record.ready = record.undecided = False
        record.ticket += 1
        if self.mode not in LETS_START:
            record.overtaken = record.life
        record.enter("forgotten")
        del records[id]
        return "gone"

    def absorbed(self, record: K) -> Dos[K]:
        """An absorbed end has been told of: it is replaced, or forgotten."""
        if self.mode == "running":
            if record.in_plan:
                record.enter("returns")
                return (*self._respecify(record), Start(record))
            if record.held:
                return self.follow(record, self.core.quarantine(record), self.now)
        return self.drop(record)

    def _ended_alone(self, record: K, exit: Exit, now: float) -> Dos[K]:
        return self.follow(record, self.core.on_exit(record, exit, now), now)

    def _start_ended(self, record: K, exit: Exit, now: float) -> Dos[K]:
        if record.supervised_start:
            return self.drop(record)
        if is_a(exit.error, Ignore):
            return self.follow(record, self.core.on_ignored_restart(record), now)
        return self.follow(record, self.core.on_failed_restart(record, now), now)

    # What may be asked of it. Each is to be carried out as it comes.

    def add(self, spec: ChildSpec[Any]) -> K:
        """Accept a child: all or nothing. It is to be started by who asks.

        Raises:
            Refused: there can be no such child now.
            ChildSpecError: the specification does not fit.
        """
        check_child(spec, self.flags, dynamic=True)
        if self.mode != "running":
            raise Refused("stopping")
        records = self.core.records
        if spec.id is not None and spec.id in records:
            raise Refused("already_started", records[spec.id])
        if len(records) >= self.flags.max_children:
            raise Refused("max_children", limit=self.flags.max_children)
        record = self.make(spec, self._id_for(spec))
        records[record.id] = record
        return record

    def _check_running(self) -> None:
        if self.mode != "running":
            raise Refused("stopping")

    def _id_for(self, spec: ChildSpec[Any]) -> Hashable:
        """An explicit id, the name's key, or a serial number (DYN-006)."""
        if spec.id is not None:
            return spec.id
        records = self.core.records
        if spec.name is not None:
            key = key_of(spec.name)
            if key is not None and key not in records:
                return key
        while True:
            self._serial += 1
            if self._serial not in records:
                return self._serial

    def check(self, record: K | None, target: object) -> K:
        """Return the record that was found for a target.

        Raises:
            Refused: it is nobody's, or no child of this supervisor any more.
        """
        if record is None or record.above is not self.own or record.status == "gone":
            raise Refused("no_such_child", id=target)
        return record

    def terminate(self, record: K, now: float) -> Iterator[Do[K]]:
        """Stop a child for good."""
        yield requested(record, "terminate_child", now)
        record.in_plan = record.held = False  # whoever replaces it has lost
        self._to_come.pop(record, None)
        if record.alive:
            yield self.stopping_of(record, "terminate_child")
        else:
            self.core.drop(record)
            yield Settle(record)

    def restart(self, record: K, now: float) -> Iterator[Do[K]]:
        """Restart a quarantined child, or end its backoff.

        Raises:
            Refused: it is not down, or the supervisor is going down.
        """
        self._check_running()
        if record.alive or record.status == "restarting":
            raise Refused("not_stopped", record)
        yield requested(record, "restart_child", now)
        self._check_running()  # a hook may have stopped it
        record.held = False
        if record.budget_window is not None:
            record.budget_window.clear()
        # As after any end: it comes back or, if it fails to, its limits decide.
        record.enter("returns")
        yield from self._respecify(record)
        yield Start(record)

    def replace(self, record: K, life: int, now: float) -> Iterator[Do[K]]:
        """Stop a life, to start the next; nobody's limit counts it.

        Raises:
            Refused: that life is over, or is ending; it is temporary; the supervisor
                is going down.
        """
        self._check_running()
        temporary = record.spec.restart == "temporary"
        if temporary or record.life != life or not record.alive or record.terminated:
            raise Refused("changed", record)
        yield requested(record, "replace_child", now)
        record.in_plan = True
        yield self.stopping_of(record, "replace_child")

    def respecify(self, record: K, spec: ChildSpec[Any], now: float) -> Iterator[Do[K]]:
        """Let the lives of a child go by another specification, from the next one on.

        A life in progress is ended for it, one of a temporary child, too. Who is down
        stays so, or comes back when it would have.

        Raises:
            Refused: the supervisor is going down, or the life is ending already.
            ChildSpecError: the specification does not fit.
        """
        self._check_running()
        check_child(spec, self.flags, dynamic=True)
        if record.alive and record.terminated:
            raise Refused("changed", record)
        yield requested(record, "replace_child", now)
        self._to_come[record] = spec
        if record.alive:
            record.in_plan = True
            yield self.stopping_of(record, "reload")
        else:
            yield from self._respecify(record)

    def _respecify(self, record: K) -> Dos[K]:
        spec = self._to_come.pop(record, None)
        if spec is None:
            return ()
        record.spec = spec
        return (Respecified(record),)

    def quarantine(self, record: K, now: float) -> Iterator[Do[K]]:
        """Stop a child and keep it down, until it is restarted by hand.

        Raises:
            Refused: the supervisor is going down.
        """
        self._check_running()
        yield requested(record, "quarantine_child", now)
        record.in_plan = False
        if record.alive:
            record.held = True
            yield self.stopping_of(record, "quarantine_child")
        else:
            yield from self.follow(record, self.core.quarantine(record), now)

    def hold(self, record: K, now: float) -> Iterator[Do[K]]:
        """Let no restart follow the present life; who is down stays so.

        Raises:
            Refused: the supervisor is going down.
        """
        if not record.alive:
            yield from self.quarantine(record, now)
            return
        self._check_running()
        record.held = True
        yield requested(record, "hold_child", now)
        yield Changed(record)

    def release(self, record: K, now: float) -> Iterator[Do[K]]:
        """Let restarts follow the lives of a child again.

        Raises:
            Refused: they do, or it is down.
        """
        if not record.held or not record.alive:
            raise Refused("changed", record)
        record.held = False
        yield requested(record, "release_child", now)
        yield Changed(record)


def is_starting(record: ChildState, life: int) -> bool:
    """Whether a life, or one before it, is on its way to be ready."""
    return record.alive and record.started_life < life


def came_of_start(record: ChildState, life: int = 1) -> None:
    """Refuse the start of a life that came to nothing."""
    if record.started_life < life:
        if record.overtaken == record.life:
            raise Refused("stopping")
        raise Refused("not_started", record, exit=record.last_exit or NOPROC)

"""What happens after an exit: the rules of supervision as plain decisions.

Rules of this file: whether a child comes back, and when, is decided here; nothing here
knows how a child is started or stopped. The plan tells what happened (`on_exit`,
`on_failed_restart`, `on_ignored_restart`) and follows what comes back:

    Settled      nothing further: the child stays down, or was dropped
    Restart      the child starts again after `delay`, with its group if there is one
    Quarantine   the child stays down by its own budget, or because people said so
    Abandon      the child is forgotten by its own budget
    GiveUp       stop everything, then end with RestartLimitExceeded
    AutoShutdown stop everything, then end in order

The order of `records` is the start order (SUP-024). Who belongs to a group, and who of
it is to be stopped, is asked when that is carried out (`plan.groups`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeAlias, TypeVar

from attrs import frozen

from trio_sup._core.exits import Exit
from trio_sup._core.policies import Budget
from trio_sup._core.specs import Flags
from trio_sup._core.state import ChildState, RestartWindow
from trio_sup._core.tables import displace

K = TypeVar("K", bound=ChildState)


@frozen
class Settled:
    """The child stays down; `dropped` tells whether its specification went too."""

    dropped: bool


@frozen
class Quarantine:
    """The child stays down, as its own budget is used up or people said so."""

    release_after: float | None = None
    """Seconds after which it is started again; None: not by itself."""
    by_hand: bool = False
    """Whether people asked for it."""


@frozen
class Abandon:
    """The child's own budget is used up: it was dropped, and is given up."""

    shuts_down: bool
    """Whether its supervisor ends in order, as it was significant."""


@frozen
class GiveUp:
    """The limit is exceeded: the supervisor's, or the child's where `own` is set."""

    own: bool = False


@frozen
class AutoShutdown:
    """A significant child ended: the supervisor ends in order (SUP-132, 134)."""

    dropped: bool


@frozen
class Restart:
    """The child, and with a group strategy others, start again after `delay`."""

    delay: float
    """Seconds from the exit; 0 means at once."""


Decision: TypeAlias = Settled | Quarantine | Abandon | GiveUp | AutoShutdown | Restart


AT_ONCE = Restart(0.0)


def _no_draw() -> float:
    return 0.0


class SupervisorCore(Generic[K]):
    """The decisions of one supervisor.

    Args:
        flags: Strategy, intensity and auto-shutdown.
        dynamic: No group strategies, no kept specifications (DYN-013).
        draw: Where the backoff's jitter comes from: numbers from 0 to 1.
    """

    __slots__ = ("_going", "draw", "dynamic", "flags", "grouped", "records", "window")

    def __init__(
        self, flags: Flags, *, dynamic: bool, draw: Callable[[], float] = _no_draw
    ) -> None:
        self.flags: Flags = flags
        self.dynamic: bool = dynamic
        # Whether a restart concerns siblings too.
        self.grouped: bool = not dynamic and flags.strategy != "one_for_one"
        self.draw: Callable[[], float] = draw
        # Invariant: in start order; a restarted child keeps its place (SUP-050).
        self.records: dict[Hashable, K] = {}
        self.window: RestartWindow = RestartWindow(
            flags.max_restarts, flags.max_seconds
        )
        # Significant children that were found to be going on, the next to ask last.
        self._going: dict[K, None] = {}

    def take(self, flags: Flags) -> None:
        """Decide by other flags from now on; restarts that count go on counting."""
        self.flags = flags
        self.grouped = not self.dynamic and flags.strategy != "one_for_one"
        self.window.resize(flags.max_restarts, flags.max_seconds)
        self._going.clear()  # who is significant may be another

    def on_exit(self, record: K, exit: Exit, now: float) -> Decision:
        """Decide about a life that ended by itself after it was ready.

        The caller has recorded the exit; an end that was asked for does not come
        here.
        """
        record.undecided = False
        if not self._comes_back(record, exit):
            ended_alone = record.spec.significant
            dropped = self.retire(record)
            if ended_alone and self._ends_with_significant():
                return AutoShutdown(dropped)
            return Settled(dropped)
        backoff = record.spec.backoff
        if backoff is not None and now - record.life_began >= backoff.reset_after:
            record.attempt = 0
        return self._restart(record, now)

    def expect(self, record: K, exit: Exit) -> None:
        """Note what an exit will lead to whose decision has to wait its turn.

        Those who wait for the child must not take it for one that stays down.
        """
        record.enter("returns" if self._comes_back(record, exit) else "rests")
        record.undecided = True

    def on_failed_restart(self, record: K, now: float) -> Decision:
        """Decide about a restart that did not become ready: it counts (SUP-074)."""
        return self._restart(record, now)

    def on_ignored_restart(self, record: K) -> Settled:
        """A restart answered with `Ignore`: no retry (SUP-088, DYN-014)."""
        record.enter("rests")
        record.ticket += 1
        if self.dynamic or record.spec.restart == "temporary":
            self.drop(record)
            return Settled(dropped=True)
        return Settled(dropped=False)

    def group_of(self, pivot: K) -> list[K]:
        """The children that a restart of `pivot` concerns, in start order."""
        if not self.grouped:
            return [pivot]
        found: Iterable[K] = self.records.values()
        if self.flags.strategy == "rest_for_one":
            found = self._from(pivot)  # those before it are not looked at
        return [
            record
            for record in found
            if record.status != "quarantined" or record is pivot
        ]

    def _from(self, pivot: K) -> list[K]:
        """The children from a certain one on, in start order."""
        records: list[K] = []
        for record in reversed(self.records.values()):
            records.append(record)
            if record is pivot:
                break
        records.reverse()
        return records

    def stop_order(self, records: Iterable[K]) -> list[K]:
        """Those of `records` that are alive, last started first (SUP-051)."""
        wanted = set(map(id, records))
        order: list[K] = []
        for record in reversed(self.records.values()):
            if not wanted:
                break
            if id(record) in wanted:
                wanted.remove(id(record))
                if record.alive:
                    order.append(record)
        return order

    def retire(self, record: K) -> bool:
        """Put a child that is down to rest; return whether it was dropped."""
        _stays_down(record)
        record.attempt = 0
        if self.dynamic or record.spec.restart == "temporary":
            self.drop(record)
            return True
        record.enter("rests")
        return False

    def drop(self, record: K) -> None:
        """Forget a child; its id is free at once (SUP-016)."""
        _stays_down(record)
        if self._going:
            self._going.pop(record, None)
        if record.status != "gone":
            record.enter("forgotten")
            displace(self.records, record.id, record)

    def _comes_back(self, record: K, exit: Exit) -> bool:
        restart = record.spec.restart
        if restart == "permanent":
            return True
        return restart == "transient" and not exit.in_order

    def quarantine(self, record: K) -> Quarantine:
        """Let a child that is down stay so, also in group restarts, until released."""
        _stays_down(record)
        record.held = True
        record.attempt = 0
        record.enter("quarantined")
        return Quarantine(by_hand=True)

    def _restart(self, record: K, now: float) -> Decision:
        record.ticket += 1
        if record.held:
            return self.quarantine(record)
        budget = record.spec.budget
        if budget is not None:
            if record.budget_window is None:
                record.budget_window = RestartWindow(
                    budget.max_restarts, budget.max_seconds
                )
            if not record.budget_window.admit(now):
                return self._over_budget(record, budget)
        if not self.window.admit(now):
            self.retire(record)
            return GiveUp()
        delay = 0.0
        if record.spec.backoff is not None:
            record.attempt += 1
            delay = record.spec.backoff.delay(record.attempt, self.draw())
        if delay == 0:
            record.enter("returns")
            return AT_ONCE
        record.enter("backs_off")
        return Restart(delay)

    def _over_budget(self, record: K, budget: Budget) -> Decision:
        match budget.then:
            case "quarantine":
                record.attempt = 0
                record.enter("quarantined")
                return Quarantine(budget.release_after)
            case "stop":
                ended_alone = record.spec.significant
                self.drop(record)
                return Abandon(ended_alone and self._ends_with_significant())
            case "escalate":
                self.retire(record)
                return GiveUp(own=True)

    def release(self, record: K) -> None:
        """End a quarantine: the child begins anew."""
        if record.budget_window is not None:
            record.budget_window.clear()
        record.enter("returns")

    def _ends_with_significant(self) -> bool:
        mode = self.flags.auto_shutdown
        if mode == "any_significant":
            return True
        return mode == "all_significant" and not self._some_go_on()

    def _some_go_on(self) -> bool:
        """Whether a significant child may still end by itself.

        One that is found is asked first the next time, so that the ends of many do
        not cost the square of their number. Only a look at all of them says no.
        """
        going = self._going
        while going:
            record, _ = going.popitem()
            if _goes_on(record):
                going[record] = None
                return True
        going.update(dict.fromkeys(filter(_goes_on, self.records.values())))
        return bool(going)


def _stays_down(record: ChildState) -> None:
    """What was planned for a child that is down is void."""
    record.ticket += 1
    record.undecided = record.comes_back = False


def _goes_on(record: ChildState) -> bool:
    return record.spec.significant and (
        # One that is being terminated is none that will end by itself.
        (record.alive and not record.terminated)
        or record.undecided
        or record.awaiting_restart
        or record.awaits_release
        or record.in_plan
    )

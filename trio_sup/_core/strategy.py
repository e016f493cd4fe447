"""What happens after an exit: the rules of supervision as plain decisions.

Rules of this file: everything that decides about restarts stands here; nothing here
knows how a child is started or stopped. A driver tells what happened (`exit`,
`retry`) and performs what comes back:

    Settled      nothing further: the child stays down, or was dropped
    Restart      stop `stop` in this order, wait until `at`, start `start` in order
    Quarantine   the child stays down by its own budget
    GiveUp       stop everything, then end with RestartLimitExceeded
    AutoShutdown stop everything, then end in order

The order of `kids` is the start order (SUP-024); group plans are computed when they
are carried out, from what is alive then.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeAlias, TypeVar

from attrs import frozen

from trio_sup._core.exits import Exit
from trio_sup._core.specs import Flags
from trio_sup._core.state import ChildState
from trio_sup._core.tables import displace
from trio_sup._core.window import RestartWindow

K = TypeVar("K", bound=ChildState)


@frozen
class Settled:
    """The child stays down; `dropped` tells whether its specification went too."""

    dropped: bool


@frozen
class Quarantine:
    """The child's own budget is used up: it stays down until restarted by hand."""


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
    """The child, and with a group strategy others, start again at `at`."""

    delay: float
    """Seconds from the exit; 0 means at once."""


Decision: TypeAlias = Settled | Quarantine | GiveUp | AutoShutdown | Restart


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

    __slots__ = ("_going", "draw", "dynamic", "flags", "kids", "window")

    def __init__(
        self, flags: Flags, *, dynamic: bool, draw: Callable[[], float] = _no_draw
    ) -> None:
        self.flags: Flags = flags
        self.dynamic: bool = dynamic
        self.draw: Callable[[], float] = draw
        # Invariant: in start order; a restarted child keeps its place (SUP-050).
        self.kids: dict[Hashable, K] = {}
        self.window: RestartWindow = RestartWindow(
            flags.max_restarts, flags.max_seconds
        )
        # Significant children that were found to be going on, the next to ask last.
        self._going: dict[K, None] = {}

    @property
    def grouped(self) -> bool:
        """Whether a restart concerns siblings too."""
        return not self.dynamic and self.flags.strategy != "one_for_one"

    def on_exit(self, kid: K, exit: Exit, now: float) -> Decision:
        """Decide about a life that ended by itself after it was ready.

        The caller has recorded the exit; an end that was asked for does not come
        here.
        """
        kid.undecided = False
        if not self._comes_back(kid, exit):
            ended_alone = kid.spec.significant
            dropped = self.retire(kid)
            if ended_alone and self._ends_with_significant():
                return AutoShutdown(dropped)
            return Settled(dropped)
        backoff = kid.spec.backoff
        if backoff is not None and now - kid.life_began >= backoff.reset_after:
            kid.attempt = 0
        return self._restart(kid, now)

    def expect(self, kid: K, exit: Exit) -> None:
        """Note what an exit will lead to whose decision has to wait its turn.

        Those who wait for the child must not take it for one that stays down.
        """
        kid.status = "restarting" if self._comes_back(kid, exit) else "stopped"
        kid.undecided = True

    def on_failed_restart(self, kid: K, now: float) -> Decision:
        """Decide about a restart that did not become ready: it counts (SUP-074)."""
        return self._restart(kid, now)

    def on_ignored_restart(self, kid: K) -> Settled:
        """A restart answered with `Ignore`: no retry (SUP-088, DYN-014)."""
        kid.status = "stopped"
        kid.ticket += 1
        if self.dynamic or kid.spec.restart == "temporary":
            self.drop(kid)
            return Settled(dropped=True)
        return Settled(dropped=False)

    def group_of(self, pivot: K) -> list[K]:
        """The children that a restart of `pivot` concerns, in start order."""
        if not self.grouped:
            return [pivot]
        kids: list[K] = []
        for kid in reversed(self.kids.values()):  # not those before the pivot at all
            if kid.status != "quarantined" or kid is pivot:
                kids.append(kid)
            if kid is pivot and self.flags.strategy == "rest_for_one":
                break
        kids.reverse()
        return kids

    def stop_order(self, kids: Iterable[K]) -> list[K]:
        """Those of `kids` that are alive, last started first (SUP-051)."""
        wanted = set(map(id, kids))
        order: list[K] = []
        for kid in reversed(self.kids.values()):
            if not wanted:
                break
            if id(kid) in wanted:
                wanted.remove(id(kid))
                if kid.alive:
                    order.append(kid)
        return order

    def retire(self, kid: K) -> bool:
        """Put a child that is down to rest; return whether it was dropped."""
        kid.ticket += 1
        kid.undecided = False
        kid.attempt = 0
        if self.dynamic or kid.spec.restart == "temporary":
            self.drop(kid)
            return True
        kid.status = "stopped"
        return False

    def drop(self, kid: K) -> None:
        """Forget a child; its id is free at once (SUP-016)."""
        kid.ticket += 1
        kid.undecided = False
        if self._going:
            self._going.pop(kid, None)
        if kid.status != "gone":
            kid.status = "gone"
            displace(self.kids, kid.id, kid)

    def _comes_back(self, kid: K, exit: Exit) -> bool:
        restart = kid.spec.restart
        if restart == "permanent":
            return True
        return restart == "transient" and not exit.in_order

    def _restart(self, kid: K, now: float) -> Decision:
        kid.ticket += 1
        budget = kid.spec.budget
        if budget is not None:
            if kid.budget_window is None:
                kid.budget_window = RestartWindow(
                    budget.max_restarts, budget.max_seconds
                )
            if not kid.budget_window.admit(now):
                if budget.then == "quarantine":
                    kid.status = "quarantined"
                    return Quarantine()
                self.retire(kid)
                return GiveUp(own=True)
        if not self.window.admit(now):
            self.retire(kid)
            return GiveUp()
        delay = 0.0
        if kid.spec.backoff is not None:
            kid.attempt += 1
            delay = kid.spec.backoff.delay(kid.attempt, self.draw())
        if delay == 0:
            kid.status = "restarting"
            return AT_ONCE
        kid.status = "backing_off"
        return Restart(delay)

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
            kid, _ = going.popitem()
            if _goes_on(kid):
                going[kid] = None
                return True
        going.update(dict.fromkeys(filter(_goes_on, self.kids.values())))
        return bool(going)


def _goes_on(kid: ChildState) -> bool:
    return kid.spec.significant and (
        # One that is being terminated is none that will end by itself.
        (kid.alive and not kid.terminated)
        or kid.undecided
        or kid.awaiting_restart
        or kid.in_plan
    )

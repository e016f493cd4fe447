"""The record of one child: one object, for its whole story."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING

import trio

from trio_sup._alarms import Alarm, alarm_clock
from trio_sup._core.clean import clean
from trio_sup._core.errors import WrongKind
from trio_sup._core.events import ChildStarted
from trio_sup._core.exits import Exit
from trio_sup._core.safe import safe_text
from trio_sup._core.specs import ChildSpec
from trio_sup._core.words import Status
from trio_sup._observed import ObservedState
from trio_sup._registry import Registry, Via
from trio_sup._wake import Waiters

if TYPE_CHECKING:
    from trio_sup._child import Child
    from trio_sup._driver import Driver
    from trio_sup._mailbox import MailQueue
    from trio_sup._monitor import Watchers
    from trio_sup._node import Node

KEPT_EXITS = 16


class Kid(ObservedState):
    """A child as the drivers see it: its state, and what runs at present.

    Lives never overlap, so what belongs to one life has its place here, too.
    """

    __slots__ = (
        "alarm",
        "asked",
        "brutal",
        "cut_short",
        "deadline",
        "driver",
        "exits",
        "forced",
        "handle",
        "mailbox",
        "node",
        "parent",
        "path_text",
        "ready",
        "registries",
        "rests_with_parent",
        "scope",
        "start_alarm",
        "started_life",
        "stop_event",
        "supervised_start",
        "task",
        "uid",
        "value",
        "version",
        "waiters",
        "watchers",
    )

    status: Status
    last_exit: Exit | None

    def __init__(
        self, spec: ChildSpec[Child], id: Hashable, parent: Driver | None, node: Node
    ) -> None:
        super().__init__(spec, id)
        self.node: Node = node
        self.uid: int = node.next_uid()
        self.parent: Driver | None = parent
        above = "" if parent is None else parent.path_text + "/"
        # The one place where ids become text: no log, error or viewer gets another.
        self.path_text: str = above + clean(safe_text(id))
        # Grows with every lifecycle change; the inspector compares it.
        self.version: int = 0
        self.waiters: Waiters | None = None
        self.watchers: Watchers | None = None
        # Past lives: number, end, when it began, when it ended.
        self.exits: list[tuple[int, Exit, float, float]] | None = None
        self.registries: set[Registry] | None = None
        # Down only because its supervisor is: back when that one comes back.
        self.rests_with_parent: bool = False
        self.driver: Driver | None = None
        self.mailbox: MailQueue | None = None
        self.value: object = None
        # Invariant: not None exactly while a life is in progress.
        self.scope: trio.CancelScope | None = None
        self.task: trio.lowlevel.Task | None = None
        self.ready: bool = False
        # The last life that became ready, even if it ended in the same step.
        self.started_life: int = 0
        # Somebody waits for this start and deals with its failure.
        self.supervised_start: bool = False
        # Why the life was asked to end; None as long as it was not.
        self.asked: str | None = None
        self.forced: bool = False
        # Why the life was cancelled although nobody asked it to end: its start took
        # too long, or chaos wanted it. It cannot become ready any more.
        self.cut_short: Exception | None = None
        # Ended without a request: `terminate` is not run.
        self.brutal: bool = False
        self.deadline: float = math.inf
        self.alarm: Alarm | None = None
        self.start_alarm: Alarm | None = None
        # Set by graceful_stop(): told of the request instead of being cancelled.
        self.stop_event: trio.Event | None = None
        self.handle: Child = _new_handle(self)

    @property
    def alive(self) -> bool:
        """Whether a life is in progress, from its start to its very end."""
        return self.scope is not None

    @property
    def running(self) -> bool:
        """Whether it is ready and does not end, neither asked to nor by itself."""
        return self.ready and self.status == "running" and self.scope is not None

    @property
    def may_return(self) -> bool:
        """Whether it lives, or will live again without anybody's request."""
        if self.alive or self.awaiting_restart or self.in_plan:
            return True
        if self.status == "starting":  # waits for its turn
            return True
        return (
            self.rests_with_parent
            and self.parent is not None
            and self.parent.kid.may_return
        )

    def touch(self) -> None:
        """Something changed: tell those who wait."""
        self.version += 1
        for report in self.node.reporting:
            report(self)
        if self.waiters is not None:
            waiters, self.waiters = self.waiters, None
            waiters.wake()
        if self.watchers is not None:
            self.watchers.changed()

    def touch_all(self) -> None:
        """Tell those below, too: their own future may depend on this child."""
        self.touch()
        if self.driver is not None:
            for kid in self.driver.all_kids():
                kid.touch_all()

    async def wait_change(self) -> None:
        """Wait for the next `touch`. A checkpoint, always."""
        if self.waiters is None:
            self.waiters = Waiters()
        await self.waiters.wait()

    def note_registry(self, registry: Registry) -> None:
        """Remember where the present life has names of its own."""
        if self.registries is None:
            self.registries = set()
        self.registries.add(registry)

    def note_exit(self, exit: Exit, now: float) -> None:
        """Keep the end of a life, and a bounded history of ends."""
        self.last_exit = exit
        if self.exits is None:
            self.exits = []
        self.exits.append((self.life, exit, self.life_began, now))
        del self.exits[:-KEPT_EXITS]
        if self.watchers is not None:
            self.watchers.life_over(exit)

    def become_ready(self) -> None:
        """The life is ready: `init` returned, or `started()` was called."""
        if self.scope is None or self.asked is not None or self.cut_short:
            return  # too late: it is being stopped already
        self.ready = True
        self.started_life = self.life
        self.status = "running"
        if self.start_alarm is not None:
            self.start_alarm.cancel()
            self.start_alarm = None
        self.show_name()
        self.touch()
        if self.parent is not None:
            self.parent.kid_ready(self)
        host = self.driver if self.parent is None else self.parent
        assert host is not None
        host.emit(ChildStarted, trio.current_time(), self.path_text, self.life)

    # Names of the specification.

    def reserve_name(self) -> None:
        """Take the name before a life starts; raises `AlreadyRegistered`."""
        if self.spec.name is not None:
            registry, key, value = self._address()
            registry.reserve(key, self, value)

    def show_name(self) -> None:
        """The life is ready: look-ups find it."""
        if self.spec.name is not None:
            registry, key, _ = self._address()
            registry.show(key, self)

    def hide_names(self) -> None:
        """The life is over: look-ups find nothing; the spec's name stays reserved."""
        if self.registries is not None:
            for registry in self.registries:
                registry.release_life(self)
            self.registries = None
        if self.spec.name is not None:
            registry, key, _ = self._address()
            registry.hide(key, self)

    def release_name(self) -> None:
        """The child is at rest: the name is free for others."""
        if self.spec.name is not None:
            registry, key, _ = self._address()
            registry.release(key, self)

    def _address(self) -> tuple[Registry, Hashable, object]:
        name = self.spec.name
        if isinstance(name, Via):
            return name.registry, name.key, name.value
        return self.node.registry, name, None

    # Stopping.

    def wind_down(self) -> None:
        """The life begins to end by itself: nobody may take it for running."""
        if self.status == "running":
            self.status = "stopping"
            self.touch()

    def ask_stop(self, reason: str, grace: float, *, brutal: bool = False) -> None:
        """Ask the life to end within `grace` seconds. Synchronous, idempotent.

        The deadline belongs to the life: a later request may only shorten it. A
        plain function is cancelled at once, unless it is inside `graceful_stop`.

        Args:
            reason: Who asks and why; becomes the reason of the cancellation.
            grace: Seconds until the life is cancelled.
            brutal: No request, no `terminate`: cancel at once.
        """
        if self.scope is None:
            return
        if self.asked is None:
            self.asked = reason
            self.brutal = brutal
            self.status = "stopping"
            cancelled = not brutal and self._pass_on_request(self.scope)
            self.touch()
            if cancelled and grace <= 0:
                # Nothing is left to force: it ends as it was asked to (SUP-114).
                self.deadline = trio.current_time()
                self._watch()
                return
        self.arm(0.0 if brutal else grace)

    def _pass_on_request(self, scope: trio.CancelScope) -> bool:
        """Return whether the request was the cancellation already."""
        assert self.asked is not None
        if self.driver is not None:
            self.driver.request_stop(self.asked)
        elif self.mailbox is not None and self.ready:
            self.mailbox.request_stop()
        elif self.stop_event is not None:
            self.stop_event.set()
        else:
            scope.cancel(self.asked)
            return True
        return False

    def arm(self, grace: float) -> None:
        """Set the deadline of the life; at its end the life is forced."""
        deadline = trio.current_time() + grace
        if self.scope is None or self.forced or deadline >= self.deadline:
            return
        self.deadline = deadline
        if self.alarm is not None:
            self.alarm.cancel()
        if grace > 0:
            life = self.life
            self.alarm = alarm_clock().at(deadline, lambda: self._expire(life))
        else:
            self.force()

    def _expire(self, life: int) -> None:
        if life == self.life and self.scope is not None:
            self.force()

    def force(self) -> None:
        """The grace is over: cancel, and from then on watch for a stuck life."""
        if self.scope is None or self.forced:
            return
        self.forced = True
        if self.driver is not None:
            self.driver.hurry()
        else:
            self.scope.cancel(self._force_reason())
        self._watch()

    def _watch(self) -> None:
        """Report the life if it outlives its cancellation."""
        if self.parent is not None:
            self.parent.watch_stuck(self)

    def _force_reason(self) -> str:
        if self.asked is None:
            return f"{self.path_text}: its clean-up took longer than its grace"
        return f"{self.asked}; the grace is over"

    def life_done(self) -> None:
        """Put away what belonged to the life that just ended."""
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
        if self.start_alarm is not None:
            self.start_alarm.cancel()
            self.start_alarm = None
        self.scope = self.task = self.stop_event = None
        self.deadline = math.inf
        self.forced = self.brutal = False

    def handle_as(self, kind: type[object] | None) -> Child:
        """Return the handle, if it is what the caller expects.

        Args:
            kind: A server class, a handle class, or None for any.

        Raises:
            WrongKind: it is something else.
        """
        if kind is None or kind is self.spec.target:
            return self.handle
        from trio_sup._child import Child
        from trio_sup._ops import origin_of

        wanted = origin_of(kind)
        if issubclass(wanted, Child):
            fits = isinstance(self.handle, wanted)
        else:
            target = self.spec.target
            fits = self.spec.kind == "server" and issubclass(origin_of(target), wanted)
        if not fits:
            found = f"a {self.spec.kind} ({self.target_name})"
            raise WrongKind(self.path_text, found, wanted.__qualname__)
        return self.handle


def _new_handle(kid: Kid) -> Child:
    from trio_sup._handles import new_handle

    return new_handle(kid)

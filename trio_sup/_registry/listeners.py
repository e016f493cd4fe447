"""Those who want to hear of names that come and go.

Notices are queued in the step that changes the table and delivered by a task of
their own, in order: a listener never runs in the path of a child that registers or
dies (checklist REG-027..029).
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Hashable
from typing import TYPE_CHECKING, Protocol, TypeAlias

import trio
from attrs import frozen

from trio_sup._children.fatal import end_a_tree
from trio_sup._children.names import Names
from trio_sup._core.exits import Exit
from trio_sup._core.name_tables import Entry
from trio_sup._trio.last_resort import report_hook
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._children.record import Child, Record


@frozen
class Registered:
    """A name can be looked up from now on."""

    key: Hashable
    handle: Child
    value: object


@frozen
class Unregistered:
    """A name can no longer be looked up."""

    key: Hashable
    handle: Child
    exit: Exit | None
    """How its holder's life ended; None if it gave up the name and lives on."""


Notice: TypeAlias = Registered | Unregistered


class Listener(Protocol):
    """What `Registry.add_listener` takes: a plain function.

    It is called with each notice, in order, soon after the step in which the table
    changed; by then the table may have changed further. If it raises, that is
    logged and reported once as `HookFailed`; nobody else is disturbed. What is fatal
    (`SystemExit`, `KeyboardInterrupt`) ends the tree that the child belongs to, in
    order, and comes out of its block; without any tree it is logged.
    """

    def __call__(self, notice: Notice, /) -> object:
        """Take one notice."""


class Notifier:
    """Delivers the notices of one registry."""

    __slots__ = ("_delivering", "_queue", "listeners")

    def __init__(self) -> None:
        # With how many failures of that listener there were; only the first is told.
        # In a list, so that it is counted without the listener's own hash.
        self.listeners: dict[Listener, list[int]] = {}
        self._queue: deque[Notice] = deque()
        self._delivering = False

    def add(self, listener: Listener) -> None:
        """Call a listener from now on; raises `TypeError` if it is async."""
        if inspect.iscoroutinefunction(listener):
            raise TypeError(f"a listener is a plain function, not async: {listener!r}")
        self.listeners.setdefault(listener, [0])

    def discard(self, listener: Listener) -> None:
        """Call a listener no more."""
        self.listeners.pop(listener, None)

    def post(self, notice: Notice) -> None:
        """Deliver a notice soon. No checkpoint, runs no user code."""
        self._queue.append(notice)
        if not self._delivering:
            self._delivering = True
            trio.lowlevel.spawn_system_task(self._deliver, name="trio_sup listeners")

    async def _deliver(self) -> None:
        # Without a checkpoint, so that what was posted is delivered even if the
        # Trio run is about to end.
        try:
            while self._queue:
                notice = self._queue.popleft()
                for listener, failures in list(self.listeners.items()):
                    try:
                        self._call(listener, failures, notice)
                    except BaseException as fatal:  # noqa: BLE001 - ends a tree
                        # Raised here it would be an internal error of Trio's.
                        end_a_tree(notice.handle.record, fatal, "registry listener")
        finally:
            self._delivering = False

    def _call(self, listener: Listener, failures: list[int], notice: Notice) -> None:
        try:
            listener(notice)
        except Exception as error:  # noqa: BLE001 - reported
            failures[0] += 1
            if failures[0] == 1:
                report_hook("registry listener", listener, error)


@protected
class HeardNames(Names):
    """Names, and those who want to hear of them: told later, never in between."""

    def __init__(self, *, unique: bool, name: str) -> None:
        super().__init__(unique=unique, name=name)
        self._notifier = Notifier()

    def add_listener(self, listener: Listener) -> None:
        """Call a function with every `Registered` and `Unregistered` from now on.

        Raises:
            TypeError: it is async.
            WrongRun: called from elsewhere while a Trio run uses this registry.
        """
        self._check_run("add_listener")
        self._notifier.add(listener)

    def remove_listener(self, listener: Listener) -> None:
        """Call it no more; harmless if it was not there.

        Raises:
            WrongRun: as `add_listener`.
        """
        self._check_run("remove_listener")
        self._notifier.discard(listener)

    def _came(self, entry: Entry[Record]) -> None:
        if self._notifier.listeners:
            notice = Registered(entry.key, entry.owner.handle, entry.value)
            self._notifier.post(notice)

    def _went(self, entry: Entry[Record]) -> None:
        if self._notifier.listeners:
            record = entry.owner
            ended = None if record.alive else record.last_exit
            self._notifier.post(Unregistered(entry.key, record.handle, ended))

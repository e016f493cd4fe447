"""Hearing of the ends of who holds a name, wherever that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import trio
from attrs import Factory, define, frozen

from trio_sup._children.watching import Down, Watch as LocalWatch
from trio_sup._core.exits import Exit, ExitKind, describe_error
from trio_sup._trio.protect import protected
from trio_sup.cluster._nodes.names import GlobalNames
from trio_sup.cluster._nodes.outbox import Outbox
from trio_sup.cluster._rules.frames import LifeEnded, Message, Unwatch, Watch
from trio_sup.cluster._rules.words import Name, NodeId, Taken

if TYPE_CHECKING:
    from trio_sup._children.watching import Until

CAPACITY = 1024
_KINDS: dict[str, ExitKind] = {
    "normal": "normal",
    "shutdown": "shutdown",
    "crashed": "crashed",
    "killed": "killed",
    "noproc": "noproc",
}


@frozen
class GlobalDown:
    """A life of the holder of a name has ended."""

    key: object
    """The key of the name."""
    life: int
    """The number of the life on its node; 0 if nobody was there, or nobody knows."""
    exit: Exit
    """How it ended; the error of a crash is in `reason`, as text. Kind ``noproc`` if
    nobody held the name, or if its node is down."""


class GlobalExits:
    """The ends of the holder of a name, as an async iterator of `GlobalDown`."""

    def __init__(self, key: object, name: Name, number: int, until: Until) -> None:
        self.key = key
        self.name = name
        self.number = number
        self.until: Until = until
        self.sent_to: NodeId | None = None
        self.dropped: int = 0
        """How many found no room, as nobody took them."""
        self._send, self._receive = trio.open_memory_channel[GlobalDown](CAPACITY)

    def sealed(self, number: int, sender: NodeId, holder: Taken) -> Message:
        """Return it as it is sent; not for users."""
        self.sent_to = holder.owner
        return Watch(number, sender, holder.owner, self.number, self.name, self.until)

    def failed(self, error: Exception) -> None:
        """Nobody can be watched; not for users."""
        self.put(0, Exit("noproc", str(error)), last=True)

    def put(self, life: int, exit: Exit, *, last: bool) -> None:
        """Take one end; not for users."""
        try:
            self._send.send_nowait(GlobalDown(self.key, life, exit))
        except (trio.WouldBlock, trio.ClosedResourceError):
            self.dropped += 1
        if last:
            self._send.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> GlobalDown:
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None


@protected
class _Watching(LocalWatch):
    """The interest of another node in a child of this one."""

    __slots__ = ("_tell",)

    def __init__(
        self, target: Any, until: Until, tell: Callable[[int, Exit, bool], None]
    ) -> None:
        super().__init__(target, until)
        self._tell = tell

    def deliver(self, down: Down) -> None:
        """Send it."""
        self._tell(down.life, down.exit, self.until == "stopped")

    def over(self) -> None:
        """Nothing more to send: the last one said so, or the child is gone."""


@define(eq=False)
class Monitors:
    """Who watches whom: both sides of one node."""

    names: GlobalNames
    outbox: Outbox
    _mine: dict[int, GlobalExits] = Factory(dict[int, GlobalExits])
    _theirs: dict[tuple[NodeId, int], _Watching] = Factory(
        dict[tuple[NodeId, int], _Watching]
    )
    _last: int = 0

    # Of this node, in others.

    def begin(self, key: object, name: Name, until: Until) -> GlobalExits:
        """Watch from now on; raises `EngineUnavailable`."""
        self._last += 1
        exits = GlobalExits(key, name, self._last, until)
        self._mine[exits.number] = exits
        try:
            self.outbox.post(key, name, exits)
        except BaseException:
            del self._mine[exits.number]
            raise
        return exits

    def end(self, exits: GlobalExits) -> None:
        """Watch no more."""
        self._mine.pop(exits.number, None)
        if exits.sent_to is not None:
            self.outbox.tell(exits.sent_to, Unwatch, exits.number)

    def heard(self, told: LifeEnded) -> bool:
        """Take what another node tells; return whether somebody wants to know."""
        exits = self._mine.get(told.watch)
        if exits is None or exits.sent_to != told.sender:
            return False
        kind = _KINDS.get(told.kind, "crashed")
        exits.put(told.life, Exit(kind, told.text or None), last=told.last)
        return True

    def node_gone(self, node: NodeId) -> None:
        """A node is down, and all on it, and all that it wanted to know."""
        for exits in self._mine.values():
            if exits.sent_to == node:
                exits.put(0, Exit("noproc", "its node is down"), last=True)
                exits.sent_to = None
        for place in [place for place in self._theirs if place[0] == node]:
            self._theirs.pop(place).end()

    def all_gone(self) -> None:
        """This node has lost its lease: nobody hears from it any more."""
        for exits in self._mine.values():
            if exits.sent_to is not None:
                exits.put(0, Exit("noproc", "this node lost its lease"), last=True)
                exits.sent_to = None
        for watching in self._theirs.values():
            watching.end()
        self._theirs.clear()

    # Of other nodes, here.

    def take(self, watch: Watch) -> None:
        """Let another node watch a child of this one."""
        held = self.names.held(watch.name)
        place = (watch.sender, watch.watch)

        def tell(life: int, exit: Exit, last: bool) -> None:
            self.outbox.tell(
                watch.sender, LifeEnded, watch.watch, life, exit.kind, _text(exit), last
            )

        if held is None:
            tell(0, Exit("noproc"), True)
            return
        until: Until = "stopped" if watch.until == "stopped" else "life"
        watching = _Watching(held.record.handle, until, tell)
        former, self._theirs[place] = self._theirs.get(place), watching
        if former is not None:
            former.end()  # one number, one interest: whoever asks twice
        watching.begin()

    def drop(self, unwatch: Unwatch) -> None:
        """Another node does not want to know any more."""
        watching = self._theirs.pop((unwatch.sender, unwatch.watch), None)
        if watching is not None:
            watching.end()


def _text(exit: Exit) -> str:
    if exit.error is not None:
        return describe_error(exit.error)
    return "" if exit.reason is None else str(exit.reason)[:200]


protected(Monitors)

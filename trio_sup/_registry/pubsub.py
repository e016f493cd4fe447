"""Publish and subscribe: plain tasks as receivers beside servers.

A server subscribes by registering under the topic and gets messages in
`handle_info`. A plain task opens a `Subscription`, a bounded stream of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Literal, Self, TypeAlias, TypeVar

import trio
from attrs import frozen

from trio_sup._children.current import present_record
from trio_sup._trio.home import Home, present_home
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._children.record import Record

T_co = TypeVar("T_co", covariant=True)

SlowPolicy: TypeAlias = Literal["drop_oldest", "drop_newest", "disconnect"]
"""What becomes of a message that finds a subscription full."""

SLOW_POLICIES: tuple[SlowPolicy, ...] = ("drop_oldest", "drop_newest", "disconnect")


@frozen
class Published:
    """What became of one published message."""

    delivered: int
    """How many receivers took it."""
    dropped: int
    """How many did not: no room, or (servers) on the way down."""


@protected
class Subscription(Generic[T_co]):
    """The messages of one topic, from now on: open one with `Registry.subscribe`.

    A context manager, and an async iterator inside of it. Messages that arrive while
    nobody reads are queued up to the capacity; then the policy decides.
    """

    def __init__(
        self,
        kind: type[T_co] | None,
        capacity: int,
        when_full: SlowPolicy,
        enter: Callable[[Subscription[T_co]], None],
        leave: Callable[[Subscription[T_co]], None],
    ) -> None:
        self._kind = kind
        self._when_full = when_full
        self._enter = enter
        self._leave = leave
        self._dropped = 0
        self._cut_off = False
        self._opened = False
        self._home: Home | None = None
        self._owner: Record | None = None
        self._send, self._receive = trio.open_memory_channel[T_co](capacity)

    @property
    def dropped(self) -> int:
        """How many messages found no room."""
        return self._dropped

    @property
    def waiting(self) -> int:
        """How many messages wait to be read."""
        return self._receive.statistics().current_buffer_used

    @property
    def capacity(self) -> float:
        """How many messages may wait to be read."""
        return self._receive.statistics().max_buffer_size

    @property
    def owner(self) -> Record | None:
        """The child whose code opened it, if one did; for the inspector."""
        return self._owner

    def offer(self, message: object) -> bool | None:
        """Queue a message by the policy; used by `Registry.publish`.

        Returns:
            Whether the message is in the queue; None if it is not of the kind that
            this subscription takes.
        """
        if self._kind is not None and not isinstance(message, self._kind):
            return None
        if self._cut_off:
            return False
        try:
            self._send.send_nowait(message)  # type: ignore[arg-type]
        except trio.WouldBlock:
            return self._no_room(message)
        return True

    def _no_room(self, message: object) -> bool:
        self._dropped += 1
        if self._when_full == "drop_oldest":
            self._receive.receive_nowait()
            self._send.send_nowait(message)  # type: ignore[arg-type]
            return True
        if self._when_full == "disconnect":
            self._cut_off = True
            self._leave(self)
            self._send.close()
        return False

    def __enter__(self) -> Self:
        if self._opened:
            raise RuntimeError("a subscription can be opened once only")
        self._enter(self)
        self._opened = True
        self._home = present_home()
        self._owner = present_record()
        return self

    def _check_run(self, call: str, *, waits: bool = False) -> None:
        if self._home is not None:
            self._home.check_if_going(f"subscription.{call}", "", waits=waits)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._check_run("__exit__")
        self._leave(self)
        self._send.close()
        self._receive.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T_co:
        """Wait for the next message. A checkpoint.

        Raises:
            trio.BrokenResourceError: the subscription was disconnected because it
                was too slow; what was queued before has been read.
            trio.ClosedResourceError: outside of its ``with`` block.
            WrongRun: called from another Trio run.
        """
        self._check_run("__anext__", waits=True)
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            raise trio.BrokenResourceError(
                "disconnected: this subscription was full when a message came"
            ) from None

    def receive_nowait(self) -> T_co | None:
        """Return the next message, or None if none waits. No checkpoint.

        Raises:
            WrongRun: called from a thread or from another Trio run.
        """
        self._check_run("receive_nowait")
        try:
            return self._receive.receive_nowait()
        except (trio.WouldBlock, trio.EndOfChannel):
            return None

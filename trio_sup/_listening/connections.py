"""The supervisor of connections, and what runs in one."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, cast

import trio

from trio_sup._children.functions import FunctionBody
from trio_sup._children.record import Child
from trio_sup._core.specs import ChildSpec, Flags, Runs
from trio_sup._listening.peers import is_departure, peer_name
from trio_sup._supervisors.dynamic import DynamicShell
from trio_sup._trio.log import Log
from trio_sup._trio.protect import enter_user, protected
from trio_sup._trio.wake import Waiters

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._listening.options import Limits

_log: Final = Log("trio_sup.listener")


class ConnectionBody(FunctionBody):
    """One connection: its handler, and the stream that is closed in any case."""

    __slots__ = ("_is_void",)

    only_cancelled = False  # it is told, and has its grace

    def __init__(self, record: Record) -> None:
        del record
        self._is_void: bool = False

    def run(self, record: Record) -> Awaitable[Any]:
        """Return what the life consists of, to be awaited."""
        record.become_ready()
        stream, timeout = cast("tuple[Any, float]", record.spec.args)
        return self._serve(record.path_text, record.spec.target, stream, timeout)

    def ask(self, record: Record, reason: str) -> bool:
        """Let it end by itself; tell it, if it waits for that in `graceful_stop`."""
        return record.stop_event is not None and super().ask(record, reason)

    def cancel(self, record: Record, reason: str) -> None:
        """End it at once, but never before it has begun: nobody would close."""
        if record.task is None:
            self._is_void = True
        else:
            super().cancel(record, reason)

    async def _serve(
        self,
        path: str,
        handler: Callable[[Any], Awaitable[object]],
        stream: Any,
        timeout: float,
    ) -> None:
        try:
            if not self._is_void and await _shake_hands(path, stream, timeout):
                await enter_user(handler, stream)
        except Exception as error:
            if not is_departure(stream, error):
                raise
            _log.debug("%s: the client went away: %s", path, error)
        finally:
            await trio.aclose_forcefully(stream)


async def _shake_hands(path: str, stream: object, timeout: float) -> bool:
    """Agree upon keys, where there are any; False if the client could not.

    What scans the network opens ports of all kinds: no crash, and no traceback.
    """
    if not isinstance(stream, trio.SSLStream):
        return True
    try:
        with trio.fail_after(timeout):
            await stream.do_handshake()
    except (trio.BrokenResourceError, trio.TooSlowError) as error:
        cause = error.__cause__ or error
        why = f"not done in {timeout:g} s" if _is_late(error) else cause
        _log.info("%s: no TLS connection: %s", path, why)
        return False
    return True


def _is_late(error: Exception) -> bool:
    return isinstance(error, trio.TooSlowError)


CONNECTION: Final = Runs(handle=Child._create, body=ConnectionBody)  # pyright: ignore[reportPrivateUsage]
"""How a connection comes to life."""


@protected
class ConnectionShell(DynamicShell):
    """The shell of the supervisor of connections."""

    def __init__(self, record: Record, flags: Flags) -> None:
        super().__init__(record, flags)
        self._room: Waiters = Waiters()
        self._serial: int = 0

    @property
    def is_full(self) -> bool:
        """Whether there are as many as there may be."""
        return len(self.core.records) >= self.flags.max_children

    async def wait_room(self) -> None:
        """Wait while there are as many as there may be."""
        while self.is_full:
            await self._room.wait()

    def settle(self, record: Record) -> None:
        """A connection is over: somebody else has room."""
        super().settle(record)
        self._room.wake()

    def serve(
        self, handler: Callable[[Any], Awaitable[object]], stream: Any, limits: Limits
    ) -> None:
        """Begin to serve a client; from here on the stream is the child's.

        Raises:
            OSError: it has gone away already.
            MaxChildren: there are as many as there may be.
            SupervisorStopping: no connection begins any more.
        """
        self._serial += 1
        name = peer_name(stream)
        if name is None or name.startswith("pid ") or name in self.core.records:
            name = f"{name or 'client'} #{self._serial}"
        spec: ChildSpec[Child] = ChildSpec(
            kind="task",
            target=handler,
            args=(stream, limits.handshake_timeout),
            id=name,
            restart="temporary",
            shutdown=limits.drain,
            start_timeout=math.inf,
            runs=CONNECTION,
        )
        self.begin(spec)

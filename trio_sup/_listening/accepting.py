"""The acceptor: accepts while there is room, and bears what accept(2) says."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import trio
from attrs import define

from trio_sup._core.errors import MaxChildren, SupervisorStopping
from trio_sup._listening.connections import ConnectionShell
from trio_sup._listening.options import Limits
from trio_sup._trio.log import Log

_log: Final = Log("trio_sup.listener")

PAUSE: Final = 0.1
"""Seconds until the next try, when the system has nothing left to accept with."""

TOLD_AGAIN: Final = 60.0
"""Seconds for which a full listener is not told of again."""

# The system is overloaded: as `trio.serve_listeners` has it.
_OVERLOADED: Final = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}
)
# What accept(2) says of the connection, not of the listener: to be tried again.
_OF_THE_CLIENT: Final = frozenset(
    getattr(errno, name)
    for name in (
        *("ECONNABORTED", "ENETDOWN", "EPROTO", "ENOPROTOOPT", "EHOSTDOWN"),
        *("ENONET", "EHOSTUNREACH", "EOPNOTSUPP", "ENETUNREACH", "EPERM"),
    )
    if hasattr(errno, name)
)


@define
class Opened:
    """What clients come to."""

    listeners: Sequence[trio.abc.Listener[Any]]
    value: Any
    """What users see of it."""
    ended: bool = False
    """Whether who holds it open has begun to close it."""


async def hold_open(
    opener: Callable[[], Awaitable[Opened]],
    *,
    task_status: trio.TaskStatus[Opened],
) -> None:
    """Open a listener's sockets, and close them at the end.

    By itself, so that an acceptor that crashes leaves them open: clients that come
    meanwhile wait in the system's queue.
    """
    opened = await opener()
    try:
        task_status.started(opened)
        await trio.sleep_forever()
    finally:
        opened.ended = True
        with trio.CancelScope(shield=True):  # else the first would be the only one
            for listener in opened.listeners:
                await trio.aclose_forcefully(listener)


@define
class Acceptor:
    """Accepts clients, and gives each to a connection of its own."""

    path: str
    shell: ConnectionShell
    handler: Callable[[Any], Awaitable[object]]
    limits: Limits
    told_at: float = -math.inf
    """When it was last said that there is no room."""

    async def accept_from(self, listener: trio.abc.Listener[Any]) -> None:
        """Accept clients for ever."""
        waits = self.limits.when_full == "wait"
        while True:
            if waits and self.shell.is_full:
                self._tell_full()
                await self.shell.wait_room()
            stream = await self._accept(listener)
            try:
                if waits:
                    await self.shell.wait_room()  # another listener took the room
                self.shell.serve(self.handler, stream, self.limits)
            except (OSError, SupervisorStopping):
                await trio.aclose_forcefully(stream)
            except MaxChildren:
                self._tell_full()
                await trio.aclose_forcefully(stream)
            except BaseException:
                await trio.aclose_forcefully(stream)
                raise

    async def _accept(self, listener: trio.abc.Listener[Any]) -> Any:
        overloaded = False
        while True:
            try:
                stream = await listener.accept()
            except OSError as error:
                if error.errno in _OF_THE_CLIENT:
                    continue
                if error.errno not in _OVERLOADED:
                    raise
                if not overloaded:
                    overloaded = True
                    self._tell_overloaded(error)
            else:
                if overloaded:
                    _log.info("%s: accepts clients again", self.path)
                return stream
            await trio.sleep(PAUSE)

    def _tell_overloaded(self, error: OSError) -> None:
        code = errno.errorcode.get(error.errno or 0, "an error")
        _log.error(
            "%s: cannot accept clients: %s (%s), with %d connections; tried again "
            "every %g s",
            self.path,
            code,
            os.strerror(error.errno or 0),
            len(self.shell.core.records),
            PAUSE,
        )

    def _tell_full(self) -> None:
        now = trio.current_time()
        if now - self.told_at < TOLD_AGAIN:
            return
        self.told_at = now
        refused = self.limits.when_full == "refuse"
        _log.warning(
            "%s: has max_connections=%g connections; new clients %s",
            self.path,
            self.limits.max_connections,
            "are closed at once" if refused else "wait",
        )

"""The lives of a port: those of a server, with a program beside each."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Iterator
from typing import TYPE_CHECKING, Any

import trio

from trio_sup._core.anatomy import without
from trio_sup._processes.body import program_facts
from trio_sup._processes.link import Link
from trio_sup._servers.loop import serve
from trio_sup._servers.ref import ServerRef
from trio_sup._servers.runs import ServerBody
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._servers.genserver import GenServer


@protected
class PortBody(ServerBody):
    """The body of a port."""

    __slots__ = ("link", "stop")

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        self.link: Link | None = None
        """That of the present life, or of the last."""
        self.stop: int = signal.SIGTERM

    def run(self, record: Record) -> Awaitable[Any]:
        """Return what the life consists of, to be awaited."""
        return self._live(record)

    async def _live(self, record: Record) -> None:
        failure: BaseException | None = None
        try:
            async with trio.open_nursery() as nursery:
                self.link = link = Link(record, nursery)
                try:
                    await serve(record, self)
                except BaseException as error:  # noqa: BLE001 - raised below
                    failure = error
                try:
                    await link.finish(self.stop)
                finally:
                    await link.kill()
                nursery.cancel_scope.cancel("the program has ended")
        except BaseException as late:
            # That the grace was over takes nothing from how the server ended.
            if failure is None or without(late, trio.Cancelled) is not None:
                raise
        if failure is not None:
            try:
                raise failure
            finally:
                del failure

    def facts(self) -> Iterator[tuple[str, str]]:
        """What an operator is shown of it: names and texts."""
        if self.link is not None and self.link.running is not None:
            lines = () if self.link.stderr is None else self.link.stderr.tail.lines()
            running = self.link.running
            yield from program_facts(running.pid, running.returncode, "", lines)


def port_handle(record: Record) -> ServerRef[GenServer]:
    """Make the handle of a port: that of a server."""
    ref: type[ServerRef[GenServer]] = ServerRef
    return ref._create(record)  # pyright: ignore[reportPrivateUsage]

"""A client's session attached to this very program's node, driven by hand."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from trio_sup import current_node
from trio_sup.inspect.client.phase import Phase
from trio_sup.inspect.client.session import Session
from trio_sup.inspect.node.listener import serve_inspector
from trio_sup.inspect.node.showing import Showing
from trio_sup.inspect.protocol.wire import Detail


class Looker:
    """One attached client."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.session = Session(client="test", rate_hz=10.0)
        self.stream = stream

    async def until(self, holds: Callable[[], object]) -> None:
        """Go on until something holds."""
        with trio.fail_after(30):
            while not holds():
                if out := self.session.outgoing():
                    await self.stream.send_all(out)
                data = await self.stream.receive_some(65536)
                assert data, "the node closed the connection"
                self.session.receive(bytes(data), trio.current_time())
                self.session.tick(trio.current_time())
                assert self.session.bad_frames == 0
                assert not self.session.want_close

    async def live(self) -> None:
        await self.until(lambda: self.session.state.phase is Phase.LIVE)

    def id_of(self, path: str) -> int:
        return next(row.id for row in self.session.rows.values() if row.path == path)

    async def watch(self, path: str, *parts: str) -> Detail:
        """Everything that was asked for of one child."""
        number = self.id_of(path)
        self.session.ask.watch(number, trio.current_time(), parts)

        def whole() -> bool:
            detail = self.session.details.get(number)
            return detail is not None and set(parts) <= {*detail.parts}

        await self.until(whole)
        return self.session.details[number]


@asynccontextmanager
async def looking(directory: Path, **options: Any) -> AsyncGenerator[Looker]:
    """Serve this program's node, and attach to it."""
    async with trio.open_nursery() as nursery:

        async def serve(*, task_status: trio.TaskStatus[Path]) -> None:
            await serve_inspector(
                current_node(),
                name="test",
                runtime_dir=directory / "run",
                task_status=task_status,
                showing=Showing(**options),
            )

        path: Path = await nursery.start(serve)
        async with await trio.open_unix_socket(path) as stream:
            looker = Looker(stream)
            looker.session.connecting(0.0)
            looker.session.connected(0.0)
            await looker.live()
            yield looker
        nursery.cancel_scope.cancel()

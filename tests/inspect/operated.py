"""A real tree with its inspector's socket, and a client that acts on it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio
from attrs import define

from trio_sup import (
    ChildSpec,
    GenServer,
    Supervisor,
    call,
    cast,
    current_node,
    events,
    open_supervisor,
)
from trio_sup._inspected.operator import Operator
from trio_sup.inspect.client.session import Session
from trio_sup.inspect.node.listener import serve_inspector
from trio_sup.inspect.protocol.wire import Row
from trio_sup.inspect.protocol.wire_actions import Acted, Planned


class Counter(GenServer):
    """Counts; `hold` keeps it busy until `gate` opens."""

    gate = trio.Event

    def __init__(self) -> None:
        self.value = 0

    @call
    async def add(self, n: int) -> int:
        self.value += n
        return self.value

    @cast
    async def note(self) -> None:
        self.value += 1

    @cast
    async def hold(self, seconds: float) -> None:
        await trio.sleep(seconds)


async def idle() -> None:
    await trio.sleep_forever()


@define
class Hand:
    """One client: a session, driven by a stream."""

    stream: trio.SocketStream
    session: Session

    def row(self, path: str) -> Row:
        return next(r for r in self.session.rows.values() if r.path == path)

    async def until(self, happened: Callable[[], object]) -> None:
        with trio.fail_after(60):
            while True:
                if out := self.session.outgoing():
                    await self.stream.send_all(out)
                if happened():
                    return
                data = await self.stream.receive_some(65536)
                assert data, f"closed: {self.session.state}"
                self.session.receive(bytes(data), trio.current_time())
                assert self.session.bad_frames == 0

    async def until_row(self, path: str, **wanted: object) -> Row:
        def fits() -> bool:
            rows = [r for r in self.session.rows.values() if r.path == path]
            return bool(rows) and all(
                getattr(rows[0], name) == value for name, value in wanted.items()
            )

        await self.until(fits)
        return self.row(path)

    async def facts(self, path: str, *wanted: list[str]) -> bool:
        """Wait until just these facts are told of a child."""
        id = self.row(path).id
        self.session.ask.watch(id, trio.current_time())
        details = self.session.details
        await self.until(
            lambda: id in details and (details[id].facts or []) == list(wanted)
        )
        return True

    def _address(self, path: str, life: int | None) -> tuple[int, int]:
        if not path:
            return 0, 0
        row = self.row(path)
        return row.id, row.life if life is None else life

    async def plan(
        self, action: str, path: str = "", argument: str = "", life: int | None = None
    ) -> Planned:
        operating = self.session.operating
        req = operating.plan(action, *self._address(path, life), argument)
        await self.until(lambda: req in operating.plans)
        return operating.plans[req]

    async def act(
        self, action: str, path: str = "", argument: str = "", life: int | None = None
    ) -> Acted:
        """Act and wait for the last word."""
        operating = self.session.operating
        req = operating.act(action, *self._address(path, life), argument)
        await self.until(lambda: operating.final(req))
        return operating.outcomes[req]


@asynccontextmanager
async def hand(path: Path, *, control: bool = True) -> AsyncGenerator[Hand]:
    """A client that is attached, has all rows, and knows its role."""
    async with await trio.open_unix_socket(path) as stream:
        session = Session(client="test", rate_hz=10.0, control=control)
        session.connecting(0.0)
        session.connected(0.0)
        client = Hand(stream, session)
        await client.until(lambda: session.heartbeat)
        if control:
            await client.until(lambda: session.operating.role)
        yield client


@asynccontextmanager
async def operated(
    directory: Path,
    children: Sequence[ChildSpec[Any]] | ChildSpec[Supervisor],
    *,
    control: bool = True,
    **flags: Any,
) -> AsyncGenerator[tuple[Supervisor, Path]]:
    """A tree and the path of its inspector's socket."""
    async with open_supervisor(children, **flags) as sup, trio.open_nursery() as work:
        node = current_node()

        async def serve(*, task_status: trio.TaskStatus[Path]) -> None:
            await serve_inspector(
                node,
                name="shop",
                runtime_dir=directory / "d",
                operator=Operator(node),
                control=control,
                task_status=task_status,
            )

        path: Path = await work.start(serve)
        yield sup, path
        work.cancel_scope.cancel()


def audited() -> list[events.OperatorAction]:
    recent = current_node().recent_events()
    return [e for e in recent if isinstance(e, events.OperatorAction)]

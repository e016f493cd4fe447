"""The board server inside a test."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import trio
from attrs import frozen

from trio_sup import (
    DynamicSupervisor,
    ServerRef,
    Supervisor,
    child,
    open_supervisor,
)
from trio_sup.demo.board import Board
from trio_sup.demo.door import DOOR
from trio_sup.demo.options import Options
from trio_sup.demo.tree import service
from trio_sup.demo.visitor import Denied, Visitor, visit


@frozen
class Service:
    """The board server, running."""

    root: Supervisor
    connections: DynamicSupervisor

    def board(self, key: str) -> ServerRef[Board]:
        return self.root.server(Board, "boards", key)

    def visit(self) -> AbstractAsyncContextManager[Visitor]:
        return visit()


ALONE = Options(clients=0)


@asynccontextmanager
async def running(
    file: Path, options: Options = ALONE
) -> AsyncGenerator[Service, None]:
    """Run the service; by default nobody visits it but the test."""
    owner = child(trio.sleep_forever, id="owner", restart="temporary", significant=True)
    with trio.fail_after(30):
        async with open_supervisor(service(options, file, owner)) as root:
            yield Service(root, DOOR.connections)


async def denied(visitor: Visitor, request: str) -> str:
    """Return why a request was refused."""
    try:
        answer = await visitor.ask(request)
    except Denied as error:
        return str(error)
    raise AssertionError(f"{request!r} was answered: {answer}")

"""A connection: a supervised function that ends gracefully when asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from trio_sup import (
    ServerRef,
    SupervisionError,
    current_node,
    graceful_stop,
)
from trio_sup.demo.board import Board, Boards, all_boards
from trio_sup.demo.faults import Crashable, Fault
from trio_sup.demo.index import Index, the_index
from trio_sup.demo.lines import LineReader
from trio_sup.demo.protocol import (
    HELP,
    BadRequest,
    Crash,
    Find,
    Help,
    ListBoards,
    Post,
    Quit,
    Read,
    Say,
    Subscribe,
    parse,
    refusal,
    reply,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.demo.protocol import Request

PATIENCE = 5.0
"""Seconds that a request may take."""
OUTBOX = 256
"""Posts that wait for a client which does not read."""


async def serve_client(boards: Boards, stream: trio.SocketStream) -> None:
    """Serve one client until it leaves, or until the supervisor asks to stop.

    Args:
        boards: Where it can post.
        stream: The connection; whoever calls this closes it.
    """
    _, port = stream.socket.getpeername()
    with graceful_stop() as stopping:
        try:
            async with trio.open_nursery() as nursery:
                session = Session(stream, f"guest-{port}", boards, nursery)
                nursery.start_soon(session.deliver_posts)
                nursery.start_soon(session.say_goodbye, stopping)
                await session.answer_requests()
                nursery.cancel_scope.cancel("the client has left")
        except* trio.BrokenResourceError:
            pass  # The client went away without a word.


class Session:
    """What goes on over one connection."""

    def __init__(
        self,
        stream: trio.SocketStream,
        author: str,
        boards: Boards,
        nursery: trio.Nursery,
    ) -> None:
        self._stream = stream
        self._author = author
        self._boards = boards
        self._nursery = nursery
        self._sending = trio.Lock()
        self._outbox, self._posts = trio.open_memory_channel[Post](OUTBOX)
        self._followed: set[str] = set()

    async def answer_requests(self) -> None:
        """Answer one request after the other; return when the client leaves."""
        lines = LineReader(self._stream)
        while True:
            try:
                line = await lines.read()
                if line is None:
                    return
                request = parse(line)
                with trio.fail_after(PATIENCE):
                    answer = reply(await self._answer(request))
            except (BadRequest, SupervisionError) as error:
                answer = refusal(error)
            except trio.TooSlowError:
                answer = refusal(f"no answer in {PATIENCE:g} s")
            else:
                if request == Quit():
                    await self._send(answer)
                    return
            await self._send(answer)

    async def deliver_posts(self) -> None:
        """Send the client what the boards that it follows hand over."""
        async for post in self._posts:
            await self._send(f"* {post}\n")

    async def say_goodbye(self, stopping: trio.Event) -> None:
        """End the connection when the supervisor asks for it."""
        await stopping.wait()
        await self._send("! goodbye, the service stops\n")
        self._nursery.cancel_scope.cancel("the supervisor asked to stop")

    async def _answer(self, request: Request) -> Sequence[object]:
        match request:
            case Say():
                post = await self._boards.ask(
                    request.board, Board.post, self._author, request.text
                )
                return [post]
            case Read():
                return await self._boards.ask(request.board, Board.read, request.last)
            case Subscribe():
                await self._subscribe(request.board)
                return []
            case Find():
                return await the_index().call(Index.find, request.word)
            case ListBoards():
                return list_boards()
            case Crash():
                crash(request.server)
                return []
            case Help():
                return HELP.splitlines()
            case Quit():
                return []

    async def _subscribe(self, key: str) -> None:
        if key in self._followed:
            raise BadRequest(f"you follow {key} already")
        board, life = await self._boards.ask(key, Board.subscribe, self._outbox)
        self._followed.add(key)
        self._nursery.start_soon(self._follow, key, board, life)

    async def _follow(self, key: str, board: ServerRef[Board], life: int) -> None:
        """Keep up with a board over its lives: a new one knows no members."""
        try:
            while True:
                exit = await board.wait_exit(life)
                await self._send(f"! {key} ended, {exit}\n")
                board, life = await self._boards.ask(key, Board.subscribe, self._outbox)
        except SupervisionError as error:
            await self._send(f"! {key} is not followed any more: {error}\n")
        finally:
            self._followed.discard(key)
            board.try_cast(Board.unsubscribe, self._outbox)

    async def _send(self, text: str) -> None:
        async with self._sending:
            await self._stream.send_all(text.encode())


def list_boards() -> Sequence[str]:
    """Return a line for each board that there is."""
    return [f"{info.id} {info.status}" for info in all_boards().which_children()]


def crash(server: str | None) -> None:
    """Make a server crash, or else the one who calls this.

    Raises:
        BadRequest: nothing of that name can be crashed.
        Fault: no name was given.
    """
    if server is None:
        raise Fault("this connection was told to crash")
    try:
        current_node().registry.lookup(server, Crashable).cast(Crashable.crash)
    except (LookupError, TypeError) as error:
        raise BadRequest(f"{server!r} cannot be crashed: {error}") from error

"""The door: WebSockets, over which people create, join, read and post.

Each message is a JSON object. People send ``{"create": TITLE}``, ``{"join": TITLE,
"name": NAME}``, ``{"post": TEXT}``; they get ``{"ok": ...}`` or ``{"error": ...}`` for
each, in order, and ``{"board": ..., "author": ..., "text": ...}`` whenever somebody
posts on the board that they have joined.
"""

from __future__ import annotations

import json
import logging
from itertools import count
from typing import Any

import trio
from attrs import asdict
from trio_websocket import (
    ConnectionClosed,
    HandshakeError,
    WebSocketConnection,
    WebSocketRequest,
    serve_websocket,
)

from trio_sup import Attached, NoProcess, ServerExit, attach

from .server import MEMBERS, Board, BoardExists, InvalidPost, Post, board, create

SLOWEST = 100
"""Posts that a connection may be behind before the oldest are dropped."""

log = logging.getLogger(__name__)
numbers = count(1)


class Refused(Exception):
    """What people did cannot be done; the text is for them."""


# --8<-- [start:meet]
async def meet(request: WebSocketRequest) -> None:
    """Talk to one person. Whatever goes wrong here ends this connection only."""
    try:
        socket = await request.accept()
        # The task becomes a child while the block lasts: it can hold names, is sent
        # posts, and is seen in the inspector.
        member = attach(
            id=("member", next(numbers)), capacity=SLOWEST, when_full="drop_oldest"
        )
        async with member as me:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(forward, me, socket)
                await Conversation(socket).hold()
                nursery.cancel_scope.cancel()
    except* (ConnectionClosed, HandshakeError):
        pass
    except* Exception as mistakes:
        log.error("a conversation failed", exc_info=mistakes)


async def forward(me: Attached, socket: WebSocketConnection) -> None:
    """Send the posts that come to this connection."""
    async for post in me:
        if isinstance(post, Post):
            await socket.send_message(json.dumps(asdict(post)))


# --8<-- [end:meet]
class Conversation:
    """What one person asks for, one thing after the other."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self.socket = socket
        self.joined = ""
        self.name = ""

    async def hold(self) -> None:
        """Answer each message until the person leaves."""
        while True:
            try:
                answer: dict[str, Any] = {"ok": await self._answer(await self._next())}
            except Refused as refused:
                answer = {"error": str(refused)}
            await self.socket.send_message(json.dumps(answer))

    async def _next(self) -> dict[str, Any]:
        try:
            message = json.loads(await self.socket.get_message())
        except ValueError:
            raise Refused("that is no JSON") from None
        if not isinstance(message, dict):
            raise Refused("a message is an object")
        return message

    async def _answer(self, message: dict[str, Any]) -> object:
        match message:
            case {"create": str(title)}:
                return await self._create(title)
            case {"join": str(title), "name": str(name)}:
                return await self._join(title, name)
            case {"post": str(text)}:
                return await self._post(text)
            case _:
                raise Refused("say create, join with a name, or post")

    async def _create(self, title: str) -> object:
        try:
            await create(title)
        except BoardExists:
            raise Refused("that board exists already") from None
        return title

    async def _join(self, title: str, name: str) -> object:
        if self.joined:
            MEMBERS.unregister(self.joined)
            self.joined = ""
        if board(title).status == "gone":
            raise Refused("there is no such board")
        MEMBERS.register(title, name)
        self.joined, self.name = title, name
        return [asdict(post) for post in await board(title).call(Board.read)]

    async def _post(self, text: str) -> object:
        if not self.joined:
            raise Refused("join a board first")
        try:
            return await board(self.joined).call(Board.post, self.name, text)
        except InvalidPost as invalid:
            raise Refused(str(invalid)) from None
        except (ServerExit, NoProcess):
            raise Refused("the board fell over; it is back, your post is not") from None


async def open_door(
    port: int, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serve WebSockets; the port is this child's value."""
    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, meet, "127.0.0.1", port, None)
        task_status.started(server.port)

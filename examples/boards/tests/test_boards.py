"""People with real WebSockets, a board that falls over, and others that do not notice."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from boards import alone
from boards.server import BOARDS, MEMBERS, Board, board
from boards.tree import spec
from trio_websocket import WebSocketConnection, open_websocket

from trio_sup import Supervisor, open_supervisor

pytestmark = pytest.mark.trio


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """One board falls over on purpose."""
    caplog.set_level(logging.CRITICAL, "trio_sup")


class Person:
    """Somebody with a WebSocket; answers and posts are told apart."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self.socket = socket
        self.posts: list[Any] = []

    async def say(self, **message: object) -> Any:
        """Send a message and return the answer to it."""
        await self.socket.send_message(json.dumps(message))
        while True:
            got = json.loads(await self.socket.get_message())
            if "ok" in got or "error" in got:
                return got.get("ok", got.get("error"))
            self.posts.append(got)

    async def hear(self) -> tuple[str, str, str]:
        """Wait for the next post."""
        got = self.posts.pop(0) if self.posts else None
        if got is None:
            got = json.loads(await self.socket.get_message())
        return got["board"], got["author"], got["text"]


@asynccontextmanager
async def people(number: int) -> AsyncIterator[tuple[Supervisor, list[Person]]]:
    async with open_supervisor([spec(port=0)]) as sup, trio.open_nursery() as nursery:
        port: Any = sup.child("program", "open_door").value

        async def come(task_status: trio.TaskStatus[Person]) -> None:
            async with open_websocket("127.0.0.1", port, "/", use_ssl=False) as socket:
                task_status.started(Person(socket))
                await trio.sleep_forever()

        with trio.fail_after(60):
            yield sup, [await nursery.start(come) for _ in range(number)]
        nursery.cancel_scope.cancel()


async def test_people_create_join_post_and_hear() -> None:
    async with people(2) as (_, (ada, bob)):
        assert await ada.say(create="news") == "news"
        assert await bob.say(create="news") == "that board exists already"
        assert await bob.say(join="chess", name="bob") == "there is no such board"
        assert await bob.say(post="hi") == "join a board first"
        assert await ada.say(join="news", name="ada") == []
        assert await ada.say(post="rain") == 1
        assert len(await bob.say(join="news", name="bob")) == 1
        assert await bob.say(post="sun") == 2
        assert await ada.hear() == ("news", "ada", "rain")
        assert await ada.hear() == await bob.hear() == ("news", "bob", "sun")
        assert await board("news").call(Board.members) == ["ada", "bob"]
        assert await ada.say(post=" ") == "a post has 1 to 500 characters"
        assert board("news").life == 1


async def test_a_board_that_falls_over_has_its_members_and_others_notice_nothing() -> (
    None
):
    async with people(3) as (_, (ada, bob, cy)):
        for title in ("news", "sport"):
            await ada.say(create=title)
        await ada.say(join="news", name="ada")
        await bob.say(join="news", name="bob")
        await cy.say(join="sport", name="cy")
        answer = await ada.say(post="ring \N{BELL}")
        assert answer == "the board fell over; it is back, your post is not"
        assert await bob.say(post="still there?") == 2
        assert await ada.hear() == ("news", "bob", "still there?")
        assert (board("news").life, board("sport").life) == (2, 1)
        assert await cy.say(post="goal") == 1
        assert BOARDS.restarts == 0


async def test_who_hangs_up_or_talks_nonsense_is_gone_and_nobody_else() -> None:
    async with people(2) as (sup, (ada, bob)):
        await ada.say(create="news")
        await ada.say(join="news", name="ada")
        await bob.say(join="news", name="bob")
        await bob.socket.send_message("{nonsense")
        assert json.loads(await bob.socket.get_message()) == {
            "error": "that is no JSON"
        }
        await bob.socket.aclose()
        while MEMBERS.entries("news")[1:]:  # noqa: ASYNC110 - it is told over a socket
            await trio.sleep(0.01)
        assert await ada.say(post="all alone") == 1
        assert sup.child("program", "open_door").restarts == 0


async def test_the_version_in_one_process_ends_with_its_first_mistake(
    capsys: pytest.CaptureFixture[str],
) -> None:
    await alone.main()
    assert capsys.readouterr().out == "everything is down; sport had [' goal']\n"

"""Mentions over real HTTP, WebSockets and in a browser, from a stand-in of GitHub."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from mentions.github import GitHub, NoAnswer, RateLimited
from mentions.standin import StandIn
from mentions.sync import SYNCS, Sync, Way, sync
from mentions.tree import mentions
from trio_websocket import (
    ConnectionClosed,
)

from examples.mentions.tests.standing_in import news, running, viewer
from tests.commands import chromium
from trio_sup import (
    Child,
    Supervisor,
    attach,
    child,
    open_supervisor,
    whereis,
)
from trio_sup.testing import check_supervision

LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Syncs fall over on purpose."""
    caplog.set_level(logging.CRITICAL, "trio_sup")
    caplog.set_level(logging.CRITICAL, "mentions")


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with running(StandIn(largest=10)) as standin:
        yield standin


@asynccontextmanager
async def asking(github: GitHub) -> AsyncIterator[GitHub]:
    with trio.fail_after(30):
        async with open_supervisor([child(github.serve, id="github")]):
            yield github


@asynccontextmanager
async def program(
    standin: StandIn, port: int = 0, every: float = 0.05
) -> AsyncIterator[tuple[Supervisor, str]]:
    way = Way(GitHub(standin.url), "ada/engine", every=every)
    with trio.fail_after(60):
        async with open_supervisor([mentions(way, port)]) as sup:
            web: Child[Any] = sup.child("mentions", "web")
            yield sup, str(web.value[0])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


# ------------------------------------------------------------------ the API


@pytest.mark.trio
async def test_all_pages_are_read_and_what_has_not_changed_costs_nothing(
    standin: StandIn,
) -> None:
    for n in range(25):
        standin.write("bob", f"comment {n}", ago=60)
    async with asking(GitHub(standin.url)) as github:
        found = await github.comments("ada/engine", LONG_AGO)
        assert [each.body for each in found] == [f"comment {n}" for n in range(25)]
        assert standin.answered == {200: 3}
        left = standin.remaining
        assert await github.comments("ada/engine", LONG_AGO) == found
        assert standin.answered == {200: 3, 304: 3}
        assert standin.remaining == left
        standin.write("cy", "comment 25")
        assert len(await github.comments("ada/engine", LONG_AGO)) == 26
        assert standin.answered == {200: 4, 304: 5}


@pytest.mark.trio
async def test_nothing_is_asked_before_a_rate_limit_is_over(standin: StandIn) -> None:
    async with asking(GitHub(standin.url)) as github:
        standin.use_up_limit(1.0)
        for _ in range(5):
            with pytest.raises(RateLimited):
                await github.comments("ada/engine", LONG_AGO)
        assert standin.answered == {403: 1}
        with pytest.raises(RateLimited) as limited:
            await github.comments("ada/engine", LONG_AGO)
        await trio.sleep(limited.value.until - time.time() + 0.01)
        assert await github.comments("ada/engine", LONG_AGO) == []
        # The last answer that is ours: what follows would be refused, and is not asked.
        standin.remaining = 1
        assert await github.comments("ada/other", LONG_AGO) == []
        with pytest.raises(RateLimited):
            await github.comments("ada/engine", LONG_AGO)
        assert standin.answered == {403: 1, 200: 2}


@pytest.mark.trio
async def test_each_refusal_says_what_it_is(standin: StandIn) -> None:
    standin.token = "secret"
    async with asking(GitHub(standin.url, "secret")) as github:
        assert await github.comments("ada/engine", LONG_AGO) == []
        with pytest.raises(NoAnswer, match="no such repository"):
            await github.comments("ada/engine/x", LONG_AGO)
        standin.failing = True
        with pytest.raises(NoAnswer, match="GitHub answers 502"):
            await github.comments("ada/engine", LONG_AGO)
        standin.failing = False
        standin.token = "another"
        with pytest.raises(NoAnswer, match="does not accept the token"):
            await github.comments("ada/engine", LONG_AGO)
    with pytest.raises(NoAnswer, match="being opened"):
        await github.comments("ada/engine", LONG_AGO)
    async with asking(GitHub(f"http://127.0.0.1:{free_port()}")) as nowhere:
        with pytest.raises(NoAnswer, match="ConnectError"):
            await nowhere.comments("ada/engine", LONG_AGO)


@pytest.mark.trio
async def test_a_token_does_not_follow_a_link_to_elsewhere(standin: StandIn) -> None:
    for _ in range(11):
        standin.write("bob", "hello")
    async with asking(GitHub(standin.url)) as github:
        standin.url = "http://evil.example"  # what its links say
        with pytest.raises(NoAnswer, match="elsewhere"):
            await github.comments("ada/engine", LONG_AGO)


# ---------------------------------------------------------------- the syncs


@pytest.mark.trio
async def test_a_sync_tells_each_mention_once_and_ends_with_its_viewer(
    standin: StandIn,
) -> None:
    for body in ("@Ada look", "ask @ada-lovelace", "mail x@ada", "and @ada?"):
        standin.write("bob", body)
    async with program(standin):
        github = GitHub(standin.url)
        async with open_supervisor([child(github.serve)]), attach(id="me") as me:
            way = Way(github, "ada/engine", every=0.02)
            ref = await SYNCS.start_child(sync(me, "ada", way))
            first = await me.receive()
            assert [each.body for each in first.mentions] == ["@Ada look", "and @ada?"]
            assert (await me.receive()).mentions == []
            standin.write("cy", "@ada: new")
            told: list[str] = []
            for _ in range(20):
                told += [each.body for each in (await me.receive()).mentions]
            assert told == ["@ada: new"]
            assert whereis(("sync", "me"), Sync) == ref
        await ref.wait_stopped()
        assert str(ref.last_exit) == "normal"
        assert whereis(("sync", "me")) is None
        assert SYNCS.count_children().specs == 0


# ------------------------------------------------------------------ the web


@pytest.mark.trio
async def test_each_viewer_has_a_sync_of_its_own_which_ends_with_it(
    standin: StandIn,
) -> None:
    standin.write("bob", "@ada look; and you, @cy")
    async with program(standin) as (_, address):
        async with viewer(address, "ada") as ada, viewer(address, "cy") as cy:
            assert (await news(ada, "mentions"))[0]["author"] == "bob"
            await news(cy, "mentions")
            assert SYNCS.count_children().active == 2
            await cy.aclose()
            while SYNCS.count_children().specs > 1:  # noqa: ASYNC110 - over a socket
                await trio.sleep(0.01)
            standin.write("bob", "@ada again")
            assert (await news(ada, "mentions"))[0]["body"] == "@ada again"


@pytest.mark.trio
async def test_a_viewer_replaces_a_sync_that_falls_over(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mentions.web.AGAIN", 0.01)
    standin.write("bob", "@ada look")
    async with program(standin) as (_, address), viewer(address, "ada") as ada:
        await news(ada, "mentions")
        with monkeypatch.context() as mistaken:
            mistaken.setattr(GitHub, "comments", "no function")
            told = await news(ada, "trouble")
        assert told == "the sync fell over; here comes another"
        assert (await news(ada, "mentions"))[0]["body"] == "@ada look"


@pytest.mark.trio
async def test_the_page_is_for_people_and_its_data_for_the_page(
    standin: StandIn,
) -> None:
    async with program(standin) as (_, address), httpx.AsyncClient() as client:
        page = await client.get(f"{address}/@ada")
        assert (page.status_code, "ada/engine" in page.text) == (200, True)
        assert page.headers["Content-Security-Policy"] == "default-src 'self'"
        assert (await client.get(address)).status_code == 200
        assert (await client.get(f"{address}/@a--b")).status_code == 404
        assert (await client.get(f"{address}/@ada%22x")).status_code == 404
        for origin in "http://evil.example", "null", "":
            assert await shake_hands(address, "ada", origin) == 403
        assert await shake_hands(address, "a--b", address) == 403


async def shake_hands(address: str, person: str, origin: str) -> int:
    """Ask for a WebSocket; return the status of a refusal."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Origin": origin,
    }
    # Hypercorn hangs up after a refusal: each has a connection of its own.
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{address}/@{person}/live", headers=headers)
    return answer.status_code


@pytest.mark.trio
async def test_502s_a_rate_limit_and_a_restart_of_the_web_child_are_told_and_survived(
    standin: StandIn,
) -> None:
    port = free_port()
    async with program(standin, port) as (sup, address):
        async with viewer(address, "ada") as ada:
            standin.failing = True
            assert await news(ada, "trouble") == "GitHub answers 502"
            standin.failing = False
            standin.write("bob", "@ada after the outage")
            assert (await news(ada, "mentions"))[0]["body"] == "@ada after the outage"
            standin.use_up_limit(0.5)
            assert "rate limit" in await news(ada, "trouble")
            standin.write("bob", "@ada after the limit")
            assert (await news(ada, "mentions"))[0]["body"] == "@ada after the limit"
            assert standin.answered[403] == 1
            await sup.supervisor("mentions").terminate_child("web")
            await sup.supervisor("mentions").restart_child("web")
            with pytest.raises(ConnectionClosed):
                while True:
                    await ada.get_message()
        while SYNCS.count_children().specs:  # noqa: ASYNC110 - their viewers left
            await trio.sleep(0.01)
        async with viewer(address, "ada") as ada:
            assert len(await news(ada, "mentions")) == 2
        assert sup.child("mentions", "syncs").restarts == 0


def test_the_tree_keeps_the_laws_of_supervision(standin: StandIn) -> None:
    way = Way(GitHub(standin.url), "ada/engine", every=60.0)
    check_supervision(lambda: mentions(way, 0), max_examples=10)


# -------------------------------------------------------------- the browser


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_browser_shows_it_all(standin: StandIn, tmp_path: Path) -> None:
    command = chromium.find()
    if command is None:
        pytest.skip("no chromium here: apt-get install chromium")
    standin.write("bob", "@ada <b>look</b>")
    port, ready, over = free_port(), threading.Event(), threading.Event()
    tell: Any = None

    async def main() -> None:
        nonlocal tell
        async with program(standin, port) as (sup, _):
            tell = trio.lowlevel.current_trio_token(), sup
            ready.set()
            await trio.to_thread.run_sync(over.wait)

    thread = threading.Thread(target=trio.run, args=(main,))
    thread.start()
    try:
        assert ready.wait(30)
        token, sup = tell
        with chromium.browser(command, tmp_path) as page:

            def until(text: str) -> str:
                said = ""
                while not re.search(text, said):
                    time.sleep(0.02)
                    said = str(page.value("document.body.innerText"))
                return said

            page.call("Page.navigate", url=f"http://127.0.0.1:{port}/@ada")
            assert "<b>look</b>" in until("live; last looked")
            standin.failing = True
            until("GitHub answers 502")
            standin.failing = False
            standin.use_up_limit(1.0)
            until("the rate limit is used up until")
            standin.write("cy", "@ada hurry")
            until("hurry(.|\n)*look")  # the newest stands first
            stop = sup.supervisor("mentions").terminate_child
            trio.from_thread.run(stop, "web", trio_token=token)
            until("the connection was lost")
            start = sup.supervisor("mentions").restart_child
            trio.from_thread.run(start, "web", trio_token=token)
            assert until("live; last looked").count("hurry") == 1
    finally:
        over.set()
        thread.join()

"""The board server over real sockets."""

from pathlib import Path

import pytest
import trio

from tests.demo.rig import denied, running
from trio_sup import Budget, Exit, ServerExit, current_node
from trio_sup.demo import board, ticker
from trio_sup.demo.board import Board
from trio_sup.demo.index import Index
from trio_sup.demo.options import Options
from trio_sup.demo.store import Store
from trio_sup.demo.ticker import Ticker
from trio_sup.demo.visitor import Disturbed, Visitor

pytestmark = pytest.mark.trio


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "posts.jsonl"


def texts(lines: object) -> list[str]:
    assert isinstance(lines, list)
    return [str(line).partition(": ")[2] for line in lines]


async def crash_board(visitor: Visitor, key: str) -> None:
    assert "division by zero" in await denied(visitor, f"POST {key} =1/0")


async def test_what_is_posted_can_be_read_and_found(file: Path) -> None:
    async with running(file) as service, service.visit() as ada:
        [first] = await ada.ask("POST general Hello, world")
        await ada.ask("POST trio hello again")
        await ada.ask("POST general =22/8")
        assert first.startswith("general 0 guest-")
        assert texts(await ada.ask("READ general")) == ["Hello, world", "22/8 = 2.75"]
        assert texts(await ada.ask("READ general 1")) == ["22/8 = 2.75"]
        assert texts(await ada.ask("FIND HELLO")) == ["Hello, world", "hello again"]
        assert texts(await ada.ask("FIND nothing")) == []


async def test_errors_are_answered_in_the_protocol_and_the_connection_goes_on(
    file: Path,
) -> None:
    async with running(file) as service, service.visit() as ada:
        assert "try HELP" in await denied(ada, "DANCE")
        assert "at most 1000 bytes" in await denied(ada, "POST general " + "x" * 1000)
        assert "such as =22/7" in await denied(ada, "POST general =1+1")
        assert "cannot be crashed" in await denied(ada, "CRASH connections")
        assert "cannot be crashed" in await denied(ada, "CRASH nobody")
        assert len(await ada.ask("HELP")) > 5
        assert service.root.supervisor("memory").statistics().restarts == 0


async def test_a_board_starts_when_it_is_first_asked_for(file: Path) -> None:
    async with running(file) as service, service.visit() as ada:
        assert await ada.ask("BOARDS") == []
        await ada.ask("READ general")
        assert await ada.ask("BOARDS") == ["general running"]


async def test_subscribers_are_sent_what_others_post(file: Path) -> None:
    async with running(file) as service:
        async with service.visit() as ada, service.visit() as bob:
            await ada.ask("SUBSCRIBE general")
            assert "already" in await denied(ada, "SUBSCRIBE general")
            await bob.ask("POST trio nobody follows this")
            [post] = await bob.ask("POST general hi")
            assert await ada.read() == f"* {post}"


async def test_a_crash_of_a_board_leaves_members_of_other_boards_alone(
    file: Path,
) -> None:
    async with running(file) as service:
        async with service.visit() as ada, service.visit() as bob:
            await ada.ask("SUBSCRIBE trio")
            await crash_board(bob, "general")
            await bob.ask("POST trio still here")
            assert (await ada.read()).endswith(": still here")
            assert service.board("trio").restarts == 0
            assert service.board("general").restarts == 1


async def test_members_follow_their_board_into_its_next_life(file: Path) -> None:
    async with running(file) as service:
        async with service.visit() as ada, service.visit() as bob:
            await bob.ask("POST general before")
            await ada.ask("SUBSCRIBE general")
            await crash_board(bob, "general")
            assert "! general ended, crashed: ZeroDivisionError" in await ada.read()
            assert texts(await ada.ask("READ general")) == ["before"]
            await bob.ask("POST general after")
            assert (await ada.read()).endswith(": after")


async def test_a_crash_of_the_store_restarts_the_index_and_no_board(file: Path) -> None:
    async with running(file) as service, service.visit() as ada:
        await ada.ask("SUBSCRIBE general")
        await ada.ask("POST general kept")
        store = service.root.server(Store, "memory", "store")
        index = service.root.server(Index, "memory", "index")
        await ada.ask("CRASH store")
        await index.wait_exit(1)
        await index.wait_running()
        await ada.ask("POST general more")
        assert texts(await ada.ask("FIND kept")) == ["kept"]
        assert (store.life, index.life) == (2, 2)
        assert service.board("general").life == 1
        assert texts(ada.news) == ["kept", "more"]
        assert texts(await ada.ask("READ general")) == ["kept", "more"]


async def test_a_search_does_not_hold_up_the_restart_of_the_store(file: Path) -> None:
    async with running(file) as service, service.visit() as ada:
        store = service.root.server(Store, "memory", "store")
        index = service.root.server(Index, "memory", "index")
        store.cast(Store.crash)
        # The search waits for the store, and the store for the index to end.
        with pytest.raises(ServerExit):
            await index.call(Index.find, "kept")
        with trio.fail_after(2):
            await store.wait_running()
        assert texts(await ada.ask("FIND kept")) == []


async def test_a_crash_of_the_index_leaves_the_store_alone(file: Path) -> None:
    async with running(file) as service, service.visit() as ada:
        await ada.ask("POST general kept")
        index = service.root.server(Index, "memory", "index")
        await ada.ask("CRASH index")
        await index.wait_exit(1)
        await index.wait_running()
        assert texts(await ada.ask("FIND kept")) == ["kept"]
        assert service.root.server(Store, "memory", "store").life == 1


async def test_requests_that_wait_for_a_crashed_store_are_answered(file: Path) -> None:
    async with running(file) as service, service.visit() as ada:
        for _ in range(3):  # From the second on there is a delay.
            await ada.ask("CRASH store")
            await ada.ask("POST general text")
        assert len(await ada.ask("READ general")) == 3


async def test_a_connection_that_crashes_takes_nobody_along(file: Path) -> None:
    async with running(file) as service:
        async with service.visit() as ada, service.visit() as bob:
            with pytest.raises(Disturbed):
                await ada.ask("CRASH")
            await bob.ask("POST general hi")
            connections = service.connections
            assert connections.count_children().active == 1
            assert connections.statistics().restarts == 0


async def test_a_client_that_leaves_is_forgotten(file: Path) -> None:
    async with running(file) as service:
        connections = service.connections
        async with service.visit() as ada:
            await ada.ask("SUBSCRIBE general")
            [session] = connections.which_children()
            await ada.ask("QUIT")
            with pytest.raises(Disturbed):
                await ada.read()
        await session.handle.wait_stopped()
        exit = session.handle.last_exit
        assert exit is not None
        assert exit.kind == "normal"
        assert connections.which_children() == []


async def test_connections_are_told_that_the_service_stops(file: Path) -> None:
    async with running(file) as service, service.visit() as ada:
        await ada.ask("HELP")
        await service.root.stop()
        assert await ada.read() == "! goodbye, the service stops"
        with pytest.raises(Disturbed):
            await ada.read()


async def test_a_board_that_keeps_crashing_is_quarantined_and_let_out_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "BUDGET", Budget(1, 10.0, then="quarantine"))
    async with running(file) as service, service.visit() as ada:
        await ada.ask("POST general kept")
        general = service.board("general")
        await crash_board(ada, "general")
        await crash_board(ada, "general")
        assert await ada.ask("BOARDS") == ["general quarantined"]
        assert "quarantined" in await denied(ada, "READ general")
        await ada.ask("POST trio the others do not mind")
        # Only now, so that no earlier tick lets it out.
        monkeypatch.setattr(ticker, "QUARANTINE", 0.0)
        service.root.server(Ticker, "ticker").cast(Ticker.tick)
        await general.wait_stopped()
        while general.status != "gone":
            await trio.sleep(0.01)
        assert texts(await ada.ask("READ general")) == ["kept"]


async def test_an_idle_board_ends_and_comes_back_with_its_posts(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "IDLE", 0.1)
    async with running(file) as service, service.visit() as ada:
        await ada.ask("POST general kept")
        general = service.board("general")
        await general.wait_stopped()
        assert general.last_exit == Exit("normal")
        assert await ada.ask("BOARDS") == []
        assert texts(await ada.ask("READ general")) == ["kept"]


async def test_a_followed_board_is_not_idle_until_the_last_member_leaves(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "IDLE", 0.05)
    async with running(file) as service, service.visit() as ada:
        async with service.visit() as bob:
            await bob.ask("SUBSCRIBE general")
            general = service.board("general")
            general.cast(Board.end)
            assert await general.call(Board.read, 1) == []
            assert await ada.ask("BOARDS") == ["general running"]
        await general.wait_stopped()


async def test_clients_inside_the_program_visit_it_and_come_back_after_a_crash(
    file: Path,
) -> None:
    async with running(file, Options(clients=3)) as service, service.visit() as ada:
        while len(await ada.ask("BOARDS")) < 3:
            await trio.sleep(0.01)
        guests = service.connections
        assert guests.count_children().active == 4
        async with current_node().events() as events:
            for key in ("trio", "otp", "python"):
                await crash_board(ada, key)
            came_back = 0
            async for event in events:
                if event.kind == "child_started" and "/connections/" in event.path:
                    came_back += 1
                if came_back == 3:
                    break


@pytest.mark.parametrize(
    "options",
    [Options(), Options("shop", 0, 0.5, 90.0, 4242), Options(chaos=1e-3)],
)
async def test_options_come_through_a_command_line_as_they_were(
    options: Options,
) -> None:
    assert Options.from_argv(options.to_argv()) == options

"""The inside of a child on request: bounded, redacted, and harmless to it."""

import math
import time
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from tests.inspect.looking import looking
from trio_sup import (
    Budget,
    Caller,
    GenServer,
    Mailbox,
    ServerRef,
    call,
    cast,
    child,
    open_supervisor,
)
from trio_sup.inspect.node.detail_parts import MESSAGES
from trio_sup.inspect.node.watching import LEASE


class Hostile:
    def __repr__(self) -> str:
        raise SystemExit("a repr was called")


class Shop(GenServer):
    def __init__(self) -> None:
        self.stock = {"apples": 3}
        self.password = "hunter2"
        self.hostile = Hostile()
        self.gate = trio.Event()

    @cast
    async def wait(self, n: int, *, token: str = "") -> None:
        await self.gate.wait()

    @call
    async def ask(self, other: object) -> int:
        return 1

    async def handle_info(self, message: object) -> None:
        pass

    @cast
    async def fail(self) -> None:
        raise ValueError("no more")


class Proud(Shop):
    def format_status(self, status: dict[str, object]) -> dict[str, object]:
        return {"state": {"shown": "this"}}


class Slow(Shop):
    asked = 0

    def format_status(self, status: dict[str, object]) -> dict[str, object]:
        type(self).asked += 1
        time.sleep(0.15)
        return status


class Rude(Shop):
    def format_status(self, status: dict[str, object]) -> dict[str, object]:
        raise SystemExit


@pytest.mark.trio
async def test_a_mailbox_is_shown_with_arguments_callers_and_ages(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_supervisor([child(Shop, id="shop")], id="top") as sup:
        shop = sup.server(Shop, "shop")
        shop.cast(Shop.wait, 1)
        shop.cast(Shop.wait, 2, token="secret")
        shop.send(Hostile())

        async def caller() -> None:
            await shop.call(Shop.ask, shop)

        caller_child = await sup.start_child(child(caller, id="caller"))
        await caller_child.wait_running()
        async with looking(tmp_path) as looker:
            mailbox = (await looker.watch("top/shop", "mailbox")).mailbox
            assert mailbox is not None
            assert mailbox.total == 3
            assert mailbox.current is not None
            assert (mailbox.current.op, mailbox.current.text) == ("wait", "(1)")
            assert [(m.kind, m.op, m.text, m.sender) for m in mailbox.letters] == [
                ("cast", "wait", "(2, token=<redacted>)", ""),
                ("info", "handle_info", "(<Hostile>)", ""),
                ("call", "ask", "(<ServerRef top/shop>)", "top/caller"),
            ]
            first_seen = mailbox.letters[0].seen
            await trio.sleep(3)
            shop.cast(Shop.fail)
            number = looker.id_of("top/shop")

            def grown() -> bool:
                part = looker.session.details[number].mailbox
                return part is not None and part.total == 4

            await looker.until(grown)
            later = looker.session.details[number].mailbox
            assert later is not None
            assert later.letters[0].seen == first_seen
            assert later.letters[3].seen >= first_seen + 2
        await caller_child.record.handle.wait_running()
        sup.server(Shop, "shop").record.mailbox.server.gate.set()


@pytest.mark.trio
async def test_of_a_long_mailbox_the_first_messages_are_sent_and_all_are_counted(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    roomy = child(Shop, id="shop", mailbox=Mailbox(100_000), shutdown="brutal_kill")
    async with open_supervisor([roomy], id="top") as sup:
        shop = sup.server(Shop, "shop")
        for n in range(50_001):
            shop.cast(Shop.wait, n)
        async with looking(tmp_path) as looker:
            mailbox = (await looker.watch("top/shop", "mailbox")).mailbox
            assert mailbox is not None
            assert mailbox.total == 50_000
            assert len(mailbox.letters) == MESSAGES
            assert mailbox.letters[0].text == "(1)"


@pytest.mark.trio
@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (Shop, ["stock = {'apples': 3}", "password = <redacted>", "hostile"]),
        (Proud, ["shown = 'this'"]),
        (Rude, ["state = '<format_status raised SystemExit>'"]),
    ],
)
async def test_a_state_is_shown_without_running_the_program_or_as_it_wants(
    kind: type[Shop], shown: list[str], tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_supervisor([child(kind, id="shop")], id="top"),
        looking(tmp_path) as looker,
    ):
        state = (await looker.watch("top/shop", "state")).state
        assert state is not None
        lines = state.text.split("\n")
        assert [line[: len(text)] for line, text in zip(lines, shown)] == shown  # noqa: B905
        assert "hunter2" not in state.text


@pytest.mark.trio
async def test_a_state_is_read_once_until_asked_again_or_another_life(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_supervisor([child(Shop, id="shop")], id="top") as sup,
        looking(tmp_path) as looker,
    ):
        session, number = looker.session, looker.id_of("top/shop")

        def text() -> str:
            state = session.details[number].state
            return "" if state is None else state.text

        await looker.watch("top/shop", "state", "overview")
        server = sup.server(Shop, "shop").record.mailbox
        assert server is not None
        assert isinstance(server.server, Shop)
        server.server.stock = {"pears": 1}
        await looker.until(lambda: session.node_time(trio.current_time()) > 5)
        assert "apples" in text()
        session.ask.refresh(number)
        await looker.until(lambda: "pears" in text())
        sup.server(Shop, "shop").cast(Shop.fail)
        await looker.until(lambda: "apples" in text())


@pytest.mark.trio
async def test_a_slow_format_status_is_called_once_only(tmp_path: Path) -> None:
    Slow.asked = 0
    async with (
        open_supervisor([child(Slow, id="shop")], id="top"),
        looking(tmp_path) as looker,
    ):
        session, number = looker.session, looker.id_of("top/shop")
        await looker.watch("top/shop", "state")

        def refused() -> bool:
            state = session.details[number].state
            return state is not None and "not called again" in state.note

        session.ask.refresh(number)
        await looker.until(refused)
        assert Slow.asked == 1


def hide(text: str) -> str:
    return "XXX"


@pytest.mark.trio
async def test_a_node_can_hide_contents_or_have_them_redacted(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_supervisor([child(Shop, id="shop")], id="top") as sup:
        shop = sup.server(Shop, "shop")
        shop.cast(Shop.wait, 1)
        shop.cast(Shop.wait, 2)
        async with looking(tmp_path, contents=False) as looker:
            detail = await looker.watch("top/shop", "state", "mailbox")
            assert detail.mailbox is not None
            assert detail.state is not None
            assert detail.mailbox.hidden
            assert [m.text for m in detail.mailbox.letters] == [""]
            assert detail.state.text == ""
        async with looking(tmp_path, redact=hide) as looker:
            detail = await looker.watch("top/shop", "state", "mailbox")
            assert detail.mailbox is not None
            assert detail.state is not None
            assert [m.text for m in detail.mailbox.letters] == ["XXX"]
            assert detail.state.text == "XXX"
        assert shop.record.mailbox is not None
        assert isinstance(shop.record.mailbox.server, Shop)
        shop.record.mailbox.server.gate.set()


@pytest.mark.trio
async def test_a_stack_is_that_of_the_childs_own_tasks(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async def work() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever, name="helper")

    async with (
        open_supervisor([child(work, id="w"), child(Shop, id="shop")], id="top"),
        looking(tmp_path) as looker,
    ):
        stack = (await looker.watch("top/w", "stack")).stack
        assert stack is not None
        assert [(s.name, s.depth) for s in stack] == [("top/w", 0), ("helper", 1)]
        assert stack[0].frames[-1].function.endswith("work")
        assert stack[0].frames[-1].code == "async with trio.open_nursery() as nursery:"
        above = (await looker.watch("top", "stack")).stack
        assert above is not None
        assert [s.name for s in above] == ["top"]


@pytest.mark.trio
async def test_history_has_the_last_lives_with_times_and_reasons(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async def dies() -> None:
        await trio.sleep(2)
        raise ValueError("boom")

    limit = Budget(1, 60, then="quarantine")
    async with (
        open_supervisor([child(dies, id="d", budget=limit)], id="top") as sup,
        looking(tmp_path) as looker,
    ):
        await sup.child("d").wait_stopped()
        history = (await looker.watch("top/d", "history")).history
        assert history is not None
        assert [(life.life, life.kind) for life in history] == [
            (1, "crashed"),
            (2, "crashed"),
        ]
        assert history[0].text == "crashed: ValueError: boom"
        assert [
            round((life.ended or 0.0) - (life.began or 0.0), 1) for life in history
        ] == [2.0, 2.0]


class Watcher(GenServer):
    def __init__(self, target: str) -> None:
        self.target = target

    async def init(self) -> None:
        self.monitor(self.supervisor.child(self.target))  # type: ignore[attr-defined]


@pytest.mark.trio
async def test_links_name_monitors_waits_and_names(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    specs = [child(Shop, id="shop", name="the shop"), child(Watcher, "shop", id="w")]
    async with (
        open_supervisor(specs, id="top"),
        looking(tmp_path) as looker,
    ):
        shop, watcher = looker.id_of("top/shop"), looker.id_of("top/w")
        links = (await looker.watch("top/shop", "links")).links
        assert [(k.relation, k.id, k.text) for k in links or ()] == [
            ("name", 0, "the shop (registry)"),
            ("watched_by", watcher, "top/w"),
        ]
        links = (await looker.watch("top/w", "links")).links
        assert [(k.relation, k.id) for k in links or ()] == [("watches", shop)]


@pytest.mark.trio
async def test_after_the_lease_nothing_is_read_any_more(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_supervisor([child(Shop, id="shop")], id="top") as sup,
        looking(tmp_path) as looker,
    ):
        await looker.watch("top/shop", "mailbox")
        number = looker.id_of("top/shop")
        # The client forgets to renew: as one that was killed.
        leases: Any = looker.session.ask  # pyright: ignore[reportPrivateUsage]
        leases._watches[number].due = math.inf
        began = trio.current_time()
        sup.server(Shop, "shop").cast(Shop.wait, 1)
        sup.server(Shop, "shop").cast(Shop.wait, 2)
        await looker.until(lambda: trio.current_time() > began + LEASE + 2)
        sup.server(Shop, "shop").cast(Shop.wait, 3)
        await looker.until(lambda: trio.current_time() > began + LEASE + 6)
        mailbox = looker.session.details[number].mailbox
        assert mailbox is not None
        assert mailbox.total == 1
        queue = sup.server(Shop, "shop").record.mailbox
        assert queue is not None
        assert isinstance(queue.server, Shop)
        queue.server.gate.set()


class ClientActions(GenServer):
    """Keeps its caller waiting, and may call back."""

    def __init__(self) -> None:
        self.callers: list[Caller[int]] = []

    @call.deferred
    async def keep(self, caller: Caller[int]) -> None:
        self.callers.append(caller)

    @call
    async def through(self, other: "ServerRef[ClientActions]") -> int:
        return await other.call(ClientActions.keep)

    @cast
    async def back(self, other: "ServerRef[ClientActions]") -> None:
        await other.call(ClientActions.through, other)


@pytest.mark.trio
async def test_calls_that_wait_are_a_graph_and_a_ring_in_it_is_marked(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    specs = [
        child(ClientActions, id="a", shutdown=0.1),
        child(ClientActions, id="b", shutdown=0.1),
    ]
    async with open_supervisor(specs, id="top") as sup:
        a, b = sup.server(ClientActions, "a"), sup.server(ClientActions, "b")

        async def call_through() -> None:
            await a.call(ClientActions.through, b)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(call_through)
            await trio.testing.wait_all_tasks_blocked()
            # `a` waits for the deferred answer of `b`; now `b` waits for `a`.
            b.cast(ClientActions.back, a)
            async with looking(tmp_path) as looker:
                session = looker.session
                session.ask.follow("waits", trio.current_time())
                await looker.until(lambda: session.topics.waits)
                waits = session.topics.waits
                assert waits is not None
                ids = {looker.id_of("top/a"): "a", looker.id_of("top/b"): "b", 0: "-"}
                edges = {
                    (ids[e.source], ids[e.target], e.op, e.state) for e in waits.edges
                }
                assert edges == {
                    ("-", "a", "through", "waits"),
                    ("a", "b", "keep", "ring"),
                    ("b", "a", "through", "ring"),
                }
            nursery.cancel_scope.cancel()

"""Servers that wait for each other: refused at once, with the ring named."""

from typing import Any, ClassVar

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from trio_sup import (
    Caller,
    GenServer,
    Mailbox,
    ServerExit,
    ServerRef,
    Supervisor,
    WouldDeadlock,
    call,
    cast,
    child,
    multi_call,
    open_supervisor,
)


class Link(GenServer):
    """Passes a call on along a way of ids; deferred calls are kept."""

    kept: ClassVar[list[Caller[str]]] = []

    def peer(self, id: str) -> ServerRef["Link"]:
        assert isinstance(self.supervisor, Supervisor)
        return self.supervisor.server(Link, id)

    @call(raises=())
    async def go(self, way: Any) -> Any:
        if not way:
            return "end"
        ref = self.peer(way[0])
        return await ref.call(Link.go, way[1:])

    @call
    async def go_and_see(self, way: Any) -> Any:
        try:
            return await self.go(way)
        except WouldDeadlock as error:
            return str(error)

    @call
    async def spread(self, ways: Any) -> None:
        async with trio.open_nursery() as nursery:
            for way in ways:
                nursery.start_soon(self.go, way)

    @call
    async def ask_all(self, ids: Any) -> Any:
        refs = [self.peer(id) for id in ids]
        return await multi_call(refs, Link.go, [self.id])

    @call
    async def look(self, id: Any) -> Any:
        return await self.peer(id).get_state()

    @call
    async def look_after(self, id: Any, seconds: Any) -> Any:
        await trio.sleep(seconds)
        return await self.look(id)

    @call
    async def look_back(self, id: Any, seconds: Any) -> Any:
        await trio.sleep(seconds)
        return await self.peer(id).call(Link.look, self.id)

    @call
    async def stop_other(self, id: Any, seconds: Any) -> Any:
        await trio.sleep(seconds)
        try:
            return await self.peer(id).stop()
        except WouldDeadlock as error:
            return str(error)

    @call
    async def fill_other(self, id: Any, seconds: Any) -> Any:
        await trio.sleep(seconds)
        try:
            for _ in range(2):
                await self.peer(id).cast_wait(Link.nothing)
        except WouldDeadlock as error:
            return str(error)

    @cast
    async def nothing(self) -> None:
        pass

    @call
    async def wait(self, seconds: Any) -> None:
        await trio.sleep(seconds)

    @call.deferred
    async def keep(self, caller: Caller[str]) -> None:
        self.kept.append(caller)

    @call
    async def ask_keeper(self, id: Any) -> Any:
        return await self.peer(id).call(Link.keep)

    @call
    async def answer(self) -> None:
        self.kept.pop().reply("kept")


def tree(ids: Any, **options: Any) -> Any:
    return open_supervisor([child(Link, id=id, **options) for id in ids])


@pytest.mark.trio
async def test_two_servers_that_call_each_other_get_an_error_that_names_the_ring() -> (
    None
):
    """Peer trap 20."""
    async with tree("ab") as sup:
        with trio.fail_after(1), pytest.raises(ServerExit) as caught:
            await sup.server(Link, "a").call(Link.go, ["b", "a"])
        error: BaseException = caught.value
        while isinstance(error.__cause__, Exception):
            error = error.__cause__
        assert isinstance(error, WouldDeadlock)
        assert "'root/b' calls go of 'root/a', which waits for 'root/b'" in str(error)


@pytest.mark.trio
async def test_a_ring_of_many_is_named_in_its_order_and_can_be_survived() -> None:
    class Careful(Link):
        @call(raises=())
        async def go(self, way: Any) -> Any:
            try:
                return await super().go(way)
            except WouldDeadlock as error:
                return str(error)

    async with open_supervisor([child(Careful, id=id) for id in "abcd"]) as sup:
        text = await sup.server(Link, "a").call(Link.go, ["b", "c", "d", "a"])
        ring = ", which waits for ".join(f"'root/{id}'" for id in "abcd")
        assert f"'root/d' calls go of {ring}:" in text
        # Nothing is left behind.
        assert await sup.server(Link, "d").call(Link.go, ["a", "b"]) == "end"
        for id in "abcd":
            assert not sup.server(Link, id).mailbox.outgoing


@pytest.mark.trio
async def test_a_ring_is_found_through_a_queued_request(
    autojump_clock: MockClock,
) -> None:
    """a waits in b's queue; b, busy, then calls a."""
    async with tree("ab") as sup, trio.open_nursery() as nursery:
        a, b = sup.server(Link, "a"), sup.server(Link, "b")
        failed: list[Any] = []

        async def ask(ref: Any, *args: Any) -> None:
            try:
                await ref.call(*args)
            except ServerExit:
                failed.append(ref.id)

        nursery.start_soon(ask, b, Link.look_back, "a", 1)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(ask, a, Link.go, ["b"])
        await trio.sleep(2)
    # b broke the ring; a's request was in its queue.
    assert sorted(failed) == ["a", "b"]


@pytest.mark.trio
async def test_system_requests_and_multi_calls_count_as_waiting() -> None:
    async with tree("abc") as sup:
        ref = sup.server(Link, "a")
        with trio.fail_after(1), pytest.raises(ServerExit):
            await ref.call(Link.look, "a")
        await ref.wait_running()
        with trio.fail_after(1):
            replies = await ref.call(Link.ask_all, ["b", "c"])
        causes: list[Any] = [e.__cause__ for e in replies.failed.values()]
        assert {type(cause) for cause in causes} == {WouldDeadlock}
        await sup.server(Link, "b").wait_running()
        await sup.server(Link, "c").wait_running()


@pytest.mark.trio
async def test_a_task_below_the_handler_closes_a_ring_too() -> None:
    async with tree("abc") as sup:
        with trio.fail_after(1), pytest.raises(ServerExit):
            await sup.server(Link, "a").call(Link.spread, [["b"], ["c", "a"]])


@pytest.mark.trio
async def test_a_diamond_is_no_ring() -> None:
    async with tree("abcd") as sup:
        with trio.fail_after(1):
            await sup.server(Link, "a").call(Link.spread, [["b", "d"], ["c", "d"]])


@pytest.mark.trio
async def test_a_deferred_call_is_no_ring_as_somebody_else_may_answer() -> None:
    async with tree("ab") as sup, trio.open_nursery() as nursery:
        a, b = sup.server(Link, "a"), sup.server(Link, "b")
        answers: list[Any] = []

        async def ask() -> None:
            answers.append(await a.call(Link.ask_keeper, "b"))

        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        # a waits for b, who is idle and calls a: that waits, and is no error.
        nursery.start_soon(b.call, Link.go, ["a"])
        await trio.testing.wait_all_tasks_blocked()
        Link.kept.pop().reply("kept")
        await trio.testing.wait_all_tasks_blocked()
        assert answers == ["kept"]


@pytest.mark.trio
async def test_a_caller_that_gave_up_is_no_part_of_a_ring(
    autojump_clock: MockClock,
) -> None:
    class Impatient(Link):
        @call
        async def try_for(self, seconds: Any, way: Any) -> Any:
            with trio.move_on_after(seconds):
                await self.go(way)
            return "gave up"

    specs = [child(Impatient, id="a"), child(Link, id="b")]
    async with open_supervisor(specs) as sup, trio.open_nursery() as nursery:
        a, b = sup.server(Impatient, "a"), sup.server(Link, "b")
        nursery.start_soon(lambda: b.call(Link.wait, 5))
        await trio.testing.wait_all_tasks_blocked()
        assert await a.call(Impatient.try_for, 1, ["b"]) == "gave up"
        assert not a.mailbox.outgoing
        assert await b.call(Link.go, ["a"]) == "end"


async def ask_both(sup: Supervisor, first: Any, second: Any) -> dict[Any, Any]:
    """Let a handler of `a` wait for `b`, then one of `b` for `a`; their answers."""
    answers: dict[Any, Any] = {}

    async def ask(id: str, op: Any, other: str, seconds: float) -> None:
        try:
            answer = await sup.server(Link, id).call(op, other, seconds)
        except ServerExit as error:
            answer = error
        answers[id] = answer

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, "a", first, "b", 1)
            nursery.start_soon(ask, "b", second, "a", 2)
    return answers


@pytest.mark.trio
async def test_waiting_for_the_end_of_a_server_counts_too(
    autojump_clock: MockClock,
) -> None:
    async with tree("ab", restart="temporary") as sup:
        answers = await ask_both(sup, Link.stop_other, Link.stop_other)
    assert "'root/b' calls stop of 'root/a', which waits for 'root/b'" in answers["b"]
    assert answers["a"].kind == "normal"


@pytest.mark.trio
async def test_waiting_for_the_end_of_a_caller_is_refused(
    autojump_clock: MockClock,
) -> None:
    async with tree("ab") as sup:
        answers = await ask_both(sup, Link.look_after, Link.stop_other)
        assert "which waits for 'root/b'" in answers["b"]
        assert answers["a"] == {}


@pytest.mark.trio
async def test_waiting_for_room_counts_too(autojump_clock: MockClock) -> None:
    async with tree("ab", mailbox=Mailbox(1)) as sup:
        answers = await ask_both(sup, Link.fill_other, Link.fill_other)
        assert "calls nothing of 'root/a', which waits for 'root/b'" in answers["b"]
        assert answers["a"] is None
        # With room there is nothing to wait for.
        assert await sup.server(Link, "a").call(Link.stop_other, "b", 0)


@pytest.mark.trio
async def test_waiting_for_room_in_ones_own_mailbox_is_refused() -> None:
    async with tree("a", mailbox=Mailbox(1)) as sup:
        answer = await sup.server(Link, "a").call(Link.fill_other, "a", 0)
    assert "'root/a' calls itself (nothing)" in answer

"""Calls and casts from node to node: what arrives, and what is known when nothing does."""

import math

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.cluster.nodes import (
    KEY,
    TTL,
    Board,
    Full,
    Unknown,
    User,
    board,
    board_on_a,
    nodes,
)
from trio_sup import (
    NoProcess,
    ServerExit,
    StartFailed,
    call as server_call,
    open_supervisor,
)
from trio_sup.cluster import (
    CallTimeout,
    Cluster,
    ConnectionChanged,
    EngineUnavailable,
    LocalBackend,
    NameTaken,
    NodeDown,
    NotPortable,
    NotRegistered,
    Overloaded,
    Refused,
    RemoteCrash,
)


@pytest.mark.trio
async def test_arguments_and_answers_cross_as_their_declared_types(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with board_on_a(LocalBackend()) as (a, b, _):
        here, there = a.ref(KEY, Board), b.ref(KEY, Board)
        assert await there.call(Board.join, User("ann", 30)) == [User("ann", 30)]
        assert await here.call(Board.join, User("bob")) == [
            User("ann", 30),
            User("bob"),
        ]
        assert await there.call(Board.echo, [1, "x", None]) == [1, "x", None]
        assert await b.whereis(KEY) == "a"


@pytest.mark.trio
async def test_declared_errors_cross_as_their_types(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with board_on_a(LocalBackend()) as (_, b, root):
        there = b.ref(KEY, Board)
        for name in ("x", "y", "z"):
            await there.call(Board.join, User(name))
        with pytest.raises(Full) as full:
            await there.call(Board.join, User("w"))
        assert full.value.args == ("no room", 3)
        with pytest.raises(Unknown) as unknown:
            await there.call(Board.leave, "w", tries=4)
        assert (unknown.value.who, unknown.value.tries) == ("w", 4)
        assert root.which_children()[0].handle is not None
        assert await there.call(Board.life_now) == 1, "it lives on"


@pytest.mark.trio
async def test_a_crash_crosses_as_text_and_the_name_of_its_type(
    quiet_log: None, autojump_clock: trio.abc.Clock
) -> None:
    async with board_on_a(LocalBackend()) as (_, b, _root):
        there = b.ref(KEY, Board)
        with pytest.raises(RemoteCrash) as crash:
            await there.call(Board.crash)
        assert crash.value.type_name == "builtins.RuntimeError"
        assert crash.value.text == "RuntimeError: on purpose"
        assert isinstance(crash.value, ServerExit)
        assert crash.value.may_have_run
        assert crash.value.exit.kind == "crashed"
        assert await there.call(Board.life_now) == 2


@pytest.mark.trio
async def test_a_deferred_answer_comes_when_somebody_gives_it(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with (
        board_on_a(LocalBackend()) as (_, b, _root),
        trio.open_nursery() as tasks,
    ):
        there, got = b.ref(KEY, Board), []

        async def ask() -> None:
            got.append(await there.call(Board.later))

        tasks.start_soon(ask)
        tasks.start_soon(ask)
        await trio.sleep(0.01)
        assert await there.call(Board.answer_all, "now") == 2
        await wait_all_tasks_blocked()
        assert got == ["now", "now"]


@pytest.mark.trio
async def test_messages_of_one_sender_arrive_in_order_and_once(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with board_on_a(LocalBackend()) as (_, b, _root):
        there = b.ref(KEY, Board)
        for number in range(300):
            there.cast(Board.see, number)
        # A call behind them, sent while their receiver is still being looked up.
        assert await there.call(Board.numbers) == list(range(300))


@pytest.mark.trio
async def test_nobody_under_a_name_is_not_executed(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with nodes(LocalBackend(), "a") as (a,):
        with pytest.raises(
            NotRegistered, match="is not registered in the cluster"
        ) as error:
            await a.ref("nobody", Board).call(Board.life_now)
        assert isinstance(error.value, NoProcess)
        assert not error.value.may_have_run
        a.ref("nobody", Board).cast(Board.see, 1)
        await trio.sleep(0.01)
        assert a.statistics().casts_lost == 1


@pytest.mark.trio
async def test_a_caller_waits_so_long_and_no_longer(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with board_on_a(LocalBackend()) as (a, b, _):
        for cluster in (b, a):
            before = trio.current_time()
            with pytest.raises(CallTimeout, match="within 2 s") as error:
                await cluster.ref(KEY, Board).with_timeout(2).call(Board.wait)
            assert trio.current_time() == before + 2
            assert isinstance(error.value, trio.TooSlowError)
            assert error.value.may_have_run


@pytest.mark.trio
@pytest.mark.parametrize("seconds", [-1, math.nan])
async def test_a_timeout_is_a_number_from_zero_on(
    seconds: float, autojump_clock: trio.abc.Clock
) -> None:
    async with nodes(LocalBackend(), "a") as (a,):
        with pytest.raises(ValueError, match="a timeout must be a number >= 0"):
            a.ref(KEY, Board).with_timeout(seconds)


async def call_and_fail(b: Cluster, error: type[Exception]) -> float:
    before = trio.current_time()
    with pytest.raises(error) as raised:
        await b.ref(KEY, Board).with_timeout(1000).call(Board.wait)
    assert raised.value.may_have_run  # type: ignore[attr-defined]
    return trio.current_time() - before


@pytest.mark.trio
async def test_a_call_of_a_node_that_is_cut_off_ends_when_the_node_is_declared_dead(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with board_on_a(backend) as (_, b, _root):
        await b.ref(KEY, Board).call(Board.life_now)
        backend.cut("a")
        assert await call_and_fail(b, NodeDown) <= TTL * 4 / 3


@pytest.mark.trio
async def test_a_call_ends_when_its_own_node_loses_its_lease(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with board_on_a(backend) as (_, b, _root), trio.open_nursery() as tasks:
        tasks.start_soon(call_and_fail, b, NodeDown)
        await trio.sleep(0.1)
        backend.cut("b")


@pytest.mark.trio
async def test_a_call_of_a_node_that_leaves_ends_at_once(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with nodes(backend, "b") as (b,), trio.open_nursery() as tasks:
        leave = trio.Event()

        async def other() -> None:
            async with nodes(backend, "a") as (a,), open_supervisor([board(a)]):
                await leave.wait()

        tasks.start_soon(other)
        await trio.sleep(0.1)
        with trio.fail_after(6):  # the grace of its server, and no more
            async with trio.open_nursery() as calls:

                async def ask() -> None:
                    # Its server is stopped, and says so, before the node leaves.
                    with pytest.raises(ServerExit):
                        await b.ref(KEY, Board).with_timeout(1000).call(Board.wait)

                calls.start_soon(ask)
                await trio.sleep(0.1)
                leave.set()


@pytest.mark.trio
async def test_calls_in_progress_end_when_the_link_was_broken(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with board_on_a(backend) as (_, b, _root), trio.open_nursery() as tasks:

        async def ask() -> None:
            with pytest.raises(ConnectionChanged) as error:
                await b.ref(KEY, Board).with_timeout(1000).call(Board.wait)
            assert error.value.may_have_run

        tasks.start_soon(ask)
        await trio.sleep(0.1)
        for broken in ("b", "a"):
            backend.cut(broken)
            backend.heal(broken)
            await trio.sleep(0.1)
            if broken == "b":
                tasks.start_soon(ask)
                await trio.sleep(0.1)


@pytest.mark.trio
async def test_without_a_lease_nothing_is_sent(autojump_clock: trio.abc.Clock) -> None:
    backend = LocalBackend()
    async with board_on_a(backend) as (_, b, _root):
        ref = b.ref(KEY, Board)
        await ref.call(Board.life_now)
        backend.cut("b")
        with pytest.raises(EngineUnavailable):
            await ref.call(Board.life_now)
        await trio.sleep(2 * TTL)
        assert b.id is None
        with pytest.raises(EngineUnavailable, match="'b' has no lease"):
            await ref.call(Board.life_now)
        with pytest.raises(EngineUnavailable):
            ref.cast(Board.see, 1)
        with pytest.raises(EngineUnavailable):
            await b.whereis(KEY)
        backend.heal("b")
        await trio.sleep(TTL)
        assert await ref.call(Board.life_now) == 1


@pytest.mark.trio
async def test_a_name_that_moved_is_found_again_and_nothing_runs_twice(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with nodes(LocalBackend(), "a", "b", "c") as (a, b, c):
        ref = c.ref(KEY, Board)
        for place in (a, b, a):
            async with open_supervisor([board(place)]):
                assert await ref.call(Board.join, User("x")) == [User("x")]
                assert await c.whereis(KEY) == place.node
        with pytest.raises(NoProcess):
            await ref.call(Board.join, User("x"))


@pytest.mark.trio
async def test_a_request_that_the_other_version_does_not_know_is_refused(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with board_on_a(LocalBackend()) as (a, b, _):
        ref = b.ref(KEY, Newer)
        with pytest.raises(Refused, match="Board has no call 'newest'") as error:
            await ref.call(Newer.newest)
        assert not error.value.may_have_run
        with pytest.raises(Refused, match="expected str, not int"):
            await ref.call(Newer.answer_all, 5)
        assert a.statistics().refused == 2


class Newer(Board):
    @server_call
    async def newest(self) -> None: ...

    @server_call
    async def answer_all(self, text: int) -> int:  # type: ignore[override]
        return text


@pytest.mark.trio
async def test_what_is_no_data_is_refused_where_it_is_sent(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with board_on_a(LocalBackend()) as (_, b, _root):
        ref = b.ref(KEY, Board)
        with pytest.raises(NotPortable, match="object has no declared type"):
            await ref.call(Board.echo, object())
        with pytest.raises(TypeError, match="too many positional"):
            await ref.call(Board.life_now, 1)  # type: ignore[call-arg]
        assert await ref.call(Board.life_now) == 1


@pytest.mark.trio
async def test_a_name_has_one_child_in_all_nodes(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with nodes(LocalBackend(), "a", "b") as (a, b), open_supervisor([board(a)]):
        with pytest.raises(StartFailed) as failed:
            async with open_supervisor([board(b)]):
                pytest.fail("there are two")
        assert isinstance(failed.value.__cause__, NameTaken)
        assert failed.value.__cause__.owner == "a"


@pytest.mark.trio
async def test_so_much_and_no_more_waits_for_a_name_to_be_looked_up(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.abc.Clock
) -> None:
    monkeypatch.setattr("trio_sup.cluster._nodes.outbox.MOST_WAITING", 3)
    async with board_on_a(LocalBackend()) as (_, b, _root):
        for number in range(3):
            b.ref(KEY, Board).cast(Board.see, number)
        with pytest.raises(Overloaded, match="3 messages wait"):
            b.ref(KEY, Board).cast(Board.see, 3)
        assert b.statistics().casts_lost == 0


@pytest.mark.trio
async def test_a_node_that_cannot_reach_its_engine_says_so_bare(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    backend.cut("a")
    with pytest.raises(EngineUnavailable, match="cannot join"):
        async with nodes(backend, "a"):
            pytest.fail("it is no member")


@pytest.mark.trio
async def test_what_the_block_raises_comes_as_it_is(
    autojump_clock: trio.abc.Clock,
) -> None:
    with pytest.raises(KeyError):
        async with nodes(LocalBackend(), "a", "b"):
            raise KeyError
    group = ExceptionGroup("mine", [KeyError()])
    with pytest.raises(ExceptionGroup) as raised:
        async with nodes(LocalBackend(), "a"):
            raise group
    assert raised.value is group


@pytest.mark.trio
async def test_an_operation_that_returns_nothing_is_answered(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with board_on_a(LocalBackend()) as (_, b, _root):
        assert await b.ref(KEY, Board).call(Board.nothing) is None  # type: ignore[func-returns-value]

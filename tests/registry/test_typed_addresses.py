"""Addresses of every kind: made once, typed, looked up at each use."""

import threading
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from trio_sup import (
    Attached,
    Backoff,
    Child,
    DynamicSupervisor,
    GenServer,
    NoProcess,
    PartitionSupervisor,
    Registry,
    ServerRef,
    Supervisor,
    TaskSupervisor,
    WrongKind,
    WrongRun,
    address,
    attach,
    call,
    cast,
    child,
    current_node,
    dynamic_supervisor,
    monitor,
    multi_call,
    open_supervisor,
    partition_supervisor,
    supervisor,
    task_supervisor,
)


class Counter(GenServer):
    def __init__(self) -> None:
        self.value = 0

    @call
    async def add(self, n: int) -> int:
        self.value += n
        return self.value

    @cast
    async def crash(self) -> None:
        raise RuntimeError


class Other(GenServer): ...


# As programs make them: at the top of a module, before there is any run.
SYNCS = address("syncs", DynamicSupervisor)
COUNTER = address("counter", Counter)
LATER = address("counter", Counter, wait=True)
POOL = address("syncs", DynamicSupervisor, wait=True)


async def seven() -> int:
    return 7


@pytest.mark.trio
async def test_a_supervisor_has_a_typed_address_that_is_made_once() -> None:
    async with open_supervisor([dynamic_supervisor(name="syncs")]):
        assert isinstance(SYNCS, DynamicSupervisor)
        ref = await SYNCS.start_child(child(Counter, name=COUNTER))
        assert await ref.call(Counter.add, 2) == 2
        assert await COUNTER.call(Counter.add, 2) == 4
        assert await SYNCS.get_or_start(child(Counter, name="counter")) == ref
        spec = child(Counter, name="counter")
        assert await SYNCS.call_or_start(spec, Counter.add, n=1) == 5
        assert [info.id for info in SYNCS.which_children()] == ["counter"]
        assert SYNCS.status == "running"
        await SYNCS.terminate_child("counter")
        assert SYNCS.count_children().active == 0


@pytest.mark.trio
async def test_every_kind_of_supervisor_can_be_reached_by_an_address() -> None:
    registry = Registry()
    specs = [
        supervisor([child(Counter)], name=registry.via("static")),
        task_supervisor(name=registry.via("tasks")),
        partition_supervisor(child(Counter), partitions=2, name=registry.via("parts")),
        dynamic_supervisor(name=registry.via("d")),
        child(trio.sleep_forever, name=registry.via("f")),
    ]
    static = registry.ref("static", Supervisor)
    tasks = registry.ref("tasks", TaskSupervisor)
    parts = registry.ref("parts", PartitionSupervisor[ServerRef[Counter]])
    anybody: Child = registry.ref("f")
    async with open_supervisor(specs) as sup:
        assert await static.server(Counter, "Counter").call(Counter.add, 1) == 1
        assert await tasks.async_nolink(seven).result() == 7
        async with tasks.linked() as links:
            assert await links.start(seven).result() == 7
        assert await parts.pick(0).call(Counter.add, 3) == 3
        assert await parts.resize(1) == 2
        assert anybody.status == "running"
        d: DynamicSupervisor = registry.ref("d", DynamicSupervisor)
        await d.start_child(child(Counter))
        async with monitor(d) as ends:
            await sup.terminate_child("dynamic_supervisor")
            assert (await anext(ends)).target == sup.child("dynamic_supervisor")


@pytest.mark.trio
async def test_an_address_of_a_supervisor_follows_its_name() -> None:
    registry = Registry()
    d = registry.ref("d", DynamicSupervisor)
    assert d.status == "gone"
    for use in (lambda: d.which_children(), lambda: d.path, lambda: d.life):
        with pytest.raises(NoProcess, match="'d' is not registered"):
            use()
    with pytest.raises(NoProcess):
        await d.start_child(child(Counter))
    for number in range(2):
        spec = dynamic_supervisor(id=number, name=registry.via("d"))
        async with open_supervisor([spec]) as sup:
            await d.start_child(child(Counter))
            assert d.path == ("root", number)
            await sup.terminate_child(number)
            await sup.restart_child(number)
            assert (d.life, d.which_children()) == (2, [])


@pytest.mark.trio
async def test_an_address_says_whom_it_did_not_expect() -> None:
    async with open_supervisor([child(Other, name="syncs")]):
        with pytest.raises(WrongKind):
            await SYNCS.start_child(child(Counter))
        with pytest.raises(WrongKind):
            await address("syncs", Counter, wait=True).call(Counter.add, 1)
    bad: Any
    for bad in (int, "Counter", Counter()):
        with pytest.raises(TypeError, match="an address needs a"):
            address("x", bad)
    with pytest.raises(ValueError, match="duplicate"):
        Registry("duplicate").ref("x", DynamicSupervisor)


@pytest.mark.trio
async def test_addresses_are_equal_by_what_they_name() -> None:
    one, two = Registry(), Registry()
    assert one.ref("x", Counter) == one.ref("x", DynamicSupervisor)
    assert one.ref("x") != two.ref("x")
    assert address("x") == address("x", Counter, wait=True)
    assert len({address("x"), address("x"), one.ref("x")}) == 2
    assert repr(SYNCS) == "<DynamicSupervisor 'syncs' of 'registry', gone>"


def test_an_address_can_be_shown_outside_of_a_run_and_used_inside_only() -> None:
    assert "gone" in repr(SYNCS)
    with pytest.raises(WrongRun):
        SYNCS.which_children()
    with pytest.raises(WrongRun):
        COUNTER.cast(Counter.crash)


@pytest.mark.trio
async def test_an_address_waits_by_itself_when_asked_to_once(
    autojump_clock: MockClock,
) -> None:
    backoff = Backoff(initial=3, jitter=0, immediate_first=False)
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        pool = sup.dynamic("d")
        answers: list[object] = []

        async def ask() -> None:
            answers.append(await LATER.call(Counter.add, 1))
            await LATER.suspend()
            await LATER.resume()
            answers.append(await LATER.with_timeout(9).get_state())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)  # for the first holder
            await wait_all_tasks_blocked()
            await pool.start_child(child(Counter, name="counter", backoff=backoff))
        assert answers == [1, {"value": 1}]
        LATER.cast(Counter.crash)  # through a restart
        await wait_all_tasks_blocked()
        began = trio.current_time()
        assert await LATER.call(Counter.add, 1) == 1
        assert trio.current_time() == began + 3
        await pool.terminate_child(LATER)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)  # and from one holder to the next
            await wait_all_tasks_blocked()
            await pool.start_child(child(Counter, name="counter"))
        assert answers[2:] == [1, {"value": 1}]


@pytest.mark.trio
async def test_a_supervisor_s_address_waits_by_itself_too(
    autojump_clock: MockClock,
) -> None:
    async with open_supervisor([supervisor([], id="s")]) as sup:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(POOL.start_child, child(Counter, name="counter"))
            await wait_all_tasks_blocked()
            await sup.start_child(dynamic_supervisor(name="syncs"))
        assert await LATER.call(Counter.add, 1) == 1
        spec = child(Counter, name="counter")
        assert await POOL.call_or_start(spec, Counter.add, n=1) == 2


@pytest.mark.trio
async def test_a_waiting_address_obeys_its_deadline(autojump_clock: MockClock) -> None:
    with pytest.raises(trio.TooSlowError, match="'counter' did not run in time"):
        await LATER.with_timeout(2).call(Counter.add, 1)
    with pytest.raises(trio.TooSlowError), trio.fail_after(2):
        await POOL.start_child(child(Counter))
    found = await multi_call([LATER.with_timeout(2)], Counter.add, 1)
    assert isinstance(found.failed[LATER], trio.TooSlowError)
    assert LATER.try_cast(Counter.crash) is False  # what is not awaited does not wait
    with pytest.raises(TypeError, match="too many"):
        await LATER.cast_wait(Counter.crash, 1)  # type: ignore[call-arg]


@pytest.mark.trio
async def test_a_waiting_address_is_not_for_ever_where_nobody_can_come() -> None:
    async with open_supervisor([child(Counter, name="counter")]) as sup:
        record = COUNTER.record
        await sup.terminate_child("Counter")
        assert record.status == "stopped"
        assert COUNTER.status == "gone"
        with trio.move_on_after(0) as scope:
            await LATER.call(Counter.add, 1)
        assert scope.cancelled_caught


@pytest.mark.trio
async def test_the_address_of_a_registry_is_a_name_too() -> None:
    registry = Registry()
    board = registry.ref("board", Counter)
    async with open_supervisor([child(Counter, name=board)]):
        assert registry.lookup("board", Counter).record is board.record
        assert current_node().registry.get("board") is None
        assert await board.call(Counter.add, 1) == 1


@pytest.mark.trio
async def test_an_attached_task_can_be_reached_by_an_address() -> None:
    viewer = address("viewer", Attached)
    async with attach(name="viewer") as me:
        viewer.send("hello")
        assert await me.receive() == "hello"


@pytest.mark.trio
async def test_an_address_is_for_the_run_that_uses_it() -> None:
    came: list[BaseException] = []

    def elsewhere() -> None:
        try:
            COUNTER.cast(Counter.crash)
        except WrongRun as error:
            came.append(error)

    async with open_supervisor([child(Counter, name="counter")]):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        await trio.to_thread.run_sync(thread.join)
        assert len(came) == 1
        assert COUNTER.life == 1


@pytest.mark.trio
async def test_the_exit_that_is_asked_for_between_two_lives_is_the_last_one(
    autojump_clock: MockClock,
) -> None:
    async def fails() -> None:
        await trio.sleep(1)
        raise OSError

    plain = address("plain", wait=True)
    slow = Backoff(initial=3, immediate_first=False, jitter=0)
    async with open_supervisor([child(fails, name=plain, backoff=slow)]):
        await trio.sleep(2)
        assert plain.status == "backing_off"
        assert (await plain.wait_exit()).kind == "crashed"
        assert trio.current_time() == 2

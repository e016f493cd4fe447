"""Odd but correct uses of names, tasks and blocks: the harness says nothing of them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from trio_sup import (
    Backoff,
    Budget,
    ChildQuarantined,
    ChildSpec,
    GenServer,
    Ignore,
    NoProcess,
    Registry,
    StartFailed,
    Stop,
    Supervisor,
    TaskExit,
    child,
    dynamic_supervisor,
    monitor,
    partition_supervisor,
    supervisor,
    task_supervisor,
)
from trio_sup._children.watching import Exits, Watch
from trio_sup.testing import (
    FailBlock,
    Fault,
    Interrupt,
    SupervisionViolation,
    Terminate,
    World,
    replay,
)
from trio_sup.testing._beside import laws

from .mutants.beside_ground import guards, watches


class Idle(GenServer):
    """A server that nobody asks."""


class Books:
    def __init__(self) -> None:
        self.names = Registry(name="names")
        self.heard: list[object] = []

    def listen(self, notice: object) -> None:
        self.heard.append(notice)


def listed() -> tuple[ChildSpec[Supervisor], Books]:
    books = Books()
    return supervisor([child(Idle, id="a", name=books.names.via("a"))], id="r"), books


async def comes_again(world: World) -> None:
    await world.root.terminate_child("a")
    await world.root.restart_child("a")
    await trio.sleep(1)


def test_a_method_listens_by_whatever_object_it_is() -> None:
    async def listens(world: World) -> None:
        books: Books = world.app
        for _ in range(2):
            books.names.add_listener(books.listen)
        await comes_again(world)
        assert len(books.heard) == 2
        books.names.remove_listener(books.listen)
        await comes_again(world)
        assert len(books.heard) == 2

    replay(listed, client=listens)


def test_who_begins_to_listen_hears_what_is_in_line() -> None:
    late: list[object] = []

    def fails(notice: object) -> None:
        raise ValueError(notice)

    async def listens(world: World) -> None:
        names: Registry = world.app.names
        names.add_listener(world.app.listen)
        names.register("b", owner=world.root.child("a"))
        names.add_listener(late.append)
        names.add_listener(fails)  # and is told all the same
        await trio.sleep(1)

    replay(listed, client=listens)
    assert len(late) == 3  # "b" comes, and both go in the end


# Monitors.


async def watches_the_dead(world: World) -> None:
    """Reads on until nothing more can come, or until the next life has ended."""
    target = world.root.child("a")
    await world.root.terminate_child("a")
    async with monitor(target, until="stopped") as exits:
        assert [down.exit.kind async for down in exits] == ["noproc"]

    async def goes_again() -> None:
        await comes_again(world)
        await world.root.terminate_child("a")

    async with monitor(target) as exits, trio.open_nursery() as nursery:
        nursery.start_soon(goes_again)
        assert (await anext(exits)).life == 1
        assert (await anext(exits)).life == 2


def test_who_watches_the_dead_until_they_stop_is_told_once() -> None:
    replay(listed, client=watches_the_dead)
    replay(guards, [Terminate("guards/p", at=0.0)], client=watches)


def waits_on(exits: Any) -> None:
    """Does not let the iteration end."""


def says_all_is_over(watch: Any) -> None:
    """Whoever is down is taken for one who never comes back."""
    begins(watch)
    record = watch._record
    if record is not None and not record.alive:
        watch.over()


begins = Watch.begin


@pytest.mark.parametrize(
    ("owner", "name", "broken", "words"),
    [
        (Exits, "over", waits_on, "no end can come, and one is waited for"),
        (Watch, "begin", says_all_is_over, "the iteration ends, and more is to come"),
    ],
)
def test_who_watches_the_dead_waits_no_longer_and_no_shorter(
    owner: type[Any],
    name: str,
    broken: Callable[..., None],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owner, name, broken)
    with pytest.raises(SupervisionViolation) as found:
        replay(listed, client=watches_the_dead, duration=4)
    problems = {(each.invariant, each.what) for each in found.value.world.problems}
    assert any(law == laws.ITERATED and words in said for law, said in problems)


# Holders of names.


async def no_such_device(
    *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    await trio.sleep(0.5)
    raise OSError("no such device")


async def lives_a_while() -> None:
    await trio.sleep(1)
    raise OSError("it broke")


def rented() -> ChildSpec[Supervisor]:
    return supervisor([dynamic_supervisor(id="rooms")], id="r")


async def shares_a_failure(world: World) -> None:
    rooms = world.root.dynamic("rooms")
    spec = child(no_such_device, name="n", restart="permanent")

    async def asks() -> None:
        with pytest.raises(StartFailed):
            await rooms.get_or_start(spec)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(asks)


async def asks_who_is_out_of_use(world: World) -> None:
    rooms = world.root.dynamic("rooms")
    budget = Budget(1, 60.0, then="quarantine")
    backoff = Backoff(initial=1, jitter=0, immediate_first=False)
    spec = child(
        lives_a_while, name="n", restart="permanent", budget=budget, backoff=backoff
    )
    first = await rooms.get_or_start(spec)
    await trio.sleep(1.5)
    assert await rooms.get_or_start(spec) is first  # waited for, in a backoff
    await trio.sleep(2.5)
    with pytest.raises(ChildQuarantined):
        await rooms.get_or_start(spec)


@pytest.mark.parametrize("client", [shares_a_failure, asks_who_is_out_of_use])
def test_a_holder_that_does_not_come_back_is_refused(
    client: Callable[[World], Awaitable[None]],
) -> None:
    replay(rented, client=client, allow=[OSError])


# Tasks.


async def stops_in_a_group() -> None:
    raise ExceptionGroup("a nursery's", [Stop("done")])


async def fails_in_a_group() -> None:
    raise ExceptionGroup("a nursery's", [ValueError(1), Stop("done")])


async def ignores() -> None:
    raise Ignore


async def misses_somebody() -> None:
    raise NoProcess("x")


async def fails_as_it_ends() -> None:
    try:
        await trio.sleep_forever()
    finally:
        raise ValueError("the disk is full")


async def returns_as_it_ends() -> object:
    try:
        await trio.sleep_forever()
    except trio.Cancelled:
        return 5


async def late_by_itself() -> None:
    raise trio.TooSlowError


async def listens_to_nobody() -> None:
    with trio.CancelScope(shield=True):
        await trio.sleep(2)


@pytest.mark.parametrize("deadline", [100.0, 0.5])
@pytest.mark.parametrize(
    "fn",
    [
        stops_in_a_group,
        fails_in_a_group,
        ignores,
        misses_somebody,
        fails_as_it_ends,
        returns_as_it_ends,
        late_by_itself,
        listens_to_nobody,
    ],
)
def test_a_task_ends_in_a_way_of_its_own(
    fn: Callable[[], Awaitable[object]], deadline: float
) -> None:
    async def uses(world: World) -> None:
        tasks = world.root.task_supervisor("tasks")
        first = tasks.async_nolink(fn, deadline=deadline)
        await first.yield_(1)
        await first.shutdown(0.25)
        try:
            async with tasks.linked() as block:
                block.start(fn, deadline=deadline)
                await trio.sleep(1)
        except TaskExit:
            pass

    replay(
        lambda: supervisor([task_supervisor(id="tasks")], id="r"),
        client=uses,
        allow=(Exception,),
    )


# Partitions.


def test_two_people_resize_at_once() -> None:
    async def resizes(world: World) -> None:
        parts = world.root.partition_supervisor("parts")
        for first, second in (3, 1), (2, 3), (1, 2):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(parts.resize, first)
                nursery.start_soon(parts.resize, second)

    inner = partition_supervisor(child(Idle), partitions=3, id="parts")
    replay(lambda: supervisor([inner], id="r"), client=resizes)


# The block.


@pytest.mark.parametrize("at", [0.0, 1.0])
def test_a_block_fails_in_the_moment_of_ctrl_c_in_a_child(at: float) -> None:
    def build() -> ChildSpec[Supervisor]:
        return supervisor([child(trio.sleep_forever, id=id) for id in "ab"], id="r")

    script: list[Fault] = [Interrupt("r/a", at=at), FailBlock(at=at)]
    for order in script, script[::-1]:
        world = replay(build, order)
        assert world.outcome == "interrupted"  # both come out, in one group
        assert isinstance(world.error, BaseExceptionGroup)

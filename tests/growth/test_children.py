"""Many children, tasks, monitors and events: what each step costs."""

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.growth.steps import LINEAR, SMALL, Measured, Steps, grows, name_of
from trio_sup import (
    DynamicSupervisor,
    GenServer,
    Monitor,
    Supervisor,
    await_many,
    call,
    child,
    current_node,
    dynamic_supervisor,
    monitor,
    multi_call,
    open_supervisor,
    partition_supervisor,
    supervisor,
    task_supervisor,
    yield_many,
)
from trio_sup._tree.open import OpenSupervisor


async def stay(_: object = None) -> None:
    await trio.sleep_forever()


class Server(GenServer):
    """Answers, watches, and calls others."""

    def __init__(self) -> None:
        self.monitors: list[Monitor] = []

    @call
    async def ask(self) -> int:
        return 1

    @call
    async def watch(self, sup: Supervisor, targets: int) -> None:
        for number in range(targets):
            self.monitors.append(self.monitor(sup.child(number)))

    @call
    async def unwatch(self) -> None:
        for one in self.monitors:
            one.cancel()

    @call
    async def wait(self) -> None:
        await trio.sleep(1)

    @call
    async def wait_for_all(self, sup: Supervisor, others: int) -> None:
        async with trio.open_nursery() as nursery:
            for number in range(others):
                nursery.start_soon(sup.server(Server, number).call, Server.wait)

    @call
    async def ask_hub(self, sup: Supervisor) -> int:
        return await sup.server(Server, "hub").call(Server.ask)

    @call
    async def ask_all(self, sup: Supervisor, others: int) -> int:
        refs = [sup.server(Server, number) for number in range(others)]
        return len((await multi_call(refs, Server.ask)).replies)


def servers(n: int) -> OpenSupervisor:
    return open_supervisor([child(Server, id=i) for i in range(n + 1)])


async def children_start_and_stop(n: int, steps: Steps) -> None:
    async with open_supervisor([dynamic_supervisor(id="dyn")]) as sup:
        dyn = sup.dynamic("dyn")
        with steps:
            handles = [await dyn.start_child(child(stay)) for _ in range(n)]
            for handle in handles:
                await dyn.terminate_child(handle)


async def a_tree_stops(n: int, steps: Steps) -> None:
    async with open_supervisor([dynamic_supervisor(id="dyn")]) as sup:
        dyn: DynamicSupervisor = sup.dynamic("dyn")
        for _ in range(n):
            await dyn.start_child(child(stay))
        with steps:
            await dyn.stop()


async def a_list_starts_and_stops(n: int, steps: Steps) -> None:
    with steps:
        async with open_supervisor([child(stay, id=i) for i in range(n)]):
            pass


async def static_children_come_and_go(n: int, steps: Steps) -> None:
    async with open_supervisor([supervisor([], id="s")]) as root:
        sup = root.supervisor("s")
        with steps:
            for number in range(n):
                await sup.start_child(child(stay, id=number))
            for number in range(n):
                await sup.terminate_child(number)
                await sup.delete_child(number)


async def the_last_of_the_rest_crashes(n: int, steps: Steps) -> None:
    crashes, over = 0, trio.Event()

    async def crash() -> None:
        nonlocal crashes
        crashes += 1
        if crashes > n:
            over.set()
            await trio.sleep_forever()
        raise ValueError

    specs = [child(stay, id=i) for i in range(n)]
    async with open_supervisor(
        [
            supervisor(
                [*specs, child(crash)], strategy="rest_for_one", max_restarts=10**9
            )
        ]
    ):
        crashes = 0
        over = trio.Event()
        with steps:
            await over.wait()


async def partitions_are_resized(n: int, steps: Steps) -> None:
    spec = partition_supervisor(child(stay), partitions=n, id="parts")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("parts")
        with steps:
            await parts.resize(0)
            await parts.resize(n)


async def tasks_end_one_by_one(n: int, steps: Steps) -> None:
    async with open_supervisor([task_supervisor(id="tasks")]) as sup:
        tasks = sup.task_supervisor("tasks")
        all_ = [tasks.async_nolink(trio.sleep, 1 + number) for number in range(n)]
        with steps:
            await await_many(all_)


async def some_tasks_are_awaited(n: int, steps: Steps) -> None:
    async with open_supervisor([task_supervisor(id="tasks")]) as sup:
        tasks = sup.task_supervisor("tasks")
        all_ = [tasks.async_nolink(trio.sleep, 1 + number) for number in range(n)]
        with steps:
            await yield_many(all_, timeout=n + 5, limit=n - 1)


async def linked_tasks_end_one_by_one(n: int, steps: Steps) -> None:
    async with open_supervisor([task_supervisor(id="tasks")]) as sup:
        tasks = sup.task_supervisor("tasks")
        with steps:
            async with tasks.linked() as links:
                for number in range(n):
                    links.start(trio.sleep, 1 + number)
                await trio.sleep(n + 2)


async def a_stream_is_read(n: int, steps: Steps) -> None:
    async def twice(number: int) -> int:
        await trio.sleep(n - number)
        return 2 * number

    async with open_supervisor([task_supervisor(id="tasks")]) as sup:
        tasks = sup.task_supervisor("tasks")
        with steps:
            stream = tasks.stream(twice, range(n), max_concurrency=n, ordered=False)
            async with stream as results:
                assert len([result async for result in results]) == n


async def one_server_watches_many(n: int, steps: Steps) -> None:
    async with servers(n) as sup:
        ref = sup.server(Server, n)
        with steps:
            await ref.call(Server.watch, sup, n)
            await ref.call(Server.unwatch)


async def many_watch_for_the_last_end(n: int, steps: Steps) -> None:
    """The restarts of a child: they do not concern who waits for its last end."""

    async def watch(target) -> None:  # type: ignore[no-untyped-def]
        async with monitor(target, until="stopped") as exits:
            async for _ in exits:
                pass

    async with (
        open_supervisor([child(Server, id="one")], max_restarts=10**9) as sup,
        trio.open_nursery() as nursery,
    ):
        ref = sup.server(Server, "one")
        for _ in range(n):
            nursery.start_soon(watch, ref)
        await trio.testing.wait_all_tasks_blocked()
        with steps:
            for _ in range(n):
                await ref.when_running().stop("again")
        nursery.cancel_scope.cancel()


async def one_asks_many(n: int, steps: Steps) -> None:
    async with servers(n) as sup:
        with steps:
            assert await sup.server(Server, n).call(Server.ask_all, sup, n) == n


async def many_call_one_that_waits_for_many(n: int, steps: Steps) -> None:
    """The look for rings of waiting servers: there is none."""
    specs = [child(Server, id=i) for i in (*range(2 * n), "hub")]
    async with open_supervisor(specs) as sup, trio.open_nursery() as nursery:
        hub = sup.server(Server, "hub")
        nursery.start_soon(hub.call, Server.wait_for_all, sup, n)
        await trio.testing.wait_all_tasks_blocked()
        with steps:
            for number in range(n):
                caller = sup.server(Server, n + number)
                nursery.start_soon(caller.call, Server.ask_hub, sup)
            await trio.sleep(2)
    assert hub.mailbox.awaited == 0


async def many_wait_for_those_that_start(n: int, steps: Steps) -> None:
    async def starts(task_status: trio.TaskStatus[None]) -> None:
        await trio.sleep(1)
        task_status.started()
        await trio.sleep_forever()

    with steps:
        async with open_supervisor([dynamic_supervisor(id="dyn")]) as sup:
            async with trio.open_nursery() as nursery:
                for _ in range(n):
                    spec = child(starts, ready="signalled")
                    nursery.start_soon(sup.dynamic("dyn").start_child, spec)


async def hooks_come_and_go(n: int, steps: Steps) -> None:
    hooks = [lambda _, number=number: number for number in range(n)]
    with steps:
        for hook in hooks:
            current_node().add_hook(hook)
        for hook in hooks:
            current_node().remove_hook(hook)


WORK = [
    children_start_and_stop,
    a_tree_stops,
    a_list_starts_and_stops,
    static_children_come_and_go,
    the_last_of_the_rest_crashes,
    partitions_are_resized,
    tasks_end_one_by_one,
    some_tasks_are_awaited,
    linked_tasks_end_one_by_one,
    a_stream_is_read,
    one_server_watches_many,
    many_watch_for_the_last_end,
    one_asks_many,
    many_call_one_that_waits_for_many,
    many_wait_for_those_that_start,
    hooks_come_and_go,
]


@pytest.mark.parametrize("work", WORK, ids=name_of)
@pytest.mark.trio
async def test_one_costs_the_same_however_many_there_are(
    work: Measured, autojump_clock: MockClock
) -> None:
    # Of a restart, what each monitor adds is little.
    small = 150 if work is many_watch_for_the_last_end else SMALL
    assert await grows(work, small=small) < LINEAR

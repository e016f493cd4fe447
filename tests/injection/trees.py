"""What is broken: a tree of plain children, and one of servers, tasks and names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import trio
import trio.lowlevel

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    Backoff,
    Caller,
    Down,
    Exit,
    GenServer,
    Mailbox,
    MailboxFull,
    NoProcess,
    ServerExit,
    ServerRef,
    Supervisor,
    call,
    cast,
    child,
    current_node,
    dynamic_supervisor,
    graceful_stop,
    open_supervisor,
    supervisor,
    task_supervisor,
)

from .company import company
from .laws import World

Tree: TypeAlias = Callable[[World], Awaitable[None]]


async def polite(world: World) -> None:
    """Uses some of its grace."""
    with graceful_stop() as stopping:
        await stopping.wait()
        await trio.sleep(0.5)


async def supervision(world: World) -> None:
    """Start, restart alone and in groups, back off, add, remove, stop."""
    world.order = {
        "root": ["a", "group", "dyn", "b", "polite", "late"],
        "root/group": ["c", "d", "t"],
    }
    stage = world.stage
    stage.stop_seconds = {"c": 0.25, "x": 0.25}
    stage.start_seconds = {"d": 0.5}
    tree = [
        stage.spec("a", name="ay"),
        supervisor(
            [*stage.specs("c d", shutdown=2), stage.spec("t", restart="temporary")],
            id="group",
            strategy="one_for_all",
            max_restarts=5,
        ),
        dynamic_supervisor(id="dyn", name="dyn"),
        stage.spec("b", backoff=Backoff(initial=1.0, jitter=0, immediate_first=False)),
        child(polite, world, id="polite"),
    ]
    async with open_supervisor(tree, max_restarts=5) as sup:
        await _story(stage, sup)


async def _story(stage: Stage, sup: Supervisor) -> None:
    stage.crash("a")
    stage.crash("b")
    await quiet()
    stage.failing_starts["d"] = [Boom("once")]
    stage.crash("c")
    await sup.child("group").wait_running()
    await sup.start_child(stage.spec("late", name="late"))
    dynamic = sup.dynamic("dyn")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(dynamic.start_child, stage.spec("x", name="ex"))
        nursery.start_soon(dynamic.get_or_start, stage.spec("y", name="why"))
        nursery.start_soon(dynamic.get_or_start, stage.spec("y", name="why"))
    stage.crash("y")
    await dynamic.terminate_child("x")
    await sup.terminate_child("late")
    await sup.restart_child("late")
    await sup.terminate_child("late")
    await sup.delete_child("late")
    await sup.child("b").wait_running()
    stage.crash("a")
    await sup.child("a").wait_running()
    await sup.child("group", "d").wait_running()


class Clerk(GenServer):
    """Serves requests that take time, with names and monitors of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.kept: list[Caller[str]] = []

    async def init(self) -> None:
        self.world.records.add(self.ref.record)
        current_node().registry.register((self.id, "own"))
        await trio.sleep(0.25)
        self.continue_with()

    async def handle_continue(self, *args: object) -> None:
        await trio.lowlevel.checkpoint()

    @call
    async def work(self, id: str, seconds: float) -> str:
        self.world.served[id] += 1
        await trio.sleep(seconds)
        return id

    @call
    async def pass_on(self, id: str) -> str:
        self.world.served[id] += 1
        assert isinstance(self.supervisor, Supervisor)
        other = self.supervisor.server(Clerk, "two")
        return await other.with_timeout(2).call(Clerk.work, f"{id}, passed on", 0.25)

    @call.deferred
    async def keep(self, caller: Caller[str], id: str) -> None:
        self.world.served[id] += 1
        self.kept.append(caller)

    @cast
    async def flush(self) -> None:
        while self.kept:
            self.kept.pop().reply("kept")

    @cast
    async def note(self, id: str) -> None:
        self.world.served[id] += 1
        await trio.lowlevel.checkpoint()

    @cast
    async def fail(self) -> None:
        await trio.lowlevel.checkpoint()
        raise Boom("asked to")

    @cast
    async def watch(self, id: str) -> None:
        assert isinstance(self.supervisor, Supervisor)
        self.monitor(self.supervisor.child(id))

    async def handle_info(self, message: object) -> None:
        if isinstance(message, Down):
            await trio.lowlevel.checkpoint()

    async def terminate(self, exit: Exit) -> None:
        await trio.sleep(0.25)


async def ask(world: World, id: str, request: Callable[[], Awaitable[object]]) -> None:
    """Make one request, and note its end."""
    world.asked.add(id)
    try:
        await request()
    except (NoProcess, ServerExit, MailboxFull, trio.TooSlowError):
        pass
    finally:
        world.told[id] += 1


async def servers(world: World) -> None:
    """Calls, casts, deferred answers, crashes, monitors, tasks, names."""
    world.order = {"root": ["one", "two", "tasks", "late"]}
    mailbox = Mailbox(2, on_crash="keep")
    tree = [
        child(Clerk, world, id="one", name="first", shutdown=2),
        child(Clerk, world, id="two", name="second", shutdown=2, mailbox=mailbox),
        task_supervisor(id="tasks"),
    ]
    async with open_supervisor(tree, strategy="rest_for_one", max_restarts=9) as sup:
        await _business(world, sup)


async def _business(world: World, sup: Supervisor) -> None:
    one, two = sup.server(Clerk, "one"), sup.server(Clerk, "two")
    async with trio.open_nursery() as nursery:

        def request(id: str, made: Callable[[], Awaitable[object]]) -> None:
            nursery.start_soon(ask, world, id, made)

        one.cast(Clerk.watch, "two")
        request("keep", lambda: one.call(Clerk.keep, "keep"))
        request("pass", lambda: one.call(Clerk.pass_on, "pass"))
        request("late", lambda: two.with_timeout(0.1).call(Clerk.work, "late", 0.5))
        for number in range(4):
            request(f"note {number}", _noting(two, f"note {number}"))
        await quiet()
        request("look", one.get_state)
        two.try_cast(Clerk.fail)
        request("queued", lambda: two.call(Clerk.work, "queued", 0.25))
        await trio.sleep(2)
        one.try_cast(Clerk.flush)
        request("running", lambda: two.when_running().call(Clerk.work, "running", 0))
        one.try_cast(Clerk.fail)
        request("behind", lambda: one.call(Clerk.work, "behind", 0))
    await trio.sleep(3)  # until all that depend on `one` are back
    tasks = sup.task_supervisor("tasks")
    async with tasks.stream(_double, range(5), max_concurrency=2) as results:
        async for _ in results:
            pass
    late = child(Clerk, world, id="late", name="third")
    await sup.start_child(late)
    await sup.server(Clerk, "late").stop()
    await sup.child("late").wait_running()


def _noting(ref: ServerRef[Clerk], id: str) -> Callable[[], Awaitable[None]]:
    return lambda: ref.cast_wait(Clerk.note, id)


async def _double(number: int) -> int:
    await trio.sleep(0.25)
    return 2 * number


TREES: dict[str, Tree] = {
    "supervision": supervision,
    "servers": servers,
    "company": company,
}

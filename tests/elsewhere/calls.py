"""Every public call that changes something, made from where it must not be made.

Without a single `assert`, so that it tells the truth under ``python -O``, too: run as a
program it prints what was not refused, and ends with 1 if there is anything.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import trio
import trio.lowlevel
import trio.testing

import trio_sup
from tests.elsewhere.places import PLACES
from trio_sup import (
    Attached,
    Caller,
    Child,
    DynamicSupervisor,
    GenServer,
    Monitor,
    PartitionSupervisor,
    Registry,
    ServerRef,
    StateMachine,
    Subscription,
    Supervisor,
    Task,
    TaskSupervisor,
    Timeout,
    Timer,
    WrongRun,
    call,
    cast,
    child,
)


class Box(GenServer):
    """A server whose own methods are called from elsewhere."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self.callers: list[Caller[int]] = []
        self.timer: Timer
        self.watch: Monitor

    async def init(self) -> None:
        self.timer = self.send_after(1000, Box.tick)
        self.watch = self.monitor(self.supervisor)

    @cast
    async def tick(self) -> None:
        self.seen.append("tick")

    @call
    async def ask(self) -> int:
        return len(self.seen)

    @call.deferred
    async def later(self, caller: Caller[int]) -> None:
        self.callers.append(caller)

    async def handle_info(self, message: Any) -> None:
        self.seen.append(message)


class Door(StateMachine[str]):
    """A state machine whose own methods are called from elsewhere."""

    state = "shut"

    def __init__(self) -> None:
        self.timeout: Timeout

    async def init(self) -> None:
        self.timeout = self.named_timeout("t", 1000, Door.ring)

    @cast
    async def ring(self) -> None:
        """Nothing comes of it."""


async def sleeper(*, task_status: trio.TaskStatus[None]) -> None:
    world.started = task_status.started
    task_status.started()
    with trio_sup.graceful_stop() as stop:
        await stop.wait()


class World:
    """One tree with one of everything, and how it looks."""

    started: Callable[[], None]

    def __init__(self) -> None:
        self.registry = Registry(name="names")
        self.topics = Registry("duplicate", name="topics")
        self.root: Supervisor
        self.box: ServerRef[Box]
        self.inside: Box
        self.door: ServerRef[Door]
        self.machine: Door
        self.dynamic: DynamicSupervisor
        self.tasks: TaskSupervisor
        self.parts: PartitionSupervisor[Child]
        self.task: Task[None]
        self.caller: Caller[int]
        self.attached: Attached
        self.exits: trio_sup.Exits
        self.events: trio_sup.EventStream
        self.subscription: Subscription[object]
        self.stream: trio_sup.Stream[float, None]
        self.tree: AbstractAsyncContextManager[Supervisor]
        self.node: trio_sup.Node

    def look(self) -> list[object]:
        """What must be the same after a call that was refused."""
        node, box = self.node, self.box
        return [
            [record.status for record in self.root.which_children()],
            self.dynamic.count_children(),
            self.tasks.count_children(),
            self.parts.partitions,
            self.registry.count(),
            self.topics.count(),
            self.registry.keys(box),
            self.registry.value("box"),
            self.topics.entries("topic"),
            box.statistics(),
            self.door.statistics(),
            list(self.inside.seen),
            self.caller.waiting,
            self.task.done,
            self.inside.timer.remaining > 0,
            self.machine.timeout.remaining > 0,
            self.attached.waiting,
            self.subscription.waiting,
            node.events_emitted,
        ]


world: World


def hook(event: object) -> None:
    """An event hook, a listener, a predicate."""


def _tree(w: World) -> Any:
    return w.tree


CALLS: dict[str, Callable[[World], object]] = {
    "cast": lambda w: w.box.cast(Box.tick),
    "try_cast": lambda w: w.box.try_cast(Box.tick),
    "cast_wait": lambda w: w.box.cast_wait(Box.tick),
    "send": lambda w: w.box.send("hello"),
    "call": lambda w: w.box.call(Box.ask),
    "call with_timeout": lambda w: w.box.with_timeout(9).call(Box.ask),
    "call expiring": lambda w: w.box.expiring(9).call(Box.ask),
    "call when_running": lambda w: w.box.when_running().call(Box.ask),
    "call of a name": lambda w: w.registry.ref("box", Box).call(Box.ask),
    "cast to a name": lambda w: w.registry.ref("box", Box).cast(Box.tick),
    "multi_call": lambda w: trio_sup.multi_call([w.box], Box.ask),
    "ref.stop": lambda w: w.box.stop(),
    "get_state": lambda w: w.box.get_state(),
    "replace_state": lambda w: w.box.replace_state(lambda _: {}),
    "get_status": lambda w: w.box.get_status(),
    "suspend": lambda w: w.box.suspend(),
    "resume": lambda w: w.box.resume(),
    "trace": lambda w: w.box.trace(),
    "caller.reply": lambda w: w.caller.reply(1),
    "caller.fail": lambda w: w.caller.fail(ValueError()),
    "timer.cancel": lambda w: w.inside.timer.cancel(),
    "monitor.cancel": lambda w: w.inside.watch.cancel(),
    "send_after": lambda w: w.inside.send_after(1, Box.tick),
    "send_info_after": lambda w: w.inside.send_info_after(1, "x"),
    "every": lambda w: w.inside.every(1, Box.tick),
    "idle_after": lambda w: w.inside.idle_after(1, Box.tick),
    "continue_with": lambda w: w.inside.continue_with(),
    "self.monitor": lambda w: w.inside.monitor(w.door),
    "next_event": lambda w: w.machine.next_event(Door.ring),
    "repeat_state": lambda w: w.machine.repeat_state(),
    "state_timeout": lambda w: w.machine.state_timeout(1, Door.ring),
    "event_timeout": lambda w: w.machine.event_timeout(1, Door.ring),
    "named_timeout": lambda w: w.machine.named_timeout("t", 1, Door.ring),
    "timeout.cancel": lambda w: w.machine.timeout.cancel(),
    "timeout.update": lambda w: w.machine.timeout.update(Door.ring),
    "monitor": lambda w: trio_sup.monitor(w.box).__aenter__(),
    "exits": lambda w: w.exits.__anext__(),
    "start_child": lambda w: w.root.start_child(child(Box, id="new")),
    "terminate_child": lambda w: w.root.terminate_child("box"),
    "restart_child": lambda w: w.root.restart_child("box"),
    "delete_child": lambda w: w.root.delete_child("box"),
    "root.stop": lambda w: w.root.stop(),
    "tree.request_stop": lambda w: _tree(w).request_stop("no"),
    "tree.hurry": lambda w: _tree(w).hurry(),
    "resize": lambda w: w.parts.resize(1),
    "dynamic.start_child": lambda w: w.dynamic.start_child(child(Box)),
    "dynamic.terminate_child": lambda w: w.dynamic.terminate_child("one"),
    "dynamic.restart_child": lambda w: w.dynamic.restart_child("one"),
    "get_or_start": lambda w: w.dynamic.get_or_start(child(Box, name="n")),
    "get_or_start of a holder": lambda w: w.dynamic.get_or_start(
        child(Box, name=w.registry.via("box"))
    ),
    "call_or_start": lambda w: w.dynamic.call_or_start(child(Box, name="n"), Box.ask),
    "dynamic.stop": lambda w: w.dynamic.stop(),
    "async_nolink": lambda w: w.tasks.async_nolink(trio.sleep, 1),
    "linked": lambda w: w.tasks.linked().__aenter__(),
    "stream": lambda w: w.tasks.stream(trio.sleep, [1]).__aenter__(),
    "next of a stream": lambda w: w.stream.__anext__(),
    "leave the tree": lambda w: w.tree.__aexit__(None, None, None),
    "tasks.start_child": lambda w: w.tasks.start_child(trio.sleep, 1),
    "tasks.terminate_child": lambda w: w.tasks.terminate_child(w.task),
    "tasks.stop": lambda w: w.tasks.stop(),
    "task.shutdown": lambda w: w.task.shutdown(),
    "task.result": lambda w: w.task.result(),
    "task.ignore": lambda w: w.task.ignore(),
    "task.unlink": lambda w: w.task.unlink(),
    "await_many": lambda w: trio_sup.await_many([w.task]),
    "yield_many": lambda w: trio_sup.yield_many([w.task], 1),
    "started": lambda w: w.started(),
    "register": lambda w: w.registry.register("mine", owner=w.box),
    "unregister": lambda w: w.registry.unregister("box"),
    "unregister_match": lambda w: w.registry.unregister_match("box", lambda _: True),
    "update_value": lambda w: w.registry.update_value("box", lambda _: 1),
    "publish": lambda w: w.topics.publish("topic", "news"),
    "dispatch": lambda w: w.topics.dispatch("topic", hook),
    "subscribe": lambda w: w.topics.subscribe("topic").__enter__(),
    "subscription": lambda w: w.subscription.__anext__(),
    "receive_nowait": lambda w: w.subscription.receive_nowait(),
    "subscription.__exit__": lambda w: w.subscription.__exit__(None, None, None),
    "wait_for": lambda w: w.registry.wait_for("nobody"),
    "lock": lambda w: w.registry.lock("key").__aenter__(),
    "add_listener": lambda w: w.registry.add_listener(hook),
    "remove_listener": lambda w: w.registry.remove_listener(hook),
    "add_hook": lambda w: w.node.add_hook(hook),
    "remove_hook": lambda w: w.node.remove_hook(hook),
    "node.events": lambda w: w.node.events().__aenter__(),
    "recent_events": lambda w: w.node.recent_events(),
    "events": lambda w: w.events.__anext__(),
    "events.receive_nowait": lambda w: w.events.receive_nowait(),
    "attached.send": lambda w: w.attached.send("x"),
    "attached.receive": lambda w: w.attached.receive(),
    "attached.monitor": lambda w: w.attached.monitor(w.box),
    "wait_running": lambda w: w.box.wait_running(),
    "wait_stopped": lambda w: w.box.wait_stopped(),
    "wait_exit": lambda w: w.box.wait_exit(),
}
"""Everything that changes something, or waits for a change."""


async def build(body: Callable[[World], Coroutine[Any, Any, None]]) -> World:
    """Run `body` inside of a world; return the world when its tree is down."""
    global world
    world = w = World()
    w.tree = trio_sup.open_supervisor(
        [
            child(Box, id="box", name=w.registry.via("box")),
            child(Door, id="door"),
            child(sleeper, id="sleeper", ready="signalled"),
            trio_sup.dynamic_supervisor(id="dynamic"),
            trio_sup.task_supervisor(id="tasks"),
            trio_sup.partition_supervisor(child(Box), partitions=2, id="parts"),
        ]
    )
    async with w.tree as w.root, trio.open_nursery() as nursery:
        root = w.root
        w.node = trio_sup.current_node()
        w.box, w.door = root.server(Box, "box"), root.server(Door, "door")
        w.dynamic, w.tasks = root.dynamic("dynamic"), root.task_supervisor("tasks")
        w.parts = root.partition_supervisor("parts")
        w.topics.register("topic", owner=w.box)
        await w.dynamic.start_child(child(Box, id="one"))
        w.task = w.tasks.async_nolink(trio.sleep_forever)
        boxes = w.box.record.mailbox, w.door.record.mailbox
        w.inside, w.machine = (queue.server for queue in boxes if queue)
        nursery.start_soon(w.box.call, Box.later)
        while not w.inside.callers:
            await trio.lowlevel.checkpoint()
        w.caller = w.inside.callers[0]
        async with (
            trio_sup.attach(id="me") as w.attached,
            trio_sup.monitor(w.box) as w.exits,
            w.node.events() as w.events,
            w.tasks.stream(trio.sleep, [0.0]) as w.stream,
        ):
            with w.topics.subscribe("topic") as w.subscription:
                await trio.testing.wait_all_tasks_blocked()
                await body(w)
        nursery.cancel_scope.cancel()
    return w


async def problems(name: str, place: str) -> list[str]:
    """Make one call from one place; say what is wrong with what came of it."""
    found: list[str] = []

    async def body(w: World) -> None:
        before = w.look()
        error = await PLACES[place](CALLS[name], w)
        if not isinstance(error, WrongRun):
            found.append(f"{name} from a {place}: {error!r}")
        elif "run_sync" not in str(error) and "from_thread.run" not in str(error):
            found.append(f"{name} from a {place}: no line to write: {error}")
        await trio.testing.wait_all_tasks_blocked()
        after = w.look()
        changes = [
            f"{name} from a {place}: {old!r} became {new!r}"
            for old, new in zip(before, after, strict=True)
            if old != new
        ]
        found.extend(changes)
        with trio.fail_after(5):
            if await w.box.call(Box.ask) != 0:
                found.append(f"{name} from a {place}: a message arrived")
            w.box.cast(Box.tick)
            if await w.box.call(Box.ask) != 1:
                found.append(f"{name} from a {place}: the server is deaf")
            w.caller.reply(7)

    await build(body)
    return found


def main() -> int:
    """Make every call from every place."""
    found: list[str] = []
    for place in PLACES:
        for name in CALLS:
            found += trio.run(problems, name, place)
    for line in found:
        print(line)
    print(f"{len(CALLS)} calls from {len(PLACES)} places, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

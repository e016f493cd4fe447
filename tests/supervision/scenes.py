"""Trees to which things happen, and all that is to be seen of them afterwards."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom
from trio_sup import (
    DynamicSupervisor,
    GenServer,
    Ignore,
    Supervisor,
    child,
    current_node,
    dynamic_supervisor,
    graceful_stop,
    open_supervisor,
    supervisor,
    task_supervisor,
)
from trio_sup._children.current import present_record
from trio_sup._children.record import Record
from trio_sup._core.words import Restart, Strategy


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """Log nothing: an event that is logged is told of."""
    log = logging.getLogger("trio_sup")
    before, level = log.disabled, log.level
    log.setLevel(logging.CRITICAL)
    yield
    log.disabled = before
    log.setLevel(level)


def state_of(record: Record) -> dict[str, Any]:
    """What there is to see of a child; a restart may take more than one ticket."""
    return {
        "status": (record.status, record.life, record.restarts, record.ready),
        "lives": (record.started_life, record.life_began, record.overtaken),
        "plan": (record.in_plan, record.undecided, record.held, record.pending),
        "start": (record.supervised_start, record.comes_back, record.attempt),
        "ends": [
            (life, str(exit), began, ended)
            for life, exit, began, ended in record.exits or ()
        ],
        "last": str(record.last_exit),
        "runs": (record.alive, record.task is None, record.value, record.spec.args),
    }


Story = dict[str, Any]
STEPS: list[Any] = []
"""What the children of a scene did, in order."""
Scene = Callable[[Callable[[Supervisor], None]], Awaitable[None]]


def story_of(scene: Scene, *, told: bool) -> Story:
    """Play a scene; return all that is to be seen of it."""
    seen: list[Any] = []
    records: dict[int, Record] = {}

    def look(sup: Supervisor) -> None:
        todo = [sup.record]
        while todo:
            record = todo.pop()
            records[record.uid] = record
            todo += record.body.below()
        shell = sup.record.shell
        assert shell is not None
        seen.append((shell.living, sup.count_children(), trio.current_time() - began))
        seen.append({uid: state_of(records[uid]) for uid in sorted(records)})

    began = 0.0
    STEPS.clear()
    events: list[Any] = []

    async def main() -> None:
        nonlocal began
        began = trio.current_time()
        node = current_node()
        if told:
            node.add_hook(lambda event: None)
        try:
            await scene(look)
        finally:
            events.extend(event.as_json() for event in node.recent_events())
            events.append(dict(node.event_counts))

    error: BaseException | None = None
    try:
        trio.run(main, clock=MockClock(autojump_threshold=0))
    except BaseException as raised:  # noqa: BLE001 - compared
        error = raised
    crashes = [str(crash) for crash in getattr(error, "crashes", ())]
    steps = list(STEPS)
    return {"seen": seen, "events": events, "error": (repr(error), crashes)} | {
        "steps": steps
    }


async def crash(pause: float = 1.0) -> None:
    await trio.sleep(pause)
    raise Boom("again")


async def stay(_: object = None) -> None:
    await trio.sleep_forever()


async def polite() -> None:
    with graceful_stop() as stopping:
        await stopping.wait()


async def crashes_again(look: Callable[[Supervisor], None]) -> None:
    kinds: dict[Restart, float]
    kinds = {"permanent": 0.7, "transient": 1.1, "temporary": 1.6}
    specs = [
        child(crash, pause, id=kind, restart=kind) for kind, pause in kinds.items()
    ]
    async with open_supervisor(specs, max_restarts=4, max_seconds=3) as sup:
        for _ in range(4):
            await trio.sleep(1)
            look(sup)
        await trio.sleep_forever()


async def crashes_and_requests(look: Callable[[Supervisor], None]) -> None:
    specs = [child(crash, id="a"), child(stay, 1, id="b"), child(polite, id="c")]
    async with open_supervisor(specs, max_restarts=100) as sup:
        await trio.sleep(1)
        look(sup)
        await sup.terminate_child("b")
        await sup.terminate_child("c")
        look(sup)
        await sup.restart_child("b")
        await sup.terminate_child("a")
        look(sup)
        await sup.child("b").wait_running()


async def dynamic_children(look: Callable[[Supervisor], None]) -> None:
    specs = [dynamic_supervisor(id="d", max_restarts=100)]
    async with open_supervisor(specs) as sup:
        dynamic: DynamicSupervisor = sup.dynamic("d")
        handles = [await dynamic.start_child(child(stay, n)) for n in range(4)]
        handles.append(await dynamic.start_child(child(crash, id="crash")))
        handles.append(await dynamic.start_child(child(polite, restart="temporary")))
        look(sup)
        await dynamic.terminate_child(handles[1])
        await dynamic.terminate_child(handles[5])
        await trio.sleep(3)
        look(sup)
        await dynamic.terminate_child("crash")
        look(sup)
    look(sup)


async def slow_to_end(seconds: float) -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(seconds)


async def many_at_once(look: Callable[[Supervisor], None]) -> None:
    specs = [dynamic_supervisor(id="d", shutdown=60)]
    async with open_supervisor(specs) as sup:
        dynamic: DynamicSupervisor = sup.dynamic("d")
        for n in range(3):
            await dynamic.start_child(child(stay, n))
            await dynamic.start_child(child(polite))
            await dynamic.start_child(child(Idle))
            await dynamic.start_child(child(stay, n, shutdown="brutal_kill"))
            await dynamic.start_child(child(stay, n, shutdown=math.inf))
            await dynamic.start_child(child(slow_to_end, 2.5, shutdown=2))
            await dynamic.start_child(child(slow_to_end, 2.5, shutdown=n + 1))
            await dynamic.start_child(child(slow_to_end, 1.5, id=f"slow {n}"))
        stopping = await dynamic.start_child(child(slow_to_end, 4, shutdown=30))
        shell = dynamic.record.shell
        assert shell is not None
        shell.stop_record(stopping.record, "sooner", 3)
        look(sup)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sup.terminate_child, "d")
            for _ in range(5):
                await trio.sleep(0.7)
                look(sup)
    look(sup)


async def groups(look: Callable[[Supervisor], None]) -> None:
    strategies: list[Strategy] = ["one_for_all", "rest_for_one"]
    for strategy in strategies:
        specs = [
            child(stay, 1, id="a"),
            child(crash, 1.5, id="b"),
            child(stay, 2, id="c"),
            child(polite, id="d", restart="temporary"),
            child(Idle, id="e"),
        ]
        async with open_supervisor(specs, strategy=strategy, max_restarts=100) as sup:
            for _ in range(3):
                await trio.sleep(1)
                look(sup)
        look(sup)


class Idle(GenServer):
    """A server."""


async def nested(look: Callable[[Supervisor], None]) -> None:
    inner = [child(crash, id="x"), child(stay, id="y"), child(Idle, id="z")]
    specs = [
        supervisor(inner, id="inner", max_restarts=2, max_seconds=10),
        child(stay, id="beside"),
        task_supervisor(id="tasks"),
    ]
    async with open_supervisor(specs, max_restarts=1, max_seconds=60) as sup:
        tasks = sup.task_supervisor("tasks")
        task = tasks.async_nolink(stay, 7)
        for _ in range(4):
            await trio.sleep(1)
            look(sup)
        await tasks.terminate_child(task)
        look(sup)
        await trio.sleep_forever()


async def first_steps(look: Callable[[Supervisor], None]) -> None:
    lives: dict[str, int] = {}

    async def step(
        id: str, odd: str = "", *, task_status: Any = trio.TASK_STATUS_IGNORED
    ) -> None:
        lives[id] = life = lives.get(id, 0) + 1
        STEPS.append((id, life))
        if odd == "slow":
            await trio.sleep(0.5)
        if odd == "ignored" and life == 2:
            raise Ignore
        if odd == "fails" and life == 3:
            raise Boom("no")
        task_status.started()
        STEPS.append((id, "ready"))
        if odd == "crashes" and life == 4:
            raise Boom("in its first step")
        if odd == "stops" and life == 6:
            shell = present_record().parent  # type: ignore[union-attr]
            shell.stop_itself(5)  # type: ignore[union-attr]
        await trio.sleep(1.5 if odd == "ends" else math.inf)
        raise Boom("later")

    specs = [
        child(step, "a", id="a"),
        child(step, "b", "slow", id="b"),
        child(plain_step, "p", id="p"),
        child(step, "c", "ignored", id="c"),
        child(step, "d", "fails", id="d"),
        child(Idle, id="s", name="s"),
        child(step, "e", "crashes", id="e"),
        child(step, "f", "ends", id="f", restart="transient"),
        child(step, "g", "stops", id="g"),
        child(plain_step, "q", id="q", name="q"),
    ]
    async with open_supervisor(specs, strategy="one_for_all", max_restarts=9) as sup:
        for _ in range(8):
            await trio.sleep(1.5)
            look(sup)
        await trio.sleep_forever()


async def plain_step(id: str) -> None:
    STEPS.append((id, "runs"))
    await trio.sleep_forever()


SCENES = [
    crashes_again,
    crashes_and_requests,
    dynamic_children,
    many_at_once,
    groups,
    nested,
]

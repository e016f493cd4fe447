"""The trees that the mutants are tried on: ordinary ones, with the usual options."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import trio
from attrs import frozen

from tests.harness.mutants.beside_ground import BESIDE_TREES
from tests.harness.mutants.moments_ground import MOMENT_TREES
from tests.harness.mutants.server_ground import SERVER_TREES
from tests.harness.trees import Db, customer, flat, shop, slow_start, tick
from trio_sup import (
    Backoff,
    Budget,
    ChildSpec,
    Ignore,
    Mailbox,
    NoProcess,
    ServerExit,
    Stop,
    Supervisor,
    child,
    dynamic_supervisor,
    supervisor,
)
from trio_sup.testing import World


@frozen
class Case:
    """A tree, and who uses it."""

    name: str
    build: Callable[[], Any]
    client: Callable[[World], Awaitable[None]] | None = None
    allow: tuple[type[BaseException], ...] = ()


async def job(seconds: float) -> None:
    await trio.sleep(seconds)


async def leaves_in_order(seconds: float) -> None:
    await trio.sleep(seconds)
    raise Stop("done")


async def once() -> None:
    """Runs in its first life, and is not needed after that."""
    from trio_sup._children.current import current_record

    record = current_record.get()
    if record is not None and record.life > 1:
        raise Ignore
    await trio.sleep(3)


async def ignores_later(
    *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    from trio_sup._children.current import current_record

    record = current_record.get()
    if record is not None and record.life > 1:
        raise Ignore
    task_status.started()
    await trio.sleep_forever()


async def lingers() -> None:
    """Takes its time to end, as an orderly program does."""
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(0.25)


async def messy() -> None:
    """Fails to clean up."""
    try:
        await trio.sleep_forever()
    finally:
        raise OSError("the disk is full")


def endings(strategy: Any) -> ChildSpec[Supervisor]:
    """Jobs that end by themselves, in all ways and restart types."""
    return supervisor(
        [
            child(job, 4, id="worker"),
            child(leaves_in_order, 3, id="leaver", restart="transient"),
            child(ignores_later, id="shy"),
            child(tick, id="t", restart="transient", backoff=Backoff(jitter=0)),
            child(job, 3, id="one", restart="temporary"),
        ],
        strategy=strategy,
        max_restarts=4,
        id="endings",
    )


def lingering(strategy: Any) -> ChildSpec[Supervisor]:
    """Children whose ends take time, a brutal one, and a server that keeps mail."""
    return supervisor(
        [
            child(lingers, id="a"),
            child(lingers, id="b", shutdown=0.125),
            child(slow_start, id="c", shutdown="brutal_kill"),
            child(Db, id="d", name="d", mailbox=Mailbox(20, on_crash="keep")),
            child(lingers, id="e", restart="temporary"),
            child(messy, id="f", restart="transient"),
            child(
                tick,
                id="g",
                backoff=Backoff(initial=0.125, jitter=0, immediate_first=False),
            ),
        ],
        strategy=strategy,
        max_restarts=2,
        max_seconds=2.0,
        id="lingering",
    )


def significant(mode: Any) -> ChildSpec[Supervisor]:
    """A supervisor that ends with its important children, under one that goes on."""
    inner = supervisor(
        [
            child(tick, id="x", restart="transient", significant=True),
            child(job, 3, id="y", restart="temporary", significant=True),
            child(leaves_in_order, 5, id="z", restart="transient", significant=True),
            child(tick, id="plain"),
        ],
        auto_shutdown=mode,
        id="inner",
    )
    return supervisor([inner, child(tick, id="t")], id="outer", max_restarts=8)


def limited() -> ChildSpec[Supervisor]:
    """Small limits, budgets, backoffs, names; a nested supervisor that gives up."""
    budget = Budget(1, 3.0, then="quarantine")
    inner = supervisor(
        [child(tick, id="p"), child(Db, id="q", name="q")],
        max_restarts=1,
        max_seconds=2.0,
        id="inner",
        restart="transient",
    )
    backoff = Backoff(initial=0.5, jitter=0, reset_after=3.0)
    return supervisor(
        [
            child(tick, id="hot", budget=budget),
            child(Db, id="named", name="named", backoff=backoff),
            inner,
        ],
        max_restarts=2,
        max_seconds=3.0,
        id="limited",
    )


def crowd() -> ChildSpec[Supervisor]:
    """A dynamic supervisor under load."""
    return supervisor(
        [dynamic_supervisor(id="pool", max_children=4, max_restarts=2)], id="crowd"
    )


async def fills_the_crowd(world: World) -> None:
    pool = world.root.dynamic("pool")
    specs = [
        child(tick, id="p"),
        child(job, 3, id="l", restart="transient"),
        child(lingers, id="m", restart="temporary"),
        child(Db, id="s", name="s", restart="temporary"),
    ]
    while True:
        present = {info.id for info in pool.which_children()}
        for spec in specs:
            if spec.id not in present and pool.status == "running":
                await pool.start_child(spec)
        await trio.sleep(1)


async def many_askers(world: World) -> None:
    """Several callers at a time, so that some wait in line."""

    async def ask() -> None:
        while True:
            db = world.root.server(Db, "d")
            try:
                with trio.move_on_after(5):
                    await db.when_running().call(Db.get, 1)
                db.try_cast(Db.put, 1, 2)
            except (NoProcess, ServerExit):
                pass
            await trio.sleep(0.5)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(ask)


CASES = [
    Case("flat", flat, many_askers),
    Case("one_for_all", partial(flat, "one_for_all"), many_askers),
    Case("endings", partial(endings, "one_for_one")),
    Case("lingering", partial(lingering, "rest_for_one"), many_askers, (OSError,)),
    Case("significant any", partial(significant, "any_significant")),
    Case("shop", shop, customer),
    Case("limited", limited),
    Case("crowd", crowd, fills_the_crowd),
    Case("endings in a group", partial(endings, "one_for_all")),
    Case("significant all", partial(significant, "all_significant")),
    Case("alone", partial(lingering, "one_for_one"), many_askers, (OSError,)),
]

SERVERS = [Case(*each) for each in SERVER_TREES]

BESIDE = [Case(*each) for each in BESIDE_TREES]
"""Trees of names, topics, monitors, tasks and partitions."""

MOMENTS = [Case(*each) for each in MOMENT_TREES]
"""Trees of timeouts, ends, groups and requests by hand."""

GROUND = {"table": CASES, "servers": SERVERS, "beside": BESIDE, "moments": MOMENTS}
"""The trees of each table of `__main__`."""

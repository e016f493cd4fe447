"""Small realistic trees that the harness is tried on."""

from typing import Any

import trio

from trio_sup import (
    Backoff,
    ChildSpec,
    GenServer,
    NoProcess,
    ServerExit,
    Supervisor,
    call,
    cast,
    child,
    dynamic_supervisor,
    supervisor,
    whereis,
)
from trio_sup._core.words import Strategy
from trio_sup.testing import World


class Db(GenServer):
    def __init__(self) -> None:
        self.rows: dict[int, int] = {}

    @call
    async def get(self, key: int) -> int:
        await trio.sleep(0.125)
        return self.rows.get(key, 0)

    @cast
    async def put(self, key: int, value: int) -> None:
        self.rows[key] = value


async def tick() -> None:
    while True:
        await trio.sleep(2)


async def slow_start(
    *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    await trio.sleep(0.25)
    task_status.started()
    await trio.sleep_forever()


def shop() -> ChildSpec[Supervisor]:
    """A server, a task, a nested group, sessions that come and go."""
    return supervisor(
        [
            child(Db, id="db", name="db"),
            child(slow_start, id="cache"),
            supervisor(
                [child(tick, id="a"), child(tick, id="b", restart="transient")],
                strategy="one_for_all",
                id="workers",
            ),
            dynamic_supervisor(id="sessions"),
        ],
        strategy="rest_for_one",
        id="shop",
    )


async def customer(world: World) -> None:
    """Opens a session, asks the database, again and again."""
    while True:
        db = world.root.server(Db, "db")
        try:
            await db.when_running().call(Db.get, 3)
            db.try_cast(Db.put, 3, 4)
            sessions = world.root.dynamic("sessions")
            if sessions.status == "running" and not sessions.which_children():
                await sessions.start_child(child(tick, id="s", restart="temporary"))
        except (NoProcess, ServerExit):
            pass
        await trio.sleep(1)


def flat(strategy: Strategy = "one_for_one", **options: Any) -> ChildSpec[Supervisor]:
    """Three tasks of each restart type, and a server with a backoff."""
    return supervisor(
        [
            child(tick, id="a"),
            child(tick, id="b", restart="transient"),
            child(tick, id="c", restart="temporary"),
            child(Db, id="d", name="d", backoff=Backoff(jitter=0)),
        ],
        strategy=strategy,
        id="flat",
        **options,
    )


def db_answers(world: World) -> bool:
    """Whether the database is found by its name."""
    return whereis("db", Db) is not None

"""A group of which members fall over at moments at which it is not whole."""

from __future__ import annotations

from contextlib import suppress

import trio

from trio_sup import (
    Backoff,
    Budget,
    ChildSpec,
    GenServer,
    SupervisionError,
    Supervisor,
    cast,
    child,
    supervisor,
)
from trio_sup.testing import World


class Diner(GenServer):
    """Falls over when told to; slow to leave, if so made."""

    def __init__(self, leaving: float = 0.0) -> None:
        self.leaving = leaving

    @cast
    async def fall(self) -> None:
        raise OSError("on purpose")

    async def terminate(self, exit: object) -> None:
        await trio.sleep(self.leaving)


def feasts() -> ChildSpec[Supervisor]:
    """A group that backs off, members with budgets, one that is slow to leave."""
    backs_off = Backoff(initial=2, jitter=0, immediate_first=False)
    budget = Budget(1, 30.0, then="escalate")
    feast = supervisor(
        [
            child(Diner, id="host"),
            child(Diner, id="wife", backoff=backs_off),
            child(Diner, id="aunt", budget=budget),
            child(Diner, 0.5, id="uncle", shutdown=3),
        ],
        strategy="rest_for_one",
        max_restarts=30,
        id="feast",
    )
    return supervisor([feast], max_restarts=8, id="house")


async def dines(world: World) -> None:
    """What befalls a group at moments at which it is not whole."""
    root = world.root
    feast = root.supervisor("feast")

    async def falls(*who: str) -> None:
        for id in who:
            feast.server(Diner, id).cast(Diner.fall)
            await trio.sleep(0.125)

    async def comes_alone() -> None:
        """The group waits; one of it is started by hand, and falls over."""
        await falls("wife")
        await trio.sleep(0.625)  # until all of it are down
        await feast.restart_child("uncle")
        await falls("uncle")
        await trio.sleep(4)

    async def is_sent_away() -> None:
        """The one on whom it turns is terminated while it waits."""
        await falls("wife")
        await trio.sleep(0.625)
        await feast.terminate_child("wife")
        await trio.sleep(3)
        for id in "aunt", "uncle":
            await feast.restart_child(id)
        await falls("uncle")
        await trio.sleep(2)

    async def falls_while_others_leave() -> None:
        await is_forgiven()
        await falls("wife", "aunt")
        await trio.sleep(4)

    async def is_forgiven() -> None:
        await feast.terminate_child("aunt")
        await feast.restart_child("aunt")

    async def begins_anew_by_hand() -> None:
        await falls("aunt")
        await trio.sleep(1)
        await is_forgiven()
        await falls("aunt")
        await trio.sleep(1)

    async def begins_anew_with_its_supervisor() -> None:
        await is_forgiven()
        await falls("aunt")
        await trio.sleep(1)
        await root.terminate_child("feast")
        await root.restart_child("feast")
        await falls("aunt")
        await trio.sleep(1)

    for scene in (
        comes_alone,
        begins_anew_by_hand,
        begins_anew_with_its_supervisor,
        falls_while_others_leave,
        is_sent_away,
    ):
        with suppress(SupervisionError):
            await scene()

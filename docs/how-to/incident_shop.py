"""A store that holds everything twice, and what a node of it went through at night."""

from pathlib import Path

import trio

from trio_sup import ChildSpec, Supervisor, child, supervisor
from trio_sup.testing import SupervisionViolation, World, replay, scenario_from


class Store:
    """A half that starts again reads everything from the other one."""

    def __init__(self) -> None:
        self.begun: set[str] = set()
        self.whole = {"left", "right"}


async def half(store: Store, name: str) -> None:
    if name in store.begun:
        store.whole.discard(name)  # a new life knows nothing
        await trio.sleep(1)  # it reads
        if store.whole:
            store.whole.add(name)
    store.begun.add(name)
    await trio.sleep_forever()


def tree() -> tuple[ChildSpec[Supervisor], Store]:
    store = Store()
    children = [
        child(half, store, "left", id="left"),
        child(half, store, "right", id="right"),
        child(trio.sleep_forever, id="web"),
        child(trio.sleep_forever, id="mail"),
    ]
    return supervisor(children, id="shop", max_restarts=20), store


def spec() -> ChildSpec[Supervisor]:
    return tree()[0]


def nothing_is_lost(world: World) -> None:
    assert world.app.whole, "both halves know nothing"


def test_the_incident() -> None:
    scenario = scenario_from(Path(__file__).with_name("incident.rec"))
    replay(tree, scenario, invariants=[nothing_is_lost])


if __name__ == "__main__":
    try:
        test_the_incident()
    except SupervisionViolation as found:
        print(found.program)

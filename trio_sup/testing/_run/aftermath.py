"""What must be true of a run once its tree is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trio.lowlevel import Task

from trio_sup._core.anatomy import is_a, leaves
from trio_sup._core.events import LifecycleEvent
from trio_sup.testing import invariants
from trio_sup.testing._monitor.facts import ENDS
from trio_sup.testing._run.by_hand import BY_HAND
from trio_sup.testing._run.injector import Injector
from trio_sup.testing.world import World

KNOWN_TASKS = ("trio_sup alarms", "harness:")
"""Tasks that may outlive a tree: one of the library's, and the harness's own."""


def aftermath(
    world: World, injector: Injector, left: Iterable[Task]
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong: the invariant, and the words for it.

    Args:
        world: The finished run.
        injector: What saw it from inside.
        left: The tasks that are there now, and were not before.
    """
    for task in left:
        if task.name == BY_HAND:
            yield "who asks a supervisor is answered", "a request waits for ever"
        elif not task.name.startswith(KNOWN_TASKS):
            yield "no task is leaked", f"{task.name} still runs"
    for record in world.records_:
        if record.alive:
            yield "nothing is alive after the end", record.path_text
    for path, first, second in injector.overlaps:
        yield "lives never overlap", f"{path}: life {second} ran beside life {first}"
    for entry in world.node.registry.select():
        yield "names end with their holders", repr(entry.key)
    for path, numbers in injector.flooded.items():
        if numbers != sorted(set(numbers)):
            yield "messages are handled once, in order", path
    for text in invariants.one_end_a_life(world):
        yield "every life ends once", text
    for text in _untold(world, injector):
        yield "events tell what happened", text
    if _interrupt_got_lost(world) or (
        injector.keyboard.pressed and world.outcome == "stopped"
    ):
        yield "Ctrl-C ends the tree", f"it ended: {world.outcome}"


def _untold(world: World, injector: Injector) -> Iterator[str]:
    """Compare the events with what was seen from inside: the same lives and ends."""
    begun: set[tuple[str, int]] = set()
    ends: dict[str, list[tuple[int, LifecycleEvent]]] = {}
    for index, event in enumerate(world.events):
        kind = event.kind
        if kind == "child_starting":
            begun.add((world.name_of(event.path), event.life))
        elif kind in ENDS:
            ends.setdefault(world.name_of(event.path), []).append((index, event))
    for life in injector.lives:
        if (life.path, life.life) not in begun:
            yield f"{life.path}: life {life.life} is untold"
    for path, number, failed, place in injector.ends:
        after = (event for at, event in ends.get(path, ()) if at >= place)
        told = next(after, None)
        if told is None or told.life != number:
            yield f"{path}: the end of life {number} is untold"
        elif told.kind == "child_crashed" and not failed:
            yield f"{path}: life {number} did not crash, but is told to"


def _interrupt_got_lost(world: World) -> bool:
    """Whether a child let a Ctrl-C pass, and the tree went on all the same."""
    if world.outcome in ("interrupted", "cut"):
        return False
    return any(
        is_a(leaf, KeyboardInterrupt)
        for _, _, error in invariants.errors_of_ends(world)
        for leaf in leaves(error)
    )

"""What there is to hit in a tree, as its undisturbed run showed it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from attrs import frozen

from trio_sup._core import events
from trio_sup.testing.faults import Crash, Fault
from trio_sup.testing.world import World


@frozen
class Target:
    """A child that faults can hit, as the undisturbed run showed it."""

    path: str
    server: bool
    checkpoints: int
    limit: int
    """How many restarts its supervisor allows, or its own budget does."""
    window: float
    healthy: float
    """Seconds after which a life ends a row of delays."""
    room: float = 0
    """How many casts fit into its mailbox, if it is a server."""
    backs_off: bool = False
    """Whether a restart of it may have to wait."""

    @property
    def above(self) -> str:
        """The path of its supervisor."""
        return self.path.rpartition("/")[0]


@frozen
class Ground:
    """What there is to hit, and when things happen of themselves."""

    targets: tuple[Target, ...]
    times: tuple[float, ...]
    steps: int
    contested: int
    """How often the schedule could have gone another way."""
    supervisors: tuple[tuple[str, str], ...] = ()
    """Those of the tree, and what kind each is."""

    def under(self, number: int, *kinds: str) -> str | None:
        """Return the path of one of the supervisors of some kinds; None if none is."""
        found = [path for path, kind in self.supervisors if kind in kinds]
        return found[number % len(found)] if found else None


Move: TypeAlias = Callable[[Ground, Target, float, int], list[Fault]]


def survey(world: World, spare: Sequence[str], duration: float) -> Ground:
    """Look at an undisturbed run: its children, its times, its length."""
    targets: list[Target] = []
    for path in dict.fromkeys(path for path, _ in world.checkpoints):
        if path in spare:
            continue
        record = world.child(path).record
        assert record.parent is not None
        flags, budget = record.parent.flags, record.spec.budget
        limit, window = flags.max_restarts, flags.max_seconds
        if budget is not None:
            limit, window = budget.max_restarts, budget.max_seconds
        waits = world.checkpoints.get((path, 1), 0)
        server = record.mailbox is not None
        backoff = record.spec.backoff
        healthy = window if backoff is None else backoff.reset_after
        room = record.spec.mailbox.capacity if server else 0
        found = Target(
            path,
            server,
            waits,
            min(limit, 10),
            window,
            healthy,
            room,
            backoff is not None,
        )
        targets.append(found)
    seen = sorted({round(e.at, 9) for e in world.events if e.at < duration})
    thin = seen[:: max(1, len(seen) // 12)]
    times = dict.fromkeys([0.0, 1.0, *thin, duration / 4, duration / 2])
    ordered = sorted(time for time in times if 0 <= time < duration)
    starts = [e.at for e in world.events if isinstance(e, events.ChildStarted)]
    ordered += [starts[-1] + 0.05] if starts and starts[-1] + 0.05 < duration else []
    supervisors = tuple(
        (world.name_of(record.path_text), str(record.spec.target))
        for record in world.records_
        if record.shell is not None
    )
    return Ground(
        tuple(targets), tuple(ordered), world.steps, world.contested, supervisors
    )


def crash(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    """The plainest move, and what others are where they find nobody."""
    del ground, amount
    return [Crash(target.path, at=at)]

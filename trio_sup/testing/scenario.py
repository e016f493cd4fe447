"""What went wrong on a real node, to be played against a tree in a test."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen

from trio_sup.testing._recorded.moment import Moment
from trio_sup.testing._recorded.moments import moments_of
from trio_sup.testing.faults import Fault
from trio_sup.testing.world import World

SHOWN: Final = 12
"""Lines that a message shows of a list."""


@frozen(repr=False)
class Scenario:
    """What went wrong on a node, in order: made by `scenario_from`, for `replay`.

    `str` of it says all of it in words.
    """

    source: str
    """The file, and the node's name."""
    seconds: float
    """How long it was recorded."""
    moments_: tuple[Moment, ...] = field(repr=False)

    @property
    def faults(self) -> list[Fault]:
        """What a test can bring about, at the times of the recording."""
        return [each.fault for each in self.moments_ if each.fault is not None]

    @property
    def unplayable(self) -> list[str]:
        """What no fault brings about, each in one line with the reason."""
        return [
            f"{each.what}: {each.why}" for each in self.moments_ if each.fault is None
        ]

    def without(self, *paths: str) -> Scenario:
        """Leave out what happened to some children, and to all below them.

        Args:
            paths: Their paths, such as ``"shop/metrics"``.

        Raises:
            ValueError: nothing happened there.
        """
        for path in paths:
            self._expect(path)
        kept = [
            each
            for each in self.moments_
            if not any(_below(each.path, path) for path in paths)
        ]
        return evolve(self, moments_=tuple(kept))

    def moved(self, before: str, now: str) -> Scenario:
        """Take what happened at one path, and below it, for what happens at another.

        A test's tree may have another root, or stand for a part of the node's.

        Args:
            before: The path on the node.
            now: The path in the test's tree.

        Raises:
            ValueError: nothing happened there.
        """
        self._expect(before)
        moved = [_moved(each, before, now) for each in self.moments_]
        return evolve(self, moments_=tuple(moved))

    def _expect(self, path: str) -> None:
        paths = sorted({each.path for each in self.moments_ if each.path})
        if not any(_below(each, path) for each in paths):
            raise ValueError(
                f"nothing happened to {path!r}; what happened, did to "
                f"{', '.join(paths) or 'nobody'}"
            )

    def __repr__(self) -> str:
        """Return what fits into a line."""
        return f"<Scenario: {self.source}, {len(self.faults)} faults>"

    def __str__(self) -> str:
        head = f"{self.source}, {self.seconds:.1f} s"
        lines = [
            f"{each}: {each.why}" if each.why else str(each) for each in self.moments_
        ]
        return "\n".join([head, *lines])


def scenario_from(path: str | os.PathLike[str]) -> Scenario:
    """Read a recording that was made by ``trio-sup record NODE FILE --for-tests``.

    What went wrong on the node, and what people did to it, becomes faults: crashes,
    starts that failed, ends and starts by hand, suspensions, floods, Ctrl-C, a
    cancellation from outside. What its supervisors made of that is not in it: the tree
    that plays it does that itself.

    Args:
        path: The file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such recording, or cut off, or nothing went wrong in it.
    """
    # Not above: who plays no recording needs no protocol.
    from trio_sup.inspect.recording.for_tests import HOW, read_incident  # noqa: PLC0415
    from trio_sup.inspect.recording.recording import RecordingError  # noqa: PLC0415

    file = Path(path)
    try:
        incident = read_incident(file)
    except RecordingError as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        raise ValueError(str(error)) from None
    moments, seconds = moments_of(incident)
    if not moments:
        raise ValueError(
            f"{file}: nothing went wrong in {incident.seconds:.1f} s, so there is "
            f"nothing to play; record while it does: {HOW}"
        )
    source = f"{file} of node {incident.node}"
    return Scenario(source, round(seconds, 3), tuple(moments))


class NotPlayed(AssertionError):
    """A recording could not be played as it is, so what it did proves nothing."""

    def __init__(
        self, scenario: Scenario, unplayed: Sequence[tuple[Moment, str]], world: World
    ) -> None:
        self.scenario: Scenario = scenario
        self.world: World = world
        """The run without what could not be played. Nothing was wrong with it."""
        self.reasons: list[str] = [f"{moment.what}: {why}" for moment, why in unplayed]
        """What did not happen, and why."""
        super().__init__(_message(scenario, unplayed, world))

    def __reduce__(self) -> tuple[type[AssertionError], tuple[str]]:
        """Travel as text between processes: worlds cannot."""
        return AssertionError, (str(self),)


def _message(
    scenario: Scenario, unplayed: Sequence[tuple[Moment, str]], world: World
) -> str:
    count, most = len(unplayed), len(scenario.moments_)
    lines = [
        f"{count} of {most} things in {scenario.source} could not be played",
        *(f"{moment}: {why}" for moment, why in unplayed[:SHOWN]),
    ]
    if count > SHOWN:
        lines.append(f"           … and {count - SHOWN} more")
    if world.outcome not in ("running", "stopped"):
        lines.append(f"the tree did not last: {world.outcome} at t={world.end:g}")
    found = {world.name_of(record.path_text): None for record in world.records_}
    paths = [moment.path for moment, _ in unplayed if moment.path]
    if paths:
        shown = ", ".join(list(found)[:SHOWN])
        lines += [
            f"the tree has {shown}",
            "what the test's tree cannot have is left out by "
            f"scenario.without({paths[0]!r}),",
            "and what has another path there is given it by scenario.moved(before, now)",
        ]
    return "\n".join(lines)


def _below(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}/")


def _moved(moment: Moment, before: str, now: str) -> Moment:
    if not moment.path or not _below(moment.path, before):
        return moment
    path = now + moment.path[len(before) :]
    fault = None if moment.fault is None else evolve(moment.fault, path=path)
    return evolve(moment, path=path, fault=fault)

"""Where trio-sup did something else than OTP, and not on purpose."""

from __future__ import annotations

from collections.abc import Sequence, Set as AbstractSet
from itertools import chain

from attrs import evolve

from .draw import strategy_of
from .otp import STOPPING, View
from .scenario import Exit, Moment, Request, Scenario, join


def first_difference(
    scenario: Scenario, otp: Sequence[View], ours: Sequence[View]
) -> int | None:
    """The first moment that differs; None if there is none, or none that counts."""
    theirs = _answers(otp)
    overtaken = [
        number
        for key, (word, number) in _answers(ours).items()
        if word == STOPPING and theirs.get(key, ("", 0))[0] != STOPPING
    ]
    end = min(overtaken, default=len(ours))
    ahead, before = False, otp[0]
    for number, (one, other) in enumerate(zip(otp[:end], ours, strict=False)):
        if _without_stopping(one) == _without_stopping(other):
            ahead = False
        elif _is_ahead(scenario, one, other):
            ahead = True
        else:
            stopped = other.stopped | _terminated(scenario.script[:number])
            moved = _moved(
                scenario.script[number - 1 : number], before, one, other.stopped
            )
            stopped |= {
                path
                for path in dict(one.living)
                if any(_is_below(path, parent) for parent in moved)
            }
            explained = (
                ahead
                or bool(moved & other.stopped)  # in one moment: what it would do first
                or _overtaken(stopped, one, other)
                or _abandoned(before, one, other)
            )
            return None if explained else number
        before = one
    return None


def _is_ahead(scenario: Scenario, otp: View, ours: View) -> bool:
    """Whether a restart of a single child went on beside what OTP waits for."""
    more = {path for path, _ in set(ours.living) - set(otp.living)}
    alone = {
        path
        for path in more
        if strategy_of(scenario.tree, path.rpartition("/")[0]) == "one_for_one"
    }
    rest = evolve(ours, living=tuple(p for p in ours.living if p[0] not in more))
    return (
        bool(more)
        and _without_stopping(otp) == _without_stopping(rest)
        and all(path in alone or any(_is_below(path, a) for a in alone)
                for path in more)
    )  # fmt: skip


def _abandoned(before: View, otp: View, ours: View) -> bool:
    """Whether a group restart in its stopping phase was overtaken by another above.

    In OTP it is carried out all the same, so that there is an attempt more.
    """
    theirs, own = dict(otp.living), dict(ours.living)
    fewer = {path for path in theirs if theirs[path] != own.get(path)}
    return (
        theirs.keys() == own.keys()
        and _without_stopping(evolve(otp, living=())) == _without_stopping(
            evolve(ours, living=()))
        and all(
            own[path] < theirs[path]
            and any(_is_below(held, path.rpartition("/")[0]) for held in before.stops)
            for path in fewer
        )
    )  # fmt: skip


def _terminated(script: Sequence[Moment]) -> set[str]:
    stopped: set[str] = set()
    for op in chain.from_iterable(script):
        match op:
            case Request("terminate_child", path, id):
                stopped.add(join(path, id))
            case _:
                pass
    return stopped


def _moved(
    moment: Sequence[Moment], before: View, otp: View, stopped: AbstractSet[str]
) -> set[str]:
    """Whose children ended, or went on, in a moment: what is below may be stopped."""
    paths = set(before.starts) - set(otp.starts) | set(before.stops) - set(otp.stops)
    for op in chain.from_iterable(moment):
        if isinstance(op, Exit):
            paths.add(op.path)
        elif isinstance(op, Request) and op.what == "stop" and op.path in stopped:
            # Its end may go up: each one above may end in turn, or restart a group.
            ids = op.path.split("/")
            paths |= {"/".join(ids[:depth]) for depth in range(1, len(ids) + 1)}
    return {path.rpartition("/")[0] for path in paths}


def _overtaken(stopped: AbstractSet[str], otp: View, ours: View) -> bool:
    """Whether a stop has overtaken what OTP still waits for."""
    return any(
        any(_is_below(held, path) for held in otp.starts)
        or (
            path not in dict(ours.living)
            and any(_is_below(held, path) for held in otp.stops)
        )
        for path in stopped
        if path in dict(otp.living)
    )


def _is_below(path: str, supervisor: str) -> bool:
    return not supervisor or path.startswith(supervisor + "/")


def _answers(views: Sequence[View]) -> dict[tuple[int, int], tuple[str, int]]:
    return {
        key: (word, number)
        for number, view in enumerate(views)
        for key, word in view.answers
    }


def _without_stopping(view: View) -> View:
    """Without the answers that OTP gives when a supervisor has ended, not before."""
    kept = tuple(pair for pair in view.answers if pair[1] != STOPPING)
    return evolve(view, answers=kept)

"""Histories of concurrent calls: does one order of them explain every answer?"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from trio_sup._core import events
from trio_sup.testing._histories.history import History as History, Recorded as Recorded
from trio_sup.testing._histories.operation import Operation as Operation
from trio_sup.testing._histories.search import Spec, unexplained
from trio_sup.testing._histories.told import told
from trio_sup.testing.invariants import Invariant
from trio_sup.testing.world import World


class NotLinearizable(AssertionError):
    """No order of the calls explains their answers; the message shows the fewest."""


def check_history(history: History | Iterable[Operation], spec: Spec) -> None:
    """See that one order of the calls of a history explains all of their answers.

    The order has to agree with time: a call that was answered before another one began
    comes first. A call without an answer (its caller was cancelled, it timed out, the
    server crashed) may have happened or not, or may happen later.

    Args:
        history: What happened, in the order of calls or in any other.
        spec: A class that says, one call after the other, what each does: it has a
            method for each operation, by its name, which returns the answer or raises
            it. Its state is copied with `copy.deepcopy`. If it has a function
            ``key(name, *args)`` (a static method), calls with different keys have
            nothing to do with each other, and are searched one key at a time. If it
            has a method ``restarted``, that says what a crash of the server leaves; by
            default everything is lost.

    Raises:
        NotLinearizable: there is none.
        TypeError: the specification has no method for a call.
    """
    __tracebackhide__ = True
    if isinstance(history, History):
        history = history.operations
    found = unexplained(list(history), spec)
    if found is not None:
        raise NotLinearizable(told(found, _name(spec)))


def linearizable(spec: Spec, path: str | None = None) -> Invariant:
    """Demand that the calls that clients made can be explained, as an invariant.

    Clients make them through `World.history`: ``world.history.of(ref).call(...)``.

    Args:
        spec: What each call does: see `check_history`.
        path: The server; when it crashes its state is what ``spec`` says a restart
            leaves. None if crashes change nothing.
    """
    check = Explained(spec, path)
    return Invariant(f"calls are explained by {_name(spec)}", check, "end")


@frozen
class Explained:
    """The check of `linearizable`."""

    spec: Spec
    path: str | None

    def __call__(self, world: World) -> None:
        """Look at the calls of a run."""
        lives = [] if self.path is None else _restarts(world, self.path)
        check_history(world.history.with_restarts(lives), self.spec)


def _restarts(world: World, path: str) -> list[tuple[int, int]]:
    """Return for each new life how many events there were before, and at its start."""
    found: list[tuple[int, int]] = []
    ended: int | None = None
    for place, event in enumerate(world.events):
        if world.name_of(event.path) != path:
            continue
        match event:
            case events.ChildCrashed() | events.ChildStopped():
                ended = place if ended is None else ended
            case events.ChildStarted() if ended is not None:
                found.append((ended, place))
                ended = None
            case _:
                pass
    if ended is not None:
        found.append((ended, len(world.events)))
    return found


def _name(spec: Spec) -> str:
    return str(getattr(spec, "__name__", "the specification"))

"""What the entrances of the harness take, checked before anything runs."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeGuard, TypeVar, cast

import trio

from trio_sup._core.specs import ChildSpec
from trio_sup.testing._run.case import SCHEDULES, Case
from trio_sup.testing._run.options import Client, Options
from trio_sup.testing.faults import EVERYTHING, Ask, Fault, is_own
from trio_sup.testing.invariants import Check, Invariant, as_invariants
from trio_sup.testing.world import BuildTree, World

T = TypeVar("T")

DEPTH = 3
"""Of the bugs that likely schedules look for, where nothing is said."""


def make_options(
    build_tree: BuildTree,
    client: Client | None,
    invariants: Iterable[Invariant | Check],
    allow: Iterable[type[BaseException]],
    duration: float,
) -> Options:
    """Put what all entrances take into one record.

    Raises:
        TypeError: something is no function, no exception type, no number or no list.
        ValueError: the duration is not a positive number.
        RuntimeError: this is called from async code.
    """
    __tracebackhide__ = True  # pytest shows who gave it, in all of these
    _outside_of_trio()
    if isinstance(build_tree, ChildSpec | list | tuple):
        raise TypeError(
            "build_tree must be a function that returns the specification, since each "
            "run needs a fresh one; for this one write lambda: spec"
        )
    _function("build_tree", build_tree)
    if client is not None:
        _function("client", client)
    if not _is_number(duration):
        raise TypeError(f"duration must be a number of seconds, not {duration!r}")
    if not 0 < duration < math.inf:
        raise ValueError(f"duration must be a number of seconds above 0: {duration!r}")
    allowed = _listed("allow", allow)
    _exception_types(allowed)
    return Options(
        build_tree=build_tree,
        client=client,
        invariants=tuple(as_invariants(_listed("invariants", invariants))),
        allow=allowed,
        duration=duration,
    )


def _outside_of_trio() -> None:
    __tracebackhide__ = True
    if trio.lowlevel.in_trio_run():
        raise RuntimeError(
            "the harness runs Trio itself, once for each example: call it from a plain "
            "function or test, not from an async one"
        )


def _function(name: str, given: Callable[..., object]) -> None:
    __tracebackhide__ = True
    if not callable(given):
        raise TypeError(f"{name} must be a function, not {given!r}")


def _is_number(given: object) -> bool:
    return isinstance(given, int | float)


def _listed(name: str, given: Iterable[T]) -> tuple[T, ...]:
    """Return what is in a list; one that stands alone is not guessed at."""
    __tracebackhide__ = True
    if not _is_list(given):
        shown = getattr(given, "__name__", None) or repr(given)
        raise TypeError(f"{name} takes a list: [{shown}]")
    return tuple(given)


def _is_list(given: object) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, str | type)


def check_count(name: str, given: object) -> None:
    """Look at what says how many runs there are to be.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is not above 0.
    """
    __tracebackhide__ = True
    if not isinstance(given, int):
        raise TypeError(f"{name} must be a whole number, not {given!r}")
    if given < 1:
        raise ValueError(f"{name} must be a whole number above 0: {given!r}")


def check_seconds(name: str, given: object) -> None:
    """Look at what says how long something may take.

    Raises:
        TypeError: it is no number.
        ValueError: it is not above 0.
    """
    __tracebackhide__ = True
    if not isinstance(given, int | float):
        raise TypeError(f"{name} must be a number of seconds, not {given!r}")
    if not given > 0:
        raise ValueError(f"{name} must be a number of seconds above 0: {given!r}")


def check_case(case: object) -> Case:
    """Return a case that is to be tried.

    Raises:
        TypeError: it is no script, nor one with codes, or with codes and picks.
        ValueError: a code or a pick is negative, or there are both.
    """
    __tracebackhide__ = True
    if isinstance(case, Fault) or not _is_sequence(case):
        raise TypeError(f"a case is a list of faults, or that and codes; not {case!r}")
    parts = case
    if isinstance(case, tuple) and len(parts) > 1 and not isinstance(parts[0], Fault):
        if len(parts) > 3:
            raise TypeError(f"a case is a script, codes and picks; not {case!r}")
        given = Case(*parts)
    else:
        given = Case(parts)
    check_order(given.script, given.codes, given.picks)
    return given


def check_order(
    script: Iterable[object], codes: Sequence[object], picks: Sequence[object] | None
) -> None:
    """Look at a script and its order.

    Raises:
        TypeError: something is no fault, or no whole number.
        ValueError: a code or a pick is negative, or there are both.
    """
    __tracebackhide__ = True
    check_run(script, codes)
    check_run((), picks or ())
    if codes and picks is not None:
        raise ValueError("a schedule is either codes= or picks=, not both")


def check_schedules(schedules: object, depth: object) -> int:
    """Look at where the order of tasks is to come from; return the depth.

    Raises:
        TypeError: the depth is no whole number.
        ValueError: there are no such schedules, or they have no depth.
    """
    __tracebackhide__ = True
    if schedules not in SCHEDULES:
        more = (
            "; every order is tried by every_schedule" if schedules == "every" else ""
        )
        raise ValueError(
            f"schedules is {', '.join(SCHEDULES[:-1])} or {SCHEDULES[-1]}, not "
            f"{schedules!r}{more}"
        )
    return of_likely("depth", depth, DEPTH, schedules)


def of_likely(name: str, given: object, usual: int, schedules: object) -> int:
    """Look at a number that has a sense with likely schedules alone; return it.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is not above 0, or given although the schedules are others.
    """
    __tracebackhide__ = True
    if given is None:
        return usual
    if schedules != "likely":
        raise ValueError(f'{name}= is of schedules="likely" alone')
    check_count(name, given)
    return cast("int", given)


def _is_sequence(given: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(given, Sequence)


def check_modes(modes: Sequence[str], known: Collection[str]) -> None:
    """Look at what `modes=` was given.

    Raises:
        TypeError: it is a string.
        ValueError: there is no such mode.
    """
    __tracebackhide__ = True
    for mode in _listed("modes", modes):
        if mode not in known:
            raise ValueError(f"modes takes some of {', '.join(known)}; not {mode!r}")


def nothing_to_try(world: World, spare: Collection[str]) -> ValueError:
    """Return what to raise for a search that hits nobody, and so proves nothing.

    Args:
        world: The undisturbed run.
        spare: Who is to be left alone.
    """
    found = {path for path, _ in world.checkpoints}
    if not found and not world.assumed:
        why = "an assume() gave up the undisturbed run before it had children"
    elif not found:
        why = (
            "the undisturbed run had no children; if they are started later, a client= "
            "has to start them"
        )
    elif found <= set(spare):
        why = "spare= names all children"
    else:
        why = (
            "nothing that was asked for can happen to "
            f"{', '.join(sorted(found - set(spare)))}"
        )
    return ValueError(f"there is nothing to try: {why}")


def _exception_types(given: Iterable[object]) -> None:
    __tracebackhide__ = True
    for kind in given:
        if not (inspect.isclass(kind) and issubclass(kind, BaseException)):
            raise TypeError(f"allow takes types of exceptions, not {kind!r}")


def check_kinds(kinds: Sequence[type[Fault]]) -> None:
    """Look at what `faults=` was given.

    Raises:
        TypeError: there is something in it that is no kind of fault.
    """
    __tracebackhide__ = True
    for kind in _listed("faults", kinds):
        if kind not in EVERYTHING and not _is_own(kind):
            names = ", ".join(sorted(each.__name__ for each in EVERYTHING))
            raise TypeError(
                f"faults takes some of {names}, and classes of your own that derive "
                f"from Fault and define happen(world); not {kind!r}"
            )


def _is_own(kind: object) -> bool:
    return inspect.isclass(kind) and issubclass(kind, Fault) and is_own(kind)


def check_spare(spare: Sequence[str], known: Collection[str]) -> None:
    """Look at what `spare=` was given.

    Raises:
        TypeError: it is a string.
        ValueError: nobody has one of the paths.
    """
    __tracebackhide__ = True
    for path in _listed("spare", spare):
        if path not in known:
            raise ValueError(
                f"spare: nobody to spare at {path!r}; the undisturbed run had "
                f"{', '.join(sorted(known)) or 'no children'}"
            )


def check_run(script: Iterable[object], codes: Iterable[object]) -> None:
    """Look at a script and a schedule.

    Raises:
        TypeError: something is no fault, or no whole number.
        ValueError: a code is negative.
    """
    __tracebackhide__ = True
    for fault in script:
        if not isinstance(fault, Fault):
            raise TypeError(f"a script is a list of faults; {fault!r} is none")
        if not (isinstance(fault, (*EVERYTHING, Ask)) or is_own(type(fault))):
            name = type(fault).__name__
            raise TypeError(f"{name} does not define happen(world): it cannot happen")
    for code in codes:
        if not isinstance(code, int):
            raise TypeError(f"codes are whole numbers, not {code!r}")
        if code < 0:
            raise ValueError(f"codes are whole numbers from 0 on: {code!r}")

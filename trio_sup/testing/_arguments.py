"""What the entrances of the harness take, checked before anything runs."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Collection, Iterable, Sequence

import trio

from trio_sup._core.specs import ChildSpec
from trio_sup.testing._example import Client, Options
from trio_sup.testing.faults import EVERYTHING, Fault
from trio_sup.testing.invariants import Check, Invariant, as_invariants
from trio_sup.testing.world import BuildTree


def make_options(
    build_tree: BuildTree,
    client: Client | None,
    invariants: Iterable[Invariant | Check],
    allow: Iterable[type[BaseException]],
    duration: float,
) -> Options:
    """Put what all entrances take into one record.

    Raises:
        TypeError: something is no function, or no exception type.
        ValueError: the duration is not a positive number.
        RuntimeError: this is called from async code.
    """
    _outside_of_trio()
    if isinstance(build_tree, ChildSpec | list | tuple):
        raise TypeError(
            "build_tree must be a function that returns the specification, since each "
            "run needs a fresh one; for this one write lambda: spec"
        )
    _function("build_tree", build_tree)
    if client is not None:
        _function("client", client)
    if not 0 < duration < math.inf:
        raise ValueError(f"duration must be a number of seconds above 0: {duration!r}")
    allowed = tuple(allow)
    _exception_types(allowed)
    return Options(
        build_tree=build_tree,
        client=client,
        invariants=tuple(as_invariants(invariants)),
        allow=allowed,
        duration=duration,
    )


def _outside_of_trio() -> None:
    if trio.lowlevel.in_trio_run():
        raise RuntimeError(
            "the harness runs Trio itself, once for each example: call it from a plain "
            "function or test, not from an async one"
        )


def _function(name: str, given: Callable[..., object]) -> None:
    if not callable(given):
        raise TypeError(f"{name} must be a function, not {given!r}")


def _exception_types(given: Iterable[object]) -> None:
    for kind in given:
        if not (inspect.isclass(kind) and issubclass(kind, BaseException)):
            raise TypeError(f"allow takes types of exceptions, not {kind!r}")


def check_kinds(kinds: Sequence[type[Fault]]) -> None:
    """Look at what `faults=` was given.

    Raises:
        TypeError: there is something in it that is no kind of fault.
    """
    for kind in kinds:
        if kind not in EVERYTHING:
            names = ", ".join(sorted(each.__name__ for each in EVERYTHING))
            raise TypeError(f"faults takes some of {names}; not {kind!r}")


def check_spare(spare: Sequence[str], known: Collection[str]) -> None:
    """Look at what `spare=` was given.

    Raises:
        TypeError: it is a string.
        ValueError: nobody has one of the paths.
    """
    if isinstance(spare, str):
        raise TypeError(f"spare takes a list of paths: [{spare!r}]")
    for path in spare:
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
    for fault in script:
        if not isinstance(fault, Fault):
            raise TypeError(f"a script is a list of faults; {fault!r} is none")
    for code in codes:
        if not isinstance(code, int):
            raise TypeError(f"codes are whole numbers, not {code!r}")
        if code < 0:
            raise ValueError(f"codes are whole numbers from 0 on: {code!r}")

"""Whether a history is linearizable: one order of its calls explains every answer.

The search of Wing and Gong ("Testing and verifying concurrent objects", 1993) with
Lowe's memory ("Testing for linearizability", 2017): a set of calls that has led to a
state once need not be followed again. A specification that says what a call is about
has each key searched by itself, which is as good (Horn and Kroening, 2015).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, cast

from attrs import define, evolve, frozen

from trio_sup.testing._histories.operation import RESTARTED, Operation

Spec = Callable[[], Any]
"""Makes the specification in its first state: a class, most often."""


@frozen
class Unexplained:
    """The shortest part of a history that no order explains."""

    operations: tuple[Operation, ...]
    """Those that it takes, in order of time; the last one to be answered cannot be."""
    culprit: Operation
    allowed: tuple[str, ...]
    """The answers that the specification would allow there, as text."""
    left_out: int
    """How many others there were before it; whatever they did, it does not help."""


def unexplained(operations: Sequence[Operation], spec: Spec) -> Unexplained | None:
    """Return what cannot be explained of a history, or None if all can."""
    for part in _parts(operations, spec):
        if not _explains(part, spec):
            return _shortest(part, spec)
    return None


def _parts(operations: Sequence[Operation], spec: Spec) -> list[list[Operation]]:
    """Return a history for each key, if the specification tells keys."""
    ordered = sorted(operations, key=lambda each: each.called)
    key_of = getattr(spec, "key", None)
    if key_of is None:
        return [ordered]
    restarts = [each for each in ordered if each.name == RESTARTED]
    parts: dict[Hashable, list[Operation]] = {}
    for each in ordered:
        if each.name != RESTARTED:
            key = key_of(each.name, *each.args, **each.kwargs)
            parts.setdefault(key, []).append(each)
    return [
        sorted([*part, *restarts], key=lambda each: each.called)
        for part in parts.values()
    ]


def _shortest(operations: Sequence[Operation], spec: Spec) -> Unexplained:
    ends = sorted(each.returned for each in operations if each.answered)
    low, high = 0, len(ends) - 1
    while low < high:  # what is unexplained stays so when more is said
        middle = (low + high) // 2
        if _explains(_until(operations, ends[middle]), spec):
            low = middle + 1
        else:
            high = middle
    kept = _until(operations, ends[low])
    culprit = next(each for each in kept if each.returned == ends[low])
    needed = list(kept)
    for each in reversed(kept):
        if each is culprit or each.name == RESTARTED:
            continue
        # Weaker: it may have happened or not, with any answer.
        weaker = [_unanswered(one) if one is each else one for one in needed]
        if not _explains(weaker, spec):
            needed = weaker
    shown = [each for each in needed if each.answered or each.name == RESTARTED]
    left_out = len(kept) - len(shown)
    allowed: dict[str, None] = {}
    asked = [_unanswered(each) if each is culprit else each for each in kept]
    _explains(asked, spec, culprit, allowed)
    return Unexplained(tuple(shown), culprit, tuple(allowed), left_out)


def _until(operations: Sequence[Operation], end: float) -> list[Operation]:
    """Return what was known of a history at a time."""
    return [
        each if each.returned <= end else _unanswered(each)
        for each in operations
        if each.called <= end
    ]


def _unanswered(each: Operation) -> Operation:
    return evolve(each, returned=math.inf, result=None, error=None)


@define
class _Place:
    """A place in the search: what has happened, and what came of it."""

    done: int
    state: Any


def _explains(
    operations: Sequence[Operation],
    spec: Spec,
    asked: Operation | None = None,
    allowed: dict[str, None] | None = None,
) -> bool:
    """Whether one order of the calls explains all answers.

    Args:
        operations: By the times at which they were called.
        spec: Makes the specification.
        asked: A call, here without its answer, that could be given some.
        allowed: Where these answers are collected.
    """
    wanted = sum(1 << n for n, each in enumerate(operations) if each.answered)
    seen: set[Hashable] = set()
    todo = [_Place(0, spec())]
    while todo:
        place = todo.pop()
        if place.done & wanted == wanted and allowed is None:
            return True
        # Whoever was called after another one had its answer comes after that one.
        bound = min(
            (
                each.returned
                for n, each in enumerate(operations)
                if not place.done >> n & 1
            ),
            default=math.inf,
        )
        for n, each in enumerate(operations):
            if place.done >> n & 1 or each.called > bound:
                continue
            state, answer = _after(place.state, each, spec)
            if asked is not None and allowed is not None and _same(each, asked):
                if place.done & wanted == wanted & ~(1 << n):
                    allowed.setdefault(_said(answer))
                continue
            if each.answered and not _fits(each, answer):
                continue
            done = place.done | 1 << n
            known = (done, frozen_state(state))
            if known not in seen:
                seen.add(known)
                todo.append(_Place(done, state))
    return False


def _same(each: Operation, asked: Operation) -> bool:
    return each.called == asked.called and each.client == asked.client


def _after(
    state: Any, each: Operation, spec: Spec
) -> tuple[Any, tuple[Any, str | None]]:
    """Return the state after a call, and its answer."""
    if each.name == RESTARTED and not hasattr(state, RESTARTED):
        return spec(), (None, None)
    state = copy.deepcopy(state)
    try:
        return state, (getattr(state, each.name)(*each.args, **each.kwargs), None)
    except AttributeError as error:
        if not hasattr(state, each.name):
            raise TypeError(
                f"{type(state).__name__} has no method {each.name!r}: it must say what "
                "each call does"
            ) from error
        return state, (None, type(error).__name__)
    except Exception as error:  # noqa: BLE001 - an answer like any other
        return state, (None, type(error).__name__)


def _fits(each: Operation, answer: tuple[Any, str | None]) -> bool:
    result, error = answer
    if each.error is not None or error is not None:
        return each.error == error
    return bool(each.result == result)


def _said(answer: tuple[Any, str | None]) -> str:
    result, error = answer
    return repr(result) if error is None else f"raises {error}"


def frozen_state(value: object) -> Hashable:
    """Return something hashable that is equal for equal states."""
    kind: Any = type(value)
    if isinstance(value, dict):
        items = cast("Mapping[object, object]", value).items()
        return "dict", frozenset((frozen_state(k), frozen_state(v)) for k, v in items)
    if isinstance(value, list | tuple):
        members = cast("Iterable[object]", value)
        return kind, tuple(frozen_state(each) for each in members)
    if isinstance(value, set | frozenset):
        return "set", frozenset(cast("Iterable[Hashable]", value))
    by_identity = kind.__hash__ is None or kind.__hash__ is object.__hash__
    if by_identity and hasattr(value, "__dict__"):
        return kind, frozen_state(vars(value))
    slots: Any = getattr(kind, "__slots__", ())
    if by_identity and slots:
        return kind, frozen_state([getattr(value, each, None) for each in slots])
    if isinstance(value, Hashable):
        return kind, value
    # a deque and the like
    return kind, frozen_state(list(cast("Iterable[object]", value)))

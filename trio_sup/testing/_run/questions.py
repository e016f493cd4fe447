"""What to ask a user's servers: their own operations, with arguments of the right types."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import frozen
from hypothesis import strategies as st

from trio_sup._servers.operations import Call, Cast
from trio_sup.testing._run.ground import Ground
from trio_sup.testing.faults import Ask, Fault
from trio_sup.testing.world import World

Operations: TypeAlias = Iterable[Any] | Mapping[Any, Any]
"""Operations, or operations with a strategy for the arguments of each."""

MOST = 4
"""Questions in one script."""
TIMEOUTS = (None, None, 0.25, 2.0)


@frozen
class Question:
    """One operation of one server, and what it may be asked with."""

    path: str
    op: str
    args: st.SearchStrategy[tuple[object, ...]]


def questions_of(world: World, operations: Operations) -> list[Question]:
    """Return what the servers of a tree may be asked.

    Args:
        world: An undisturbed run of it.
        operations: What the user gave.

    Raises:
        TypeError: something is no operation, or an argument has no type hint.
        ValueError: no server of the tree has any of them.
    """
    __tracebackhide__ = True
    asked: Any = operations
    named: bool = isinstance(operations, Mapping)
    given: dict[Any, Any] = dict(asked) if named else dict.fromkeys(asked)
    args = {op: _strategy(op, chosen) for op, chosen in given.items()}
    found: list[Question] = []
    for record in world.records_:
        handlers: dict[Any, Any] = getattr(record.spec.target, "__handlers__", {})
        path = world.name_of(record.path_text)
        found += [Question(path, op.name, args[op]) for op in given if op in handlers]
    if given and not found:
        raise ValueError("operations: no server of the undisturbed run has any of them")
    return list({(each.path, each.op): each for each in found}.values())


def _strategy(op: Any, chosen: Any) -> st.SearchStrategy[tuple[object, ...]]:
    __tracebackhide__ = True
    if not isinstance(op, Call | Cast):
        raise TypeError(f"operations takes methods with @call or @cast, not {op!r}")
    if chosen is not None:
        given: st.SearchStrategy[tuple[object, ...]] = chosen
        return given
    hints = typing.get_type_hints(op.fn)
    skipped = 2 if op.deferred else 1
    parts: list[st.SearchStrategy[Any]] = []
    for parameter in list(inspect.signature(op.fn).parameters.values())[skipped:]:
        if parameter.default is not inspect.Parameter.empty or parameter.kind in (
            inspect.Parameter.VAR_POSITIONAL,
            inspect.Parameter.VAR_KEYWORD,
        ):
            break
        if parameter.name not in hints:
            raise TypeError(
                f"{op.qualname}: {parameter.name!r} has no type hint; give it one, or "
                f"a strategy: operations={{{op.qualname}: st.tuples(...)}}"
            )
        parts.append(st.from_type(hints[parameter.name]))
    return st.tuples(*parts)


def asked_on(
    ground: Ground, questions: Sequence[Question]
) -> st.SearchStrategy[list[Fault]]:
    """Draw a few questions."""
    one = st.one_of([_one(ground, each) for each in questions])
    return st.lists(one, max_size=MOST)


def _one(ground: Ground, question: Question) -> st.SearchStrategy[Fault]:
    return st.builds(
        Ask,
        st.just(question.path),
        at=st.sampled_from(ground.times),
        op=st.just(question.op),
        args=question.args,
        timeout=st.sampled_from(TIMEOUTS),
    )

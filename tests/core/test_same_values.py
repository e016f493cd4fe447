"""Which values of two specifications are the same: in doubt they are not."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import Any

import pytest
from attrs import frozen

from trio_sup._core.addresses import Via
from trio_sup._core.comparing import same_value


async def work() -> None:
    """A target; never run."""


async def other_work() -> None:
    """Another target; never run."""


class Odd:
    """Compares with nothing."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]


class Listed(list[int]):
    """A list with a name."""


class Endless:
    """To be compared it has to be compared."""

    def __eq__(self, other: object) -> bool:
        return bool(self == other)

    __hash__ = None  # type: ignore[assignment]


@frozen
class Valued:
    """Has the value that it was given."""

    value: int

    async def work(self) -> None:
        """Never run."""

    async def other_work(self) -> None:
        """Never run."""


ODD = Odd()
CALL: Any = work


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1, True),
        (1, 1.0, False),
        (1, True, False),
        ((1, 2), (1, 2), True),
        ((1, 2), (1,), False),
        ((1, 2), (1, 3), False),
        ((1, 2), (1.0, 2), False),
        ((ODD,), (ODD,), True),
        ([1, [2]], [1, [2]], True),
        ([1], [1, 2], False),
        ([1], [True], False),
        ([1], [1.0], False),
        ([ODD], [ODD], True),
        ([ODD], [Odd()], False),
        ([partial(work)], [partial(work)], True),
        ({"a": [1]}, {"a": [1]}, True),
        ({"a": [1]}, {"a": [1.0]}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({1: "a"}, {True: "a"}, False),
        ({1, 2}, {2, 1}, True),
        ({1, 2}, {1, 3}, False),
        ({1}, {True}, False),
        (frozenset({(1, 2)}), frozenset({(1, 2)}), True),
        (frozenset({(1, 2)}), frozenset({(1, 2.0)}), False),
        (OrderedDict(a=1, b=2), OrderedDict(a=1, b=2), True),
        (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1), False),
        (OrderedDict(a=1), OrderedDict(a=True), False),
        (Listed([1]), Listed([1]), True),
        (Listed([1]), Listed([True]), False),
        (Listed([1]), Listed([2]), False),
        (Endless(), Endless(), False),
        (Valued(1).work, Valued(1).work, True),
        (Valued(1).work, Valued(2).work, False),
        (Valued(1).work, Valued(1).other_work, False),
        (ODD, Odd(), False),
        (partial(work), partial(work), True),
        (partial(work), partial(other_work), False),
        (partial(CALL, 1), partial(CALL, 2), False),
        (partial(CALL, a=1, b=2), partial(CALL, b=2, a=1), True),
        (partial(CALL, a=1), partial(CALL, a=2), False),
        (partial(CALL, a=1), partial(CALL, b=1), False),
        (Via(None, "k", 1), Via(None, "k", 1), True),  # type: ignore[arg-type]
        (Via(None, "k", 1), Via(None, "k", 2), False),  # type: ignore[arg-type]
        (Via(None, "k", 1), Via(None, "l", 1), False),  # type: ignore[arg-type]
    ],
)
def test_values_are_the_same_if_that_is_sure(one: Any, other: Any, same: bool) -> None:
    assert same_value(one, other) is same
    assert same_value(other, one) is same
    assert same_value(one, one)

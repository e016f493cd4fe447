"""Which partition a key picks."""

import subprocess
import sys
import uuid
from collections import namedtuple
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from trio_sup._core.partitions import partition_of

atoms = st.one_of(
    st.integers(),
    st.text(),
    st.binary(),
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False),
    st.uuids(),
)
pairs = st.one_of(st.tuples(atoms, atoms), st.frozensets(atoms, max_size=4))
keys = st.one_of(
    atoms, pairs, st.tuples(pairs, atoms), st.frozensets(pairs, max_size=2)
)


class Color(Enum):
    RED = 1
    BLUE = 2


class Level(IntEnum):
    LOW = 5


class Word(StrEnum):
    A = "a"


Point = namedtuple("Point", "x y")  # noqa: PYI024


@given(key=keys, count=st.integers(1, 100))
def test_every_key_has_one_partition_in_range(key: object, count: int) -> None:
    number = partition_of(key, count)
    assert 0 <= number < count
    assert partition_of(key, count) == number


@given(number=st.integers(), count=st.integers(1, 100))
def test_part_006_whole_numbers_go_by_remainder(number: int, count: int) -> None:
    assert partition_of(number, count) == abs(number) % count


def test_part_006_minus_one_of_three() -> None:
    assert partition_of(-1, 3) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        (2**70, 2.0**70),
        (Decimal(7), 7),
        (Fraction(14, 2), 7.0),
        (0.5, Fraction(1, 2)),
        (("a", 1), ("a", 1.0)),
        (Point(1, 2), (1, 2)),
        (frozenset("abc"), frozenset("cba")),
        (Word.A, "a"),
        (Level.LOW, 5),
    ],
)
def test_equal_keys_have_one_partition(one: object, other: object) -> None:
    assert one == other
    for count in (2, 3, 7, 64, 1000):
        assert partition_of(one, count) == partition_of(other, count)


def test_keys_spread() -> None:
    for make in (str, lambda n: ("user", n), lambda n: uuid.UUID(int=n * 7919)):
        hits = [0] * 8
        for number in range(8000):
            hits[partition_of(make(number), 8)] += 1
        assert min(hits) > 700


def test_text_and_tuples_keep_their_place_in_another_process() -> None:
    keys = ["user-17", b"raw", None, ("a", "b", ("c", None)), frozenset("xyz")]
    code = (
        "from trio_sup._core.partitions import partition_of\n"
        "keys = ['user-17', b'raw', None, ('a', 'b', ('c', None)), frozenset('xyz')]\n"
        "print([partition_of(key, 1000) for key in keys])"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == str([partition_of(key, 1000) for key in keys])


def test_members_of_enums_go_by_name() -> None:
    assert partition_of(Color.RED, 1000) != partition_of(Color.BLUE, 1000)

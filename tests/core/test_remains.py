"""What is kept of an exception once everybody has seen it."""

import json
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given, strategies as st

from trio_sup._core.exits import Exit, PastError
from trio_sup._core.remains import (
    LIGHT,
    LOOKED_AT,
    WHOLE,
    WHOLE_COUNT,
    WORDS,
    Heavy,
    HeavyExits,
    in_words,
    trace_of_plain,
    weight,
)


def test_an_ordinary_exception_is_light() -> None:
    assert weight(ValueError("no such board: 7")) < LIGHT
    assert weight(OSError(2, "No such file", "/tmp/boards.json")) < LIGHT


class Plain(Exception):
    pass


class Slotted(Exception):
    __slots__ = ("document",)


class SlottedWithReferences(Exception):
    __slots__ = ("__weakref__", "document")


def is_plain(error: Exception) -> bool:
    """Whether the quick look takes an exception, raised as a child does, for light."""
    try:
        raise error
    except Exception:  # noqa: BLE001 - of several classes
        trace = trace_of_plain(error)
    assert trace in (None, error.__traceback__)
    return trace is not None


def test_the_quick_look_takes_nothing_heavy_for_light() -> None:
    for ordinary in (ValueError("no such board: 7"), ValueError(), OSError("gone")):
        assert is_plain(ordinary)
    assert is_plain(Plain("no such board: 7"))
    assert is_plain(Plain())
    big = "x" * 50_000
    slots: list[type[Exception]] = [Slotted, SlottedWithReferences]
    for kind in slots:
        slotted = kind("short")
        slotted.document = big  # type: ignore[attr-defined]
        assert not is_plain(slotted)
        assert weight(slotted) > LIGHT
    keyed = Plain("short")
    keyed.document = big  # type: ignore[attr-defined]
    caused = Plain("short")
    caused.__cause__ = ValueError(big)
    met = Plain("short")
    met.__context__ = ValueError(big)
    noted = Plain("short")
    noted.add_note(big)
    asked = AttributeError("short", obj=big)
    bare = (Plain(big), Plain([big]), Plain("a", big), ValueError(big))
    for error in (keyed, caused, met, noted, asked, *bare):
        assert not is_plain(error)
        assert weight(error) > LIGHT


def test_a_short_text_is_light_at_a_look_and_a_longer_one_is_weighed() -> None:
    assert is_plain(Plain("x" * (LIGHT // 8)))
    assert not is_plain(Plain("x" * (LIGHT // 8 + 1)))


class Weightless:
    __slots__ = ()

    def __sizeof__(self) -> int:
        raise RuntimeError("no size")


def test_what_is_weighed_is_exact_up_to_so_many_objects() -> None:
    assert weight(b"x" * 100) == sys.getsizeof(b"x" * 100)
    some = [Weightless() for _ in range(LOOKED_AT - 1)]
    assert weight(some) == sys.getsizeof(some) < LIGHT
    assert weight([some[0], some[0]]) == sys.getsizeof([1, 2])
    many = [*some, Weightless()]
    assert weight(many) == LIGHT + 1
    big = bytearray(2 * LIGHT)
    assert weight([big, *many, big]) > 2 * LIGHT  # what was found by then counts


def test_an_exception_weighs_what_it_carries() -> None:
    big = 50_000
    by_attribute = AttributeError("no such thing", obj=bytearray(big))
    caused = ValueError("outer")
    caused.__cause__ = KeyError("x" * big)
    noted = ValueError("with a note")
    noted.add_note("x" * big)
    keyed = ValueError("an attribute")
    keyed.document = "x" * big  # type: ignore[attr-defined]
    group = ExceptionGroup("members", [ExceptionGroup("deep", [OSError("x" * big)])])
    for error in (by_attribute, caused, noted, keyed, group):
        assert big < weight(error) < 2 * big, error
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("x" * big)
    assert weight(caught.value) > big


def test_the_locals_of_frames_and_the_program_itself_do_not_count() -> None:
    def crash() -> None:
        pinned = bytearray(1_000_000)
        raise ValueError(len(pinned), json, json.loads, crash, SimpleNamespace)

    with pytest.raises(ValueError, match="1000000") as caught:
        crash()
    assert weight(caught.value) < LIGHT


def test_what_reaches_too_many_objects_is_heavy_and_looked_at_for_a_bounded_time() -> (
    None
):
    class Asked:
        times = 0

        def __sizeof__(self) -> int:
            Asked.times += 1
            return 16

    error = ValueError([Asked() for _ in range(100_000)])
    assert weight(error) > LIGHT
    assert 0 < Asked.times <= LOOKED_AT


def test_an_object_that_cannot_tell_its_size_does_no_harm() -> None:
    class Broken:
        def __sizeof__(self) -> int:
            raise RuntimeError("no size")

    class Lying:
        def __sizeof__(self) -> int:
            return "much"  # type: ignore[return-value]

    class Negative:
        def __sizeof__(self) -> int:
            return -LIGHT

    assert 0 < weight(ValueError(Broken(), Lying(), Negative())) < LIGHT


def test_an_object_that_holds_itself_is_weighed_once() -> None:
    error = ValueError("round")
    error.__context__ = error.__cause__ = KeyError("x")
    error.__cause__.__context__ = error
    assert weight(error) < LIGHT


def test_the_words_say_what_the_exception_said() -> None:
    error = UnicodeDecodeError("utf-8", b"\xff" * 50_000, 0, 1, "invalid start byte")
    exit = Exit("crashed", None, error)
    words = in_words(exit, "Traceback: " + "line\n" * 10_000)
    assert str(words) == str(exit)
    assert isinstance(words.error, PastError)
    assert words.error.type_name == "builtins.UnicodeDecodeError"
    assert words.error.traceback.startswith("Traceback: ")
    assert len(words.error.traceback) < WORDS + 50
    assert weight(words) < 4 * LIGHT


def test_the_words_say_whose_class_it_was() -> None:
    words = in_words(Exit("crashed", None, Plain("p")), "").error
    assert isinstance(words, PastError)
    assert words.type_name == f"{__name__}.Plain"


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    def kept(text: str) -> str:
        error = in_words(Exit("crashed", None, ValueError("x")), text).error
        assert isinstance(error, PastError)
        return error.traceback

    assert kept("x" * WORDS) == "x" * WORDS
    text = "a" * (WORDS // 2) + "b" + "c" * (WORDS // 2)
    half = WORDS // 2
    assert kept(text) == f"{'a' * half}\n… (clipped) …\n{'c' * half}"


def test_a_reason_is_kept_as_long_as_it_is_light() -> None:
    def kept(reason: object) -> bool:
        return in_words(Exit("shutdown", reason), "").reason is reason

    light = b"x" * (LIGHT - sys.getsizeof(b""))
    assert kept(light)
    assert not kept(light + b"x")
    text = "x" * (LIGHT - sys.getsizeof(""))
    assert kept(text)
    assert not kept(text + "x")


def test_a_heavy_reason_becomes_words_too() -> None:
    words = in_words(Exit("shutdown", ["a page of the report"] * 10_000), "")
    assert words.kind == "shutdown"
    assert words.reason == "<list, too heavy to keep>"
    text = in_words(Exit("shutdown", "a page of the report" * 10_000), "").reason
    assert isinstance(text, str)
    assert text.startswith("a page")
    assert len(text) < WORDS + 50
    assert in_words(Exit("shutdown", 7, ValueError("x")), "").reason == 7


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(1, WHOLE), st.booleans()),
        max_size=200,
    )
)
def test_what_is_kept_whole_stays_within_the_budget_and_the_newest_stays(
    moves: list[tuple[int, int, bool]],
) -> None:
    exits: HeavyExits[int] = HeavyExits()
    kept: dict[int, int] = {}
    for holder, bytes_, gone in moves:
        forgotten = exits.discard(holder)
        assert (forgotten is not None) == (holder in kept)
        kept.pop(holder, None)
        if gone:
            continue
        exit = Exit("crashed")
        over = exits.add(Heavy(holder, exit, exit, bytes_))
        oldest = list(kept)[: len(over)]
        assert [heavy.holder for heavy in over] == oldest
        for name in oldest:
            del kept[name]
        kept[holder] = bytes_
        assert sum(kept.values()) <= WHOLE or len(kept) == 1


def test_not_more_are_kept_whole_than_the_count_says_whatever_they_weigh() -> None:
    exits: HeavyExits[int] = HeavyExits()
    exit = Exit("crashed")
    over = [
        heavy.holder
        for holder in range(WHOLE_COUNT + 5)
        for heavy in exits.add(Heavy(holder, exit, exit, 1))
    ]
    assert over == [0, 1, 2, 3, 4]


def kept_whole(*weights: int) -> tuple[HeavyExits[int], list[list[int]]]:
    """Note exits of these weights, each of another holder; who has to go for each."""
    exits: HeavyExits[int] = HeavyExits()
    exit = Exit("crashed")
    over = [
        [heavy.holder for heavy in exits.add(Heavy(holder, exit, exit, weight))]
        for holder, weight in enumerate(weights)
    ]
    return exits, over


def test_the_budget_may_be_used_up_and_the_oldest_goes_for_one_byte_more() -> None:
    assert kept_whole(1, WHOLE - 1)[1] == [[], []]
    assert kept_whole(1, WHOLE)[1] == [[], [0]]
    assert kept_whole(1, 1, WHOLE - 1)[1] == [[], [], [0]]


def test_the_newest_is_kept_even_if_it_alone_is_too_heavy() -> None:
    assert kept_whole(WHOLE + 1)[1] == [[]]
    assert kept_whole(1, WHOLE + 1)[1] == [[], [0]]


def test_who_was_forgotten_weighs_no_more() -> None:
    exits, _ = kept_whole(WHOLE)
    heavy = exits.discard(0)
    assert heavy is not None
    assert exits.add(Heavy(1, heavy.exit, heavy.words, 1)) == []
    assert exits.add(Heavy(2, heavy.exit, heavy.words, WHOLE - 1)) == []
    assert list(exits.kept) == [1, 2]

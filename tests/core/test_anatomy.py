"""What an exception is and is made of, whatever its class would like to say."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from trio_sup._core.anatomy import (
    SHOWN_DEPTH,
    SHOWN_NODES,
    before,
    class_name,
    is_a,
    is_group,
    is_showable,
    leaves,
    members_of,
    set_cause,
    set_context,
    set_traceback,
    traceback_of,
    without,
)

V, K, T = ValueError("v"), KeyError("k"), TypeError("t")
PRESSED = KeyboardInterrupt()


def group(*members: BaseException, text: str = "g") -> BaseExceptionGroup[Any]:
    return BaseExceptionGroup(text, members)


class Liar(ValueError):
    """Says of all that Python asks that it is something else."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return KeyboardInterrupt

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError("frozen")

    @property
    def __traceback__(self) -> Any:  # type: ignore[override]
        raise TypeError

    @property
    def __cause__(self) -> Any:  # type: ignore[override]
        raise TypeError

    @property
    def __context__(self) -> Any:  # type: ignore[override]
        raise TypeError


class Named(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        return "another"


class Known(metaclass=Named):
    pass


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001
        return caught


def test_a_class_is_what_the_type_is() -> None:
    assert is_a(V, ValueError)
    assert is_a(V, (KeyError, ValueError))
    assert not is_a(V, KeyError)
    assert is_a(Liar(), ValueError)
    assert not is_a(Liar(), KeyboardInterrupt)
    assert not is_a(None, ValueError)
    assert class_name(V) == "ValueError"
    assert class_name(Known()) == "Known"


def test_a_group_is_what_holds_others() -> None:
    one = group(V, K)
    assert is_group(one)
    assert not is_group(V)
    assert members_of(one) == (V, K)
    assert members_of(V) is None


def test_fields_are_read_and_written_past_the_class() -> None:
    liar = Liar()
    trace = raised(ValueError()).__traceback__
    assert trace is not None
    assert traceback_of(liar) is None
    set_traceback(liar, trace)
    assert traceback_of(liar) is trace
    set_traceback(liar, None)
    assert traceback_of(liar) is None
    assert before(liar) == (None, None)
    set_cause(liar, V)
    set_context(liar, K)
    assert before(liar) == (V, K)
    set_cause(liar, None)
    assert before(liar) == (None, K)


def test_the_leaves_come_in_order_and_once() -> None:
    assert list(leaves(V)) == [V]
    inner = group(K, V)
    assert list(leaves(group(V, inner, T, inner))) == [V, K, T]
    assert list(leaves(group(inner, V))) == [K, V]


def test_what_has_none_of_a_kind_stays_what_it_is() -> None:
    whole = group(V, group(K))
    assert without(whole, TypeError) is whole
    assert without(V, TypeError) is V
    assert without(V, ValueError) is None
    assert without(V, (TypeError, ValueError)) is None


def test_a_kind_is_taken_out_wherever_it_stands() -> None:
    kept = group(K)
    inner, gone = group(V, K, text="inner"), group(V, group(V))
    rest = without(group(inner, gone, V, kept, T, text="outer"), ValueError)
    assert isinstance(rest, BaseExceptionGroup)
    assert rest.message == "outer"
    first, second, third = rest.exceptions
    assert (first.message, first.exceptions) == ("inner", (K,))
    assert second is kept
    assert third is T
    assert without(group(gone, V), ValueError) is None


def test_a_member_that_stands_twice_is_taken_out_twice() -> None:
    inner = group(V, K)
    rest = without(group(inner, inner), ValueError)
    assert isinstance(rest, BaseExceptionGroup)
    one, other = rest.exceptions
    assert one is other
    assert one.exceptions == (K,)


def test_a_reduced_group_keeps_its_traceback_and_what_came_before_it() -> None:
    whole = raised(group(V, K))
    whole.__cause__ = T
    whole.__context__ = PRESSED
    rest = without(whole, ValueError)
    assert rest is not None
    assert rest is not whole
    assert rest.__traceback__ is whole.__traceback__
    assert (rest.__cause__, rest.__context__) == (T, PRESSED)


def test_a_very_deep_group_is_taken_apart_by_a_loop() -> None:
    deep: BaseException = group(V, K)
    for _ in range(5_000):
        deep = group(deep)
    rest = without(deep, ValueError)
    assert rest is not None
    assert list(leaves(rest)) == [K]


class Own(BaseExceptionGroup[Any]):
    """Derives as it is told to."""

    makes: Any = None

    def derive(self, excs: Any) -> Any:
        return type(self).makes(self, excs)


def own(makes: Any) -> Own:
    kind = type("Kind", (Own,), {"makes": staticmethod(makes)})
    made: Own = kind("own", [V, K, T])
    return made


def refuses(self: Own, excs: Any) -> Any:
    raise TypeError


@pytest.mark.parametrize(
    "makes",
    [
        refuses,
        lambda self, excs: self,
        lambda self, excs: V,
        lambda self, excs: group(*excs[:1]),
        lambda self, excs: group(*reversed(excs)),
        lambda self, excs: group(K, TypeError("another")),
    ],
)
def test_what_does_not_derive_well_becomes_a_plain_group(makes: Any) -> None:
    rest = without(own(makes), ValueError)
    assert type(rest) is ExceptionGroup
    assert rest.message == "own"
    assert rest.exceptions == (K, T)


def test_what_derives_well_stays_of_its_class() -> None:
    made: list[object] = []

    def makes(self: Own, excs: Any) -> Any:
        made.append(excs)
        return type(self)("mine", excs)

    rest = without(own(makes), ValueError)
    assert isinstance(rest, Own)
    assert (rest.message, rest.exceptions) == ("mine", (K, T))
    assert made == [[K, T]]


def test_something_fatal_in_derive_goes_up() -> None:
    def makes(self: Own, excs: Any) -> Any:
        raise PRESSED

    with pytest.raises(KeyboardInterrupt):
        without(own(makes), ValueError)


# What a traceback can tell.


def nested(depth: int) -> BaseException:
    error: BaseException = ValueError()
    for _ in range(depth):
        error = group(error)
    return error


def chained(count: int) -> BaseException:
    error = first = ValueError()
    for _ in range(count - 1):
        error.__cause__ = ValueError()
        error = error.__cause__
    return first


def test_so_many_and_so_deep_is_shown_and_no_more() -> None:
    # Each counts, and each once more as a member.
    most = SHOWN_NODES // 2
    assert is_showable(group(*[ValueError() for _ in range(most - 1)]))
    assert is_showable(group(*[ValueError() for _ in range(most)])) is False
    assert is_showable(chained(SHOWN_NODES))
    assert is_showable(chained(SHOWN_NODES + 1)) is False
    assert is_showable(nested(SHOWN_DEPTH - 1))
    twice = group(nested(SHOWN_DEPTH - 1))
    assert is_showable(twice) is (2 * SHOWN_DEPTH < SHOWN_NODES)


def test_depth_is_counted_where_members_are_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trio_sup._core.anatomy.SHOWN_DEPTH", 3)
    assert is_showable(nested(3))
    assert is_showable(nested(4)) is False
    deep = ValueError()
    deep.__cause__ = nested(3)  # beside it, not below
    assert is_showable(deep)
    below = group(deep)
    assert is_showable(below) is False


def test_a_cause_is_shown_once_however_often_it_is_named() -> None:
    shared = chained(SHOWN_NODES // 3)
    errors = [ValueError() for _ in range(10)]
    for error in errors:
        error.__cause__ = shared
        error.__context__ = shared
    assert is_showable(group(*errors))
    errors[0].__context__ = chained(SHOWN_NODES)
    assert is_showable(group(*errors)) is False


def test_a_ring_of_causes_is_shown() -> None:
    one, other = ValueError(), ValueError()
    one.__cause__, other.__cause__ = other, one
    assert is_showable(one)


READ = (
    *("__bool__", "__cause__", "__class__", "__context__", "__getattribute__"),
    *("__len__", "__notes__", "__suppress_context__", "__traceback__", "exceptions"),
)


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("base", [ValueError, BaseExceptionGroup])
def test_a_class_that_replaces_what_a_traceback_reads_is_not_shown(
    name: str, base: type[BaseException]
) -> None:
    def asked(self: object, *args: object) -> Any:
        raise RuntimeError

    below = type("Below", (type("Strange", (base,), {name: asked}),), {})
    args = ("g", [V]) if base is BaseExceptionGroup else ()
    assert is_showable(below(*args)) is False
    if base is ValueError:
        assert is_showable(group(V, below())) is False
    plain = type("Plain", (base,), {"more": asked})
    assert is_showable(plain(*args)) is True


def test_a_class_whose_notes_cannot_be_asked_for_is_not_shown() -> None:
    class Strange(ValueError):
        def __getattr__(self, name: str) -> Any:
            if name == "__notes__":
                raise RuntimeError
            raise AttributeError(name)

    assert is_showable(Strange()) is False
    noted = ValueError()
    noted.add_note("a note")
    assert is_showable(noted) is True
    assert "a note" in "".join(traceback.format_exception(noted))

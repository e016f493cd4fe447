"""Keys whose hash lies, addresses, words for objects, and what can be run."""

from __future__ import annotations

from functools import partial, wraps
from typing import Any, Generic, TypeVar

import pytest

from trio_sup._core.addresses import Via, key_of
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.clean import safe_repr, safe_text
from trio_sup._core.tables import Unfindable, displace, place
from trio_sup._core.targets import (
    check_arguments,
    check_function,
    origin_of,
    signals_ready,
)


class Fatal(BaseException):
    """What passes through everything."""


class Key:
    """A key whose hash is what it is told to be."""

    def __init__(self, hashed: int = 1) -> None:
        self.hashed = hashed
        self.raises: BaseException | None = None

    def __hash__(self) -> int:
        if self.raises is not None:
            raise self.raises
        return self.hashed


def keys(table: dict[Any, str]) -> list[object]:
    return [key.key if isinstance(key, Unfindable) else key for key in table]


def test_a_value_is_placed_under_its_key() -> None:
    table: dict[Any, str] = {}
    place(table, "k", "v")
    assert table == {"k": "v"}
    place(table, "k", "v")
    assert table == {"k": "v"}


def test_no_other_value_is_replaced() -> None:
    table: dict[Any, str] = {"k": "former"}
    place(table, "k", "v")
    assert table["k"] == "former"
    assert list(table.values()) == ["former", "v"]
    assert keys(table) == ["k", "k"]


@pytest.mark.parametrize("error", [ValueError(), Fatal()])
def test_a_key_without_a_hash_gets_a_stand_in(error: BaseException) -> None:
    table: dict[Any, str] = {}
    key = Key()
    key.raises = error
    if isinstance(error, Fatal):
        with pytest.raises(Fatal):
            place(table, key, "v")
    else:
        place(table, key, "v")
    (stand_in,) = table
    assert isinstance(stand_in, Unfindable)
    assert stand_in.key is key
    assert table[stand_in] == "v"


def test_a_value_is_removed_under_its_key() -> None:
    table: dict[Any, str] = {"a": "1", "b": "2"}
    displace(table, "a", "1")
    assert table == {"b": "2"}


def test_a_value_is_removed_by_itself_if_its_key_leads_elsewhere() -> None:
    one, other = "one", "other"
    table: dict[Any, str] = {"a": one, "b": other}
    displace(table, "a", other)
    assert table == {"a": one}
    displace(table, "z", one)
    assert table == {}


@pytest.mark.parametrize("error", [None, ValueError(), Fatal()])
def test_a_value_goes_whatever_its_key_does_by_now(error: BaseException | None) -> None:
    key, moved = Key(1), Key(2)
    table: dict[Any, str] = {key: "v", "b": "2", moved: "3"}
    key.hashed, key.raises = 7, error
    moved.hashed = 9
    if isinstance(error, Fatal):
        with pytest.raises(Fatal):
            displace(table, key, "v")
    else:
        displace(table, key, "v")
    # The others stand where they hash to today.
    assert table == {"b": "2", moved: "3"}
    assert table[moved] == "3"


def test_all_are_placed_before_something_fatal_goes_up() -> None:
    lost, bad = Key(1), Key(2)
    table: dict[Any, str] = {lost: "1", bad: "2", "c": "3"}
    lost.hashed, bad.raises = 7, Fatal()
    with pytest.raises(Fatal) as info:
        displace(table, lost, "1")
    assert info.value is bad.raises
    assert list(table.values()) == ["2", "3"]
    assert keys(table) == [bad, "c"]


# Addresses.


def test_an_address_is_a_registry_and_a_key() -> None:
    registry: Any = object()
    assert key_of("k") == "k"
    assert key_of(Via(registry, "k", 7)) == "k"
    assert Via(registry, "k", 7) == Via(registry, "k")
    assert Via(registry, "k") != Via(object(), "k")  # type: ignore[arg-type]
    assert Via(registry, "k").value is None


# Words for objects.


class Mute:
    def __repr__(self) -> str:
        raise ValueError

    def __str__(self) -> str:
        raise KeyError


class Words(str):
    __slots__ = ()


class Speaks:
    def __repr__(self) -> str:
        return Words("r")

    def __str__(self) -> str:
        return Words("s")


def test_who_cannot_speak_is_told_of() -> None:
    assert safe_repr(Mute()) == "<Mute: repr() raised ValueError>"
    assert safe_text(Mute()) == "<Mute: str() raised KeyError>"
    assert safe_repr("a") == "'a'"
    assert safe_text(7) == "7"


def test_what_comes_back_is_a_plain_string() -> None:
    assert (safe_repr(Speaks()), safe_text(Speaks())) == ("r", "s")
    assert type(safe_repr(Speaks())) is type(safe_text(Speaks())) is str


def test_a_group_that_is_too_large_is_not_put_into_words() -> None:
    group: ExceptionGroup[Any] = ExceptionGroup("g", [ValueError()])
    assert safe_repr(group) == repr(group)
    for _ in range(10):
        group = ExceptionGroup("g", [group] * 3)
    assert safe_repr(group) == "<ExceptionGroup: too large for repr()>"


# What can be run.


async def plain() -> None:
    pass


async def signals(a: int, *, task_status: object) -> None:
    pass


def sync() -> None:
    pass


class Job:
    async def __call__(self, task_status: object) -> None:
        pass

    async def method(self) -> None:
        pass


@wraps(plain)
def wrapped() -> Any:
    return plain()


@pytest.mark.parametrize(
    "target", [plain, wrapped, Job(), Job().method, partial(plain), print]
)
def test_what_may_be_an_async_function_is_taken(target: object) -> None:
    check_function(target, "owner")


def refused(call: Any) -> tuple[object, ...]:
    with pytest.raises(ChildSpecError) as info:
        call()
    error = info.value
    return (error.field, error.value, error.accepted, str(error).split(":")[0])


@pytest.mark.parametrize("target", [sync, "text", None, wraps(sync)(lambda: None)])
def test_what_is_no_async_function_is_refused(target: object) -> None:
    assert refused(lambda: check_function(target, "owner")) == (
        "target",
        target,
        "an async function or a GenServer subclass",
        "child spec 'owner'",
    )


def test_who_calls_the_function_is_told_how_to_write_it() -> None:
    coroutine = plain()
    assert refused(lambda: check_function(coroutine, "owner")) == (
        "target",
        coroutine,
        "the async function itself: child(plain, ...), not child(plain(...))",
        "child spec 'owner'",
    )
    with pytest.raises(RuntimeError):
        coroutine.send(None)  # it has been closed


@pytest.mark.parametrize(
    ("target", "ready", "told"),
    [
        (signals, "auto", True),
        (plain, "auto", False),
        (plain, "signalled", True),
        (signals, "spawned", False),
        (wraps(signals)(lambda *args: None), "auto", True),
        (Job(), "auto", True),
        (Job, "auto", False),
        (dict.fromkeys, "auto", False),
        (max, "auto", False),
    ],
)
def test_a_parameter_says_whether_a_function_signals(
    target: Any, ready: object, told: bool
) -> None:
    for _ in range(2):  # looked up, and remembered
        assert signals_ready(target, ready) is told


def test_arguments_that_do_not_fit_are_refused_at_once() -> None:
    check_arguments(signals, (1,), "owner", needs_status=True)
    check_arguments(plain, (), "owner", needs_status=False)
    check_arguments(max, (1, 2, 3), "owner", needs_status=True)  # it has no signature
    field, value, accepted, whose = refused(
        lambda: check_arguments(signals, (1, 2), "owner", needs_status=True)
    )
    assert (field, value, whose) == ("args", (1, 2), "child spec 'owner'")
    assert accepted == (
        "arguments that fit (a: 'int', *, task_status: 'object') -> 'None' "
        "(too many positional arguments)"
    )
    missing = refused(lambda: check_arguments(signals, (1,), "o", needs_status=False))
    assert "missing a required" in str(missing[2])


X = TypeVar("X")


class Cache(Generic[X]):
    pass


def test_the_class_behind_a_parametrised_one() -> None:
    assert origin_of(Cache[int]) is Cache
    assert origin_of(Cache) is Cache

"""What is left of former modules, found in what others hold; children that follow."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import trio

from trio_sup import GenServer, child, supervisor
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.code.following import NotFollowed, followed, is_made_of
from trio_sup._core.code.former import first_use, from_modules, state_of_modules

SOURCE = """
import enum, threading, trio
from trio_sup import GenServer

class Thing:
    def method(self): ...

class Colour(enum.Enum):
    RED = 1

class Server(GenServer):
    def __init__(self, size): self.size = size

async def work(*args): await trio.sleep_forever()
def plain(): ...

TABLE = {}
LOCK = threading.Lock()
LIMIT = 7
PAIR = ("a", 1)
THING = Thing()
"""


def module(source: str = SOURCE) -> ModuleType:
    made = ModuleType("shop_code")
    exec(source, vars(made))
    return made


def wrapped(value: object) -> list[object]:
    holder = SimpleNamespace(kept=value)
    slotted = Slotted()
    slotted.value = value
    return [
        value,
        [value],
        (value,),
        {"key": value},
        deque([value]),
        holder,
        slotted,
        partial(print, value),
        partial(print, end=value),
        {"deep": [(holder,)]},
    ]


class Slotted:
    __slots__ = ("value",)
    value: object


@pytest.mark.parametrize(
    "take",
    [
        lambda m: m,
        lambda m: m.Thing,
        lambda m: m.Thing(),
        lambda m: m.plain,
        lambda m: m.Thing().method,
        lambda m: m.Colour.RED,
    ],
)
def test_functions_classes_and_their_objects_are_known_by_their_module(
    take: Callable[[Any], object],
) -> None:
    recognise = from_modules({"shop_code"})
    for holder in wrapped(take(module())):
        found, _ = first_use(holder, (recognise,))
        assert "shop_code" in found, holder


def test_what_is_of_other_modules_is_not_taken_for_it() -> None:
    recognise = from_modules({"shop_code"})
    others = (trio.sleep, GenServer, sys, Slotted(), 5, {"a": "shop_code"}, None)
    for holder in wrapped(others):
        assert first_use(holder, (recognise,))[0] == ""


def test_state_is_what_a_module_makes_anew() -> None:
    before, after = module(), module()
    recognise = state_of_modules(
        {"shop_code": vars(before)}, {"shop_code": vars(after)}
    )
    held = {
        name: first_use([getattr(before, name)], (recognise,))[0]
        for name in ("TABLE", "LOCK", "LIMIT", "PAIR", "THING")
    }
    assert held == {
        "TABLE": "shop_code.TABLE",
        "LOCK": "shop_code.LOCK",
        "LIMIT": "",
        "PAIR": "",
        "THING": "shop_code.THING",
    }


def test_what_a_module_only_has_from_elsewhere_is_no_state_of_it() -> None:
    table: dict[str, int] = {}
    names = {"shop_code": {"TABLE": table}}
    recognise = state_of_modules(names, names)
    assert first_use([table], (recognise,))[0] == ""


def test_a_search_ends_where_it_is_told_to() -> None:
    recognise = from_modules({"shop_code"})
    far = [list(range(2000, 3000)), [module().Thing()]]
    assert first_use(far, (recognise,), most=100)[0] == ""
    assert first_use(far, (recognise,))[0] == "a Thing of shop_code"


def test_circles_are_looked_at_once() -> None:
    circle: list[object] = []
    circle.append(circle)
    assert first_use(circle, (from_modules({"shop_code"}),)) == ("", 1)


# Children follow.


def find_in(now: ModuleType) -> Callable[[str, str], object]:
    def find(name: str, qualname: str) -> object:
        assert name == "shop_code"
        try:
            return vars(now)[qualname]
        except KeyError:
            raise LookupError from None

    return find


def test_a_child_follows_its_class_and_its_function() -> None:
    before, now = module(), module()
    for made in (
        child(before.Server, 3),
        child(before.work),
        child(trio.sleep, before.LIMIT),
        child(partial(before.work, before.plain)),
        child(before.work, (before.Thing, 1)),
    ):
        again = followed(made, {"shop_code"}, find_in(now))
        assert is_made_of(made, {"shop_code"}) == (again is not made)
    again = followed(child(before.Server, 3), {"shop_code"}, find_in(now))
    assert again.target is now.Server
    assert again.args == (3,)
    again = followed(child(before.work, (before.Thing, 1)), {"shop_code"}, find_in(now))
    assert again.args == ((now.Thing, 1),)


def test_a_class_whose_base_changed_is_other_code() -> None:
    before = module()
    other = type("Other", (before.Server,), {"__module__": "elsewhere"})
    assert is_made_of(child(other, 1), {"shop_code"})


def test_supervisors_follow_below() -> None:
    before, now = module(), module()
    made = supervisor([child(before.work), child(trio.sleep_forever)], id="sup")
    again = followed(made, {"shop_code"}, find_in(now))
    assert again.flags is not None
    assert [each.target for each in again.flags.children] == [
        now.work,
        trio.sleep_forever,
    ]


def test_what_cannot_be_found_by_name_is_refused() -> None:
    before, now = module(), module(SOURCE.replace("def work", "def labour"))
    modules = {"shop_code"}
    with pytest.raises(NotFollowed, match=r"shop_code.work, which is not there"):
        followed(child(before.work), modules, find_in(now))
    with pytest.raises(NotFollowed, match=r"an object of shop_code.Thing"):
        followed(child(trio.sleep, before.Thing()), modules, find_in(now))
    other = module(SOURCE.replace("self, size", "self"))
    with pytest.raises(ChildSpecError, match="args"):
        followed(child(before.Server, 3), modules, find_in(other))

"""A server's keyword arguments come in `functools.partial`, as a function's do."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import trio

from trio_sup import ChildSpecError, GenServer, call, child, open_supervisor


class Greeter(GenServer, restart="temporary"):
    """Greets in one way."""

    def __init__(self, name: str, *, word: str = "Hello", end: str = ".") -> None:
        self.text = f"{word} {name}{end}"

    @call
    async def greet(self) -> str:
        return self.text

    @call
    async def fail(self) -> None:
        raise ValueError(self.text)


UNTYPED: Any = Greeter


@pytest.mark.trio
@pytest.mark.parametrize(
    "target",
    [
        partial(Greeter, word="Good morning"),
        partial(partial(Greeter, word="Good evening"), word="Good morning"),
    ],
)
async def test_it_is_a_server_in_each_life(
    target: partial[Greeter], autojump_clock: trio.testing.MockClock
) -> None:
    spec = child(target, "Ann", restart="permanent")
    async with open_supervisor([spec]) as sup:
        ref = sup.server(Greeter, "Greeter")
        assert await ref.call(Greeter.greet) == "Good morning Ann."
        with pytest.raises(Exception, match="Good morning"):
            await ref.call(Greeter.fail)
        await ref.wait_running()
        assert await ref.call(Greeter.greet) == "Good morning Ann."


@pytest.mark.trio
async def test_the_positional_arguments_of_both_are_put_together() -> None:
    spec = child(partial(Greeter, "Ann"))
    async with open_supervisor([spec, child(Greeter, "Bob", id="b")]) as sup:
        assert await sup.server(Greeter, "Greeter").call(Greeter.greet) == "Hello Ann."


def test_class_level_defaults_are_found_behind_it() -> None:
    assert child(partial(Greeter, "Ann")).restart == "temporary"


def test_the_class_is_the_target() -> None:
    spec = child(partial(Greeter, word="Hi"), "Ann")
    assert (spec.target, spec.args) == (Greeter, ("Ann",))
    assert dict(spec.keywords) == {"word": "Hi"}
    assert spec.default_id == "Greeter"


def test_keywords_that_do_not_fit_are_refused_at_once() -> None:
    with pytest.raises(ChildSpecError, match="tone"):
        child(partial(UNTYPED, tone="Hi"), "Ann")
    with pytest.raises(ChildSpecError, match="arguments that fit"):
        child(partial(UNTYPED, word="Hi"))


def test_replace_takes_another_partial() -> None:
    spec = child(partial(Greeter, word="Hi"), "Ann")
    assert dict(spec.replace(restart="permanent").keywords) == {"word": "Hi"}
    assert dict(spec.replace(target=partial(Greeter, end="!")).keywords) == {"end": "!"}
    assert dict(spec.replace(target=Greeter).keywords) == {}
    with pytest.raises(ChildSpecError, match="tone"):
        spec.replace(target=partial(UNTYPED, tone="!"))
    with pytest.raises(ChildSpecError, match="one of the fields"):
        spec.replace(keywords={})


def test_a_child_that_never_runs_again_keeps_none() -> None:
    bare = child(partial(Greeter, word="Hi"), "Ann").without_arguments()
    assert (bare.args, dict(bare.keywords)) == ((), {})

"""Wrong arguments are the caller's mistake: it gets a TypeError, the server lives."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from trio_sup import (
    Caller,
    GenServer,
    ServerRef,
    StateMachine,
    call,
    cast,
    child,
    dynamic_supervisor,
    multi_call,
    open_supervisor,
)


def twice(fn: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(fn)
    async def wrapper(self: Any, n: int) -> Any:
        return await fn(self, n, n)

    return wrapper


class Calc(GenServer):
    def __init__(self) -> None:
        self.seen: list[object] = []

    @call
    async def apply(self, a: int, b: int, op: str = "+", *, times: int = 1) -> int:
        return (a + b if op == "+" else a - b) * times

    @call
    async def sum(self, /, *numbers: int, **named: int) -> int:
        return sum(numbers) + sum(named.values())

    @call
    async def named(self, *, self_: int, server: int = 0, caller: int = 0) -> int:
        return self_ + server + caller

    @call
    @twice
    async def product(self, a: int, b: int) -> int:
        return a * b

    @call.deferred
    async def later(self, caller: Caller[int], n: int) -> None:
        caller.reply(n)

    @cast
    async def note(self, op: object, seconds: object = None) -> None:
        self.seen.append((op, seconds))

    @call
    async def start_timers(self, /, **kwargs: Any) -> str:
        try:
            self.send_after(1, Calc.note, **kwargs)
            self.every(1, Calc.note, **kwargs)
            self.idle_after(1, Calc.note, **kwargs)
        except TypeError as error:
            return str(error)
        return ""


class Door(StateMachine[str]):
    def __init__(self) -> None:
        self.state = "shut"

    @call
    async def push(self, force: int) -> int:
        return force

    @cast
    async def slam(self, name: str, op: str = "", server: str = "") -> None:
        self.slammed = (name, op, server)

    @call
    async def plan(self, name: str) -> None:
        self.state_timeout(1, Door.slam, name=name, op="a", server="b")
        self.named_timeout("x", 2, Door.slam, name=name, op="c", server="d")


WRONG: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((1,), {}),
    ((1, 2, "+", 4), {}),
    ((1, 2), {"sign": 1}),
    ((1, 2), {"a": 1}),
    ((1,), {"times": 2}),
]


@pytest.mark.trio
@pytest.mark.parametrize(("args", "kwargs"), WRONG)
async def test_wrong_arguments_of_an_untyped_caller_do_not_crash_the_server(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    async with open_supervisor([child(Calc, id="calc")]) as sup:
        ref: Any = sup.server(Calc, "calc")
        with pytest.raises(TypeError, match=r"Calc.apply\(a: int, b: int, op"):
            await ref.call(Calc.apply, *args, **kwargs)
        assert await ref.call(Calc.apply, 5, 3) == 8
        assert ref.life == 1


@pytest.mark.trio
async def test_callers_in_line_do_not_pay_for_the_wrong_arguments_of_another(
    autojump_clock: MockClock,
) -> None:
    async with open_supervisor([child(Calc, id="calc")]) as sup:
        ref: Any = sup.server(Calc, "calc")
        await ref.suspend()
        answers: list[int] = []

        async def ask() -> None:
            answers.append(await ref.call(Calc.apply, 1, 2))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(TypeError):  # at once: the server is not even asked
                await ref.call(Calc.apply, 1)
            await ref.resume()
        assert answers == [3]


@pytest.mark.trio
async def test_every_way_to_send_binds_the_arguments_at_the_caller() -> None:
    specs = [child(Calc, id="calc"), dynamic_supervisor(id="pool")]
    async with open_supervisor(specs) as sup:
        ref: Any = sup.server(Calc, "calc")
        pool: Any = sup.dynamic("pool")
        ask_all: Any = multi_call
        with pytest.raises(TypeError, match="missing a required argument: 'op'"):
            ref.cast(Calc.note)
        with pytest.raises(TypeError, match="too many"):
            ref.try_cast(Calc.note, 1, 2, 3)
        with pytest.raises(TypeError, match="unexpected keyword argument 'x'"):
            await ref.cast_wait(Calc.note, 1, x=2)
        with pytest.raises(TypeError, match=r"Calc.later\(n: int\): missing"):
            await ref.call(Calc.later)
        with pytest.raises(TypeError, match=r"Calc\.apply"):
            await ask_all([ref], Calc.apply, 1)
        with pytest.raises(TypeError, match=r"Calc\.apply"):
            await ask_all([ref.when_running()], Calc.apply, 1)
        with pytest.raises(TypeError, match=r"Calc\.apply"):
            await pool.call_or_start(child(Calc, name="c"), Calc.apply, 1)
        assert pool.which_children() == []  # nor was anything started
        assert "Calc.note" in await ref.call(Calc.start_timers, x=1)
        assert await ref.call(Calc.later, 4) == 4
        assert ref.life == 1


@pytest.mark.trio
async def test_wrong_arguments_of_an_event_do_not_crash_a_state_machine() -> None:
    async with open_supervisor([child(Door, id="door")]) as sup:
        ref: Any = sup.server(Door, "door")
        with pytest.raises(TypeError, match=r"Door.push\(force: int\): missing"):
            await ref.call(Door.push)
        with pytest.raises(TypeError, match=r"Door\.slam"):
            ref.cast(Door.slam, 1, 2, 3, 4)
        assert await ref.call(Door.push, force=2) == 2
        assert ref.life == 1


@pytest.mark.trio
async def test_what_fits_is_never_refused() -> None:
    async with open_supervisor([child(Calc, id="calc")]) as sup:
        ref = sup.server(Calc, "calc")
        for _ in range(2):  # worked out, and remembered
            assert await ref.call(Calc.apply, 5, 3, op="-") == 2
            assert await ref.call(Calc.apply, b=5, a=3, times=2) == 16
            assert await ref.call(Calc.apply, 1, 2, "-", times=3) == -3
            assert await ref.call(Calc.sum) == 0
            assert await ref.call(Calc.sum, *range(30), x=1) == 436
            assert await ref.call(Calc.named, self_=1) == 1
            # As it is called: the decorator takes other arguments than the method.
            assert await untyped(ref).call(Calc.product, 3) == 9
        assert ref.life == 1


@pytest.mark.trio
async def test_keywords_of_a_handler_are_not_taken_for_the_library_s_own(
    autojump_clock: MockClock,
) -> None:
    specs = [child(Calc, id="calc"), child(Door, id="door")]
    specs.append(dynamic_supervisor(id="pool"))  # type: ignore[arg-type]
    async with open_supervisor(specs) as sup:
        ref = sup.server(Calc, "calc")
        assert await ref.call(Calc.apply, 5, 3, op="-") == 2
        assert await ref.call(Calc.named, self_=1, server=2, caller=3) == 6
        ref.cast(Calc.note, op=1)
        assert ref.try_cast(Calc.note, op=2)
        await ref.cast_wait(Calc.note, op=3, seconds=4)
        found = await multi_call([ref], Calc.apply, 5, 3, op="-")
        assert found.replies == {ref: 2}
        spec = child(Calc, name="c")
        pool = sup.dynamic("pool")
        assert await pool.call_or_start(spec, Calc.apply, 5, 3, op="-") == 2
        assert await ref.call(Calc.start_timers, op=5, seconds=6) == ""
        door = sup.server(Door, "door")
        await door.call(Door.plan, "n")
        await trio.sleep(1.5)
        seen = (await ref.get_state())["seen"]
        assert seen == [(1, None), (2, None), (3, 4), (5, 6), (5, 6)]
        assert (await door.get_state())["slammed"] == ("n", "a", "b")
        await trio.sleep(1)
        assert (await door.get_state())["slammed"] == ("n", "c", "d")


def untyped(ref: ServerRef[Any]) -> Any:
    return ref

"""What is written from memory, of OTP or of a page, is answered by what would do."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from trio_sup import (
    Child,
    ChildSpecError,
    DynamicSupervisor,
    GenServer,
    NoSuchChild,
    Registry,
    StartFailed,
    Supervisor,
    call,
    cast,
    child,
    dynamic_supervisor,
    open_supervisor,
    run,
    supervisor,
)


class Stack(GenServer):
    def __init__(self, *items: str) -> None:
        self.items = list(items)

    @call
    async def pop(self) -> str:
        return self.items.pop()

    @cast
    async def tick(self) -> None: ...


async def job() -> None: ...


async def _callback(self: Any, *_: object) -> None: ...


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        (
            "handle_call",
            "a request is a method of its own: `@call async def pop(self)`",
        ),
        ("handle_cast", "a message is a method of its own: `@cast async def push("),
        ("code_change", "a class takes over the state of another in `migrate`"),
    ],
)
def test_a_callback_of_otp_that_nothing_calls_is_refused(name: str, meant: str) -> None:
    with pytest.raises(TypeError) as refused:
        type("Old", (GenServer,), {name: _callback})
    assert str(refused.value).startswith(f"Old.{name}: nothing calls it; {meant}")
    # As an operation it is a name like any other.
    taken = type("New", (GenServer,), {name: call(_callback)})
    assert [op.name for op in taken.__handlers__] == [name]  # type: ignore[attr-defined]


def plain(self: object, message: object) -> None: ...
async def none(self: object) -> None: ...
async def one(self: object, exit: object) -> None: ...
async def two(self: object, message: object, state: object) -> None: ...


@pytest.mark.parametrize(
    ("name", "fn", "said"),
    [
        (
            "handle_info",
            plain,
            "is not async: write `async def handle_info(self, message)`",
        ),
        ("handle_info", two, "is called as `async def handle_info(self, message)`"),
        ("terminate", none, "is called as `async def terminate(self, exit)`"),
        (
            "init",
            one,
            "is called as `async def init(self)`; child(...) gives its arguments "
            "to __init__",
        ),
    ],
)
def test_a_callback_that_could_not_be_called_is_refused(
    name: str, fn: object, said: str
) -> None:
    with pytest.raises(TypeError) as refused:
        type("S", (GenServer,), {name: fn})
    assert str(refused.value) == f"S.{name} {said}"


def test_callbacks_that_take_more_than_they_need_are_fine() -> None:
    type("S", (GenServer,), dict.fromkeys(["init", "terminate"], _callback))


@pytest.mark.trio
async def test_a_state_that_init_returns_is_told_where_it_belongs() -> None:
    class Old(GenServer):
        async def init(self) -> Any:
            return "ok", {}

    with pytest.raises(StartFailed) as failed:
        async with open_supervisor([child(Old)]):
            pass
    cause = str(failed.value.__cause__)
    assert "Old.init returned ('ok', {}): it returns nothing, or Continue(...)" in cause


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (Stack, "child(Stack)"),
        ((Stack, "a"), "child(Stack, ...)"),
        (job, "child(job)"),
    ],
)
def test_what_is_no_specification_yet_is_written_as_one(
    given: Any, written: str
) -> None:
    with pytest.raises(ChildSpecError, match=r"must be child specs") as refused:
        supervisor([given])
    assert f": write {written}, not " in str(refused.value)
    if not isinstance(given, tuple):
        with pytest.raises(ChildSpecError, match=r"must be a list") as refused:
            run(given)
        assert f": write [{written}], not " in str(refused.value)


@pytest.mark.parametrize("given", [Registry, DynamicSupervisor, Child, dict])
def test_a_class_that_is_no_server_is_no_target(given: Any) -> None:
    with pytest.raises(ChildSpecError, match="an async function or a GenServer"):
        child(given)


@pytest.mark.parametrize("kind", [Supervisor, DynamicSupervisor, Child])
def test_handles_are_not_made_and_who_tries_learns_what_describes_a_child(
    kind: Any,
) -> None:
    for arguments in ((), ([child(Stack)],)):
        with pytest.raises(TypeError, match=r"no public constructor.*supervisor\(\)"):
            kind(*arguments)


@pytest.mark.trio
async def test_an_operation_that_is_given_by_other_means_is_named() -> None:
    async with open_supervisor([child(Stack, "a")]) as sup:
        stack: Any = sup.server(Stack, "Stack")
        for given in "pop", Stack().pop:
            with pytest.raises(TypeError, match=r"operation .*: write Stack\.pop$"):
                await stack.call(given)
        with pytest.raises(TypeError, match=r"has no operation 'push'$"):
            stack.cast("push")


@pytest.mark.trio
async def test_who_asks_for_a_name_where_the_id_is_meant_sees_the_ids() -> None:
    specs = [child(Stack, name="stack"), dynamic_supervisor(id="many")]
    async with open_supervisor(specs, id="shop") as sup:
        with pytest.raises(NoSuchChild) as missing:
            sup.server(Stack, "stack")
        said = "supervisor 'shop' has no child 'stack'; it has 'Stack', 'many'"
        assert str(missing.value) == said
        with pytest.raises(NoSuchChild, match=r"has no child 1; it has none$"):
            sup.child("many", 1)
        with pytest.raises(NoSuchChild, match=r"^'shop/Stack', no supervisor, has"):
            sup.child("Stack", "below")
        for number in range(7):
            await sup.dynamic("many").start_child(child(trio.sleep_forever, id=number))
        with pytest.raises(NoSuchChild, match=r"it has 0, 1, 2, 3, 4, … \(7 in all\)$"):
            sup.child("many", 7)

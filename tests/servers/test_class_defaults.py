"""Options that are the same for all servers of a class are said once, at the class."""

from enum import Enum
from typing import Any, Generic, TypeVar

import pytest
import trio
from trio.testing import MockClock

from trio_sup import (
    Backoff,
    Budget,
    ChildSpecError,
    GenServer,
    Mailbox,
    StateMachine,
    call,
    cast,
    child,
    dynamic_supervisor,
    open_supervisor,
    partition_supervisor,
)

T = TypeVar("T")


class Greeter(
    GenServer,
    restart="transient",
    backoff=Backoff(initial=2, immediate_first=False, jitter=0),
    budget=Budget(5, 60),
    mailbox=Mailbox(7),
    shutdown=1.5,
):
    @cast
    async def fall(self) -> None:
        raise ValueError


class Loud(Greeter, shutdown="brutal_kill"):
    pass


class Box(GenServer, Generic[T], restart="temporary"):
    def __init__(self, item: T) -> None:
        self.item = item

    @call
    async def get(self) -> T:
        return self.item


class Light(Enum):
    RED = 1


class Lamp(StateMachine[Light], restart="temporary", significant=True):
    state = Light.RED


def test_the_options_of_a_class_need_not_be_repeated_at_each_child() -> None:
    spec = child(Greeter)
    assert spec.restart == "transient"
    assert spec.mailbox == Mailbox(7)
    assert spec.budget == Budget(5, 60)
    assert spec.shutdown == 1.5
    assert spec.id is None


def test_the_call_site_goes_before_the_class() -> None:
    spec = child(Greeter, restart="permanent", budget=None, id="g")
    assert (spec.restart, spec.budget, spec.id) == ("permanent", None, "g")
    assert spec.shutdown == 1.5


def test_a_subclass_inherits_and_overrides() -> None:
    spec = child(Loud)
    assert (spec.restart, spec.shutdown) == ("transient", "brutal_kill")
    assert child(Greeter).shutdown == 1.5


def test_generic_servers_and_state_machines_have_them_too() -> None:
    assert child(Box[int], 3).restart == "temporary"
    assert child(Lamp).significant
    cells = partition_supervisor(child(Greeter), partitions=2)
    assert cells.flags is not None
    assert [spec.restart for spec in cells.flags.children] == ["transient"] * 2


def test_a_bad_option_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(ChildSpecError, match=r"'Odd': restart must be one of"):

        class Odd(GenServer, restart="often"):  # type: ignore[arg-type]
            pass

    with pytest.raises(ChildSpecError, match="significant"):

        class Weighty(GenServer, significant=True):  # pyright: ignore[reportUnusedClass]
            pass

    with pytest.raises(TypeError, match=r"unexpected option 'rstart'; .* restart, sh"):

        class Typo(GenServer, rstart="transient"):  # type: ignore[call-arg]
            pass

    with pytest.raises(TypeError, match=r"unexpected option 'strategy'"):

        class Machine(StateMachine[int], strategy="x"):  # type: ignore[call-arg]
            pass


def test_keywords_of_other_bases_reach_them() -> None:
    class Table:
        table = ""

        def __init_subclass__(cls, *, table: str, **kwargs: Any) -> None:
            super().__init_subclass__(**kwargs)
            cls.table = table

    first: Any = Table

    class Before(first, GenServer, table="a", restart="temporary"):  # type: ignore[misc, call-arg]
        pass

    class Behind(GenServer, first, table="b", restart="temporary"):  # type: ignore[misc, call-arg]
        pass

    assert (Before.table, child(Before).restart) == ("a", "temporary")
    assert (Behind.table, child(Behind).restart) == ("b", "temporary")


@pytest.mark.trio
async def test_children_are_treated_as_their_class_says(
    autojump_clock: MockClock,
) -> None:
    async with open_supervisor([dynamic_supervisor(id="pool")]) as sup:
        ref = await sup.dynamic("pool").start_child(child(Greeter))
        ref.cast(Greeter.fall)
        await ref.wait_exit()
        began = trio.current_time()
        await ref.wait_running()
        assert trio.current_time() == began + 2
        await ref.stop()  # in order: a transient server is not started again
        await ref.wait_stopped()
        assert ref.status == "gone"

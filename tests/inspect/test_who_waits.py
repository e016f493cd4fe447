"""Whom an action hurts is said before it is done: who waits for an answer, and who will."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from tests.inspect.operated import hand, operated
from tests.inspect.test_consequence import WORKER, asked
from trio_sup import (
    ChildSpec,
    GenServer,
    NamedRef,
    NoProcess,
    Supervisor,
    address,
    call,
    child,
    supervisor,
)
from trio_sup.inspect.node.consequence import Caller, consequence

FOUR = tuple(Caller(f"till-{n}", in_hand=n == 1) for n in range(1, 5))
FIVE = (*FOUR, Caller("shop/visitor"))
WAIT = "4 callers wait: till-1 (in hand), till-2, till-3, till-4"
CUT = "who has no answer by then gets ServerExit"
SHUT = "who calls it then gets NoProcess"


@pytest.mark.parametrize("action", ["hold", "quarantine", "terminate"])
def test_what_ends_a_server_for_good_names_who_waits_and_what_all_get(
    action: str,
) -> None:
    lines = asked(action, callers=FOUR).lines
    assert lines[1] == f"{WAIT}; {CUT}; {SHUT}"
    more = asked(action, callers=FIVE).lines
    assert more[1].startswith("5 callers wait: till-1 (in hand), till-2, ")
    assert ", till-4 and 1 more; " in more[1]
    one = asked(action, callers=FIVE[-1:]).lines
    assert one[1].startswith("1 caller waits: shop/visitor; ")


@pytest.mark.parametrize("action", ["hold", "quarantine", "terminate"])
def test_where_nobody_waits_it_is_said_what_later_callers_get(action: str) -> None:
    assert asked(action).lines[1] == f"nobody waits for it now; {SHUT}"
    assert not any("NoProcess" in line for line in asked(action, kind="task").lines)


@pytest.mark.parametrize("action", ["quarantine", "terminate", "hold"])
def test_of_who_is_between_two_lives_it_is_said_what_callers_get(action: str) -> None:
    between: dict[str, Any] = {"alive": False, "status": "backing_off"}
    assert SHUT in asked(action, **between).lines


def test_what_leaves_a_server_where_it_is_only_names_who_waits() -> None:
    assert asked("suspend", callers=FOUR).lines[-1] == WAIT
    assert asked("restart", callers=FOUR).lines[1] == f"{WAIT}; {CUT}"


def test_what_a_drain_leaves_in_hand_hurts_nobody() -> None:
    lines = asked("drain", calls=3, callers=FOUR, busy="get").lines
    assert "'get', which is in hand, goes on" in lines
    assert lines[-1] == "3 callers wait: till-2, till-3, till-4"


def test_of_a_fault_it_is_said_what_those_get_who_wait() -> None:
    assert asked("crash", callers=FOUR).lines[-1] == f"{WAIT}; {CUT}"


def test_the_end_of_a_whole_tree_names_who_waits_outside_of_it() -> None:
    root = evolve(WORKER, supervisor="", callers=(Caller("a task"),))
    assert consequence("terminate", root).lines[-1] == f"1 caller waits: a task; {CUT}"


# --- a real tree -------------------------------------------------------------------


class Rates(GenServer):
    @call
    async def rate(self) -> None:
        await trio.sleep(100)


RATES: NamedRef[Rates] = address("rates", Rates, wait=True)


async def till() -> None:
    while True:
        try:
            await RATES.call(Rates.rate)
        except NoProcess:
            await trio.sleep_forever()


def money() -> ChildSpec[Any]:
    tills = [child(till, id=f"till-{n}") for n in range(1, 4)]
    return supervisor([child(Rates, name="rates", id="rates"), *tills], id="money")


async def _waited_for(sup: Supervisor, path: Path, action: str, whom: str) -> list[str]:
    async with hand(path) as client:
        await trio.sleep(1)
        return list((await client.plan(action, whom)).lines)


@pytest.mark.trio
@pytest.mark.usefixtures("quiet_log")
async def test_siblings_are_named_by_their_ids_and_others_by_their_paths(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    specs = [money(), child(till, id="guest")]
    async with operated(tmp_path, specs) as (sup, path), trio.open_nursery() as work:
        work.start_soon(till)
        lines = await _waited_for(sup, path, "hold", "root/money/rates")
        assert lines[1].startswith("5 callers wait: ")
        assert "(in hand)" in lines[1].partition(",")[0]
        work.cancel_scope.cancel()
    words = lines[1].partition(";")[0]
    # Which of them came first is Trio's choice; four of the five are listed.
    seen = {"till-1", "till-2", "till-3", "root/guest", "a task"}
    assert sum(name in words for name in seen) == 4
    assert words.endswith(" and 1 more")


@pytest.mark.trio
@pytest.mark.usefixtures("quiet_log")
async def test_who_ends_with_a_supervisor_is_not_counted_among_its_callers(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    specs = [money(), child(till, id="guest")]
    async with operated(tmp_path, specs) as (sup, path):
        lines = await _waited_for(sup, path, "terminate", "root/money")
    assert f"1 caller waits: guest; {CUT}; {SHUT}" in lines

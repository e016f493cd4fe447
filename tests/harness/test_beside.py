"""Laws beside servers: each is broken by what breaks it, and named on its page."""

from pathlib import Path

import pytest
import trio

from tests.harness.beside_breaks import BREAKS, Break
from tests.harness.mutants.beside_ground import boards, publishes
from tests.harness.mutants.work_ground import jobs, works
from trio_sup import (
    ChildSpec,
    GenServer,
    Registry,
    Supervisor,
    TaskExit,
    call,
    child,
    supervisor,
    task_supervisor,
    whereis,
)
from trio_sup._registry.topics import Topics
from trio_sup.testing import (
    Ask,
    Crash,
    CutTree,
    FailBlock,
    Fault,
    Newcomer,
    Onlooker,
    Resize,
    SupervisionViolation,
    Work,
    World,
    check_supervision,
    nobody_waits,
    replay,
)
from trio_sup.testing._beside import laws
from trio_sup.testing._beside.beside import STAND_INS

PAGE = Path(__file__).parents[2] / "docs/reference/laws-beside-servers.md"
NAMES = [value for name, value in vars(laws).items() if name.isupper()]


def of_run(error: pytest.ExceptionInfo[SupervisionViolation]) -> set[str]:
    return {problem.invariant for problem in error.value.world.problems}


@pytest.mark.parametrize(
    "each", BREAKS, ids=lambda each: f"{each.owner.__name__}.{each.name}: {each.law}"
)
def test_what_breaks_a_law_is_found_by_it(
    each: Break, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(each.owner, each.name, each.broken)
    with pytest.raises(SupervisionViolation) as found:
        replay(
            each.build,
            each.script,
            client=each.client,
            allow=each.allow,
            duration=4,
        )
    assert each.law in of_run(found)


def test_each_law_stands_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8").splitlines()
    missing = [law for law in NAMES if law not in page]
    assert not missing
    assert len(set(NAMES)) == len(NAMES)


def test_nothing_of_it_is_there_when_nobody_judges() -> None:
    before = {
        (each.owner, each.name): vars(each.owner)[each.name] for each in STAND_INS
    }
    seen: list[bool] = []

    async def looks(world: World) -> None:
        seen.append(all(vars(o)[n] is not own for (o, n), own in before.items()))

    replay(boards, client=looks)
    assert seen == [True]
    assert all(vars(o)[n] is own for (o, n), own in before.items())
    assert vars(Topics)["publish"].__module__ == Topics.__module__


def idle() -> ChildSpec[Supervisor]:
    return supervisor(
        [child(trio.sleep_forever, id="a"), task_supervisor(id="tasks")], id="r"
    )


@pytest.mark.parametrize(
    "fault",
    [
        Newcomer("r", at=1.0),
        Newcomer("r", at=1.0, patience=0.125),
        Newcomer("r", at=1.0, fails=True),
        Work("r/tasks", at=1.0),
        Onlooker("r/a", at=1.0),
        Onlooker("r/a", at=1.0, until="stopped"),
        FailBlock(at=1.0),
    ],
    ids=repr,
)
def test_visitors_come_and_go(fault: Fault) -> None:
    world = replay(idle, [fault, Crash("r/a", at=1.5)])
    assert not world.hits[0].missed


def test_who_is_not_there_is_not_visited() -> None:
    script = [Newcomer("r/a", at=1.0), Work("r/a", at=1.0), Resize("r/x", at=1.0)]
    assert all(hit.missed for hit in replay(idle, script).hits)


def test_the_error_of_a_block_comes_out_of_it() -> None:
    world = replay(idle, [FailBlock(at=1.0)])
    assert world.outcome == "failed"
    assert world.end < 2


# Questions.


class Shelf(GenServer):
    def __init__(self) -> None:
        self.rows: dict[str, int] = {}

    @call
    async def put(self, name: str, number: int) -> int:
        if number < 0:
            raise IndexError(number)
        self.rows[name] = number
        return number

    @call
    async def slow(self) -> str:
        await trio.sleep(5)
        return "at last"

    @call
    async def bare(self, name) -> None:  # type: ignore[no-untyped-def]
        """Has no hint."""


def shelf() -> ChildSpec[Supervisor]:
    return supervisor([child(Shelf, id="s")], max_restarts=20, id="r")


def test_arguments_are_drawn_from_type_hints() -> None:
    with pytest.raises(SupervisionViolation) as found:
        check_supervision(
            shelf, operations=[Shelf.put], faults=[Crash], derandomize=True
        )
    [fault] = found.value.script
    assert isinstance(fault, Ask)
    assert fault.args == ("", -1)
    assert "IndexError" in str(found.value)


def test_an_argument_without_a_hint_needs_a_strategy() -> None:
    with pytest.raises(TypeError, match="'name' has no type hint"):
        check_supervision(shelf, operations=[Shelf.bare])
    with pytest.raises(TypeError, match="not <class"):
        check_supervision(shelf, operations=[Shelf])


def test_a_question_may_be_given_up() -> None:
    world = replay(shelf, [Ask("r/s", op="slow", timeout=1.0, at=1.0)])
    assert not world.problems


# Liveness.


async def asks(what: str) -> str:
    server = whereis("s", Waits)
    assert server is not None
    return await server.call(Waits.answer)


class Waits(GenServer):
    """Waits for a task that asks itself for something."""

    @call
    async def work(self) -> str:
        above = self.supervisor
        assert isinstance(above, Supervisor)
        tasks = above.task_supervisor("tasks")
        return str(await tasks.async_nolink(asks, "it").result())

    @call
    async def works_a_while(self) -> str:
        with trio.move_on_after(60):
            return await self.work()
        return "given up"

    @call
    async def answer(self) -> str:
        return "done"


def ring() -> ChildSpec[Supervisor]:
    return supervisor(
        [child(Waits, id="s", name="s"), task_supervisor(id="tasks")], id="r"
    )


async def begins(world: World) -> None:
    await world.root.server(Waits, "s").call(Waits.work)


def test_a_ring_through_a_task_is_found_with_all_who_wait() -> None:
    with pytest.raises(SupervisionViolation) as found:
        replay(ring, client=begins)
    assert laws.RING in of_run(found)
    text = " ".join(str(found.value).split())
    assert "the answer of answer, held by r/s" in text
    assert "task r/tasks/1, held by r/tasks/1" in text


async def begins_with_patience(world: World) -> None:
    await world.root.server(Waits, "s").call(Waits.works_a_while)


def test_a_ring_that_somebody_will_leave_is_none() -> None:
    world = replay(ring, client=begins_with_patience, allow=[TaskExit])
    assert not world.problems


async def waits_for_nobody(world: World) -> None:
    await Registry(name="own").wait_for("nobody")


def test_who_waits_too_long_is_told_of_if_that_is_demanded() -> None:
    assert not replay(idle, client=waits_for_nobody).problems
    with pytest.raises(SupervisionViolation, match="which nobody holds"):
        replay(idle, client=waits_for_nobody, invariants=[nobody_waits(within=3)])


async def retries() -> None:
    for _ in range(5):
        try:
            await trio.sleep(100)
        except BaseException:  # noqa: BLE001 - as some do
            pass


async def gives_up_once() -> None:
    try:
        await trio.sleep_forever()
    except trio.Cancelled:
        return


def test_a_retry_that_swallows_its_cancellation_is_found() -> None:
    with pytest.raises(SupervisionViolation) as found:
        replay(lambda: [child(retries, id="a")])
    assert laws.SWALLOWED in of_run(found)


def test_a_function_that_returns_when_it_is_cancelled_is_none() -> None:
    assert not replay(lambda: [child(gives_up_once, id="a")]).problems


# Odd, and right.


@pytest.mark.parametrize("at", [0.3125, 1.0, 2.75])
def test_a_tree_that_ends_while_much_is_under_way_breaks_no_law(at: float) -> None:
    for build, client, allow in (
        (boards, publishes, ()),
        (jobs, works, (ValueError, trio.TooSlowError)),
    ):
        assert not replay(build, [CutTree(at=at)], client=client, allow=allow).problems

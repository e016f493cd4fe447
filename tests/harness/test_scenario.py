"""A recording of a node is played against a tree, and what it shows is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.harness.recordings import (
    CHAOS,
    SHOP,
    Told,
    crash,
    requested,
    row,
    sent,
    starts,
    write,
)
from trio_sup import (
    Backoff,
    Child,
    ChildSpec,
    GenServer,
    Supervisor,
    call,
    child,
    supervisor,
)
from trio_sup.testing import (
    Ask,
    Crash,
    NotPlayed,
    Scenario,
    SupervisionViolation,
    World,
    check_supervision,
    replay,
    scenario_from,
)


class Db(GenServer):
    @call
    async def get(self, number: int) -> int:
        return 60 // number


async def waits() -> None:
    await trio.sleep_forever()


def shop(backoff: Backoff | None = None) -> ChildSpec[Supervisor]:
    return supervisor(
        [
            child(Db, id="db", name="db"),
            child(waits, id="cache", backoff=backoff),
            child(waits, id="mail"),
        ],
        id="shop",
        max_restarts=50,
    )


def recorded(tmp_path: Path, *told: Told, **how: object) -> Scenario:
    return scenario_from(write(tmp_path / "a.rec", told, **how))  # type: ignore[arg-type]


def two_at_once(world: World) -> None:
    """The planted bug: two siblings may not crash within a second."""
    crashes = [(e.at, e.path) for e in world.events if e.kind == "child_crashed"]
    for at, path in crashes:
        assert not [p for t, p in crashes if p != path and abs(t - at) < 1]


def test_the_two_crashes_that_matter_are_all_that_is_left(tmp_path: Path) -> None:
    told = [
        crash(f"shop/{'cache' if n % 2 else 'mail'}", 2.0 * n) for n in range(1, 40)
    ]
    told += [crash("shop/db", 90.25), crash("shop/mail", 90.75)]
    told += [requested("shop/db", 95.0, "terminate_child")]
    scenario = recorded(tmp_path, *told, seconds=100.0)
    with pytest.raises(SupervisionViolation) as found:
        replay(shop, scenario, invariants=[two_at_once])
    assert found.value.script == [
        Crash("shop/db", at=90.25),
        Crash("shop/mail", at=90.75),
    ]
    assert "Crash('shop/db', at=90.25)" in found.value.program
    assert "42 faults" in found.value.__notes__[0]
    with pytest.raises(SupervisionViolation):  # as the program says
        replay(shop, found.value.script, invariants=[two_at_once], duration=100.5)


def test_the_same_recording_gives_the_same_timeline(tmp_path: Path) -> None:
    told = [
        each
        for n in range(2, 10)
        for each in (crash("shop/cache", n), starts("shop/cache", n + 0.5, n))
    ]
    scenario = recorded(tmp_path, *told)

    def tree() -> ChildSpec[Supervisor]:
        return shop(backoff=Backoff(initial=0.1, jitter=1.0))

    first, second = replay(tree, scenario), replay(tree, scenario)
    assert first.timeline() == second.timeline()
    assert first.crashes("shop/cache") == 8


def test_a_crash_before_the_child_is_back_comes_as_late_in_its_next_life(
    tmp_path: Path,
) -> None:
    """Here the second life begins at 2.0, there it did at once."""
    scenario = recorded(
        tmp_path,
        crash("shop/cache", 1.0),
        starts("shop/cache", 1.0, 2),
        crash("shop/cache", 1.5),
        starts("shop/cache", 1.5, 3),
    )
    slow = Backoff(initial=1.0, jitter=0, immediate_first=False)
    world = replay(lambda: shop(backoff=slow), scenario)
    assert [hit.at for hit in world.hits] == [1.0, 2.5]


def test_what_comes_by_itself_is_not_brought_about_again(tmp_path: Path) -> None:
    async def needs_db(db: str) -> None:
        del db
        while True:
            await trio.sleep(0.25)
            if trio.current_time() == 2.0:
                raise ConnectionError

    def tree() -> ChildSpec[Supervisor]:
        needy = child(needs_db, "db", id="cache")
        return supervisor([child(Db, id="db"), needy], id="shop", max_restarts=9)

    scenario = recorded(
        tmp_path,
        crash("shop/db", 2.0),
        crash("shop/cache", 2.1, "builtins.ConnectionError"),
    )
    world = replay(tree, scenario, allow=[ConnectionError])
    assert world.crashes("shop/cache") == 1
    assert [hit.fault.path for hit in world.hits] == ["shop/db"]


def test_a_message_that_crashed_a_server_is_what_is_left(tmp_path: Path) -> None:
    error = "builtins.ZeroDivisionError"
    told = [crash("shop/mail", 1.0), crash("shop/db", 3.0, error)]
    asked = [
        sent("shop/db", 1 + n, "get", f"({number},)") for n, number in ((0, 3), (2, 0))
    ]
    scenario = recorded(tmp_path, *told, sent=asked)
    with pytest.raises(SupervisionViolation) as found:
        replay(shop, scenario)
    assert found.value.script == [Ask("shop/db", at=3.0, op="get", args=(0,))]
    assert found.value.world.crashes("shop/db") == 1


def test_a_message_that_no_operation_takes_is_no_pass(tmp_path: Path) -> None:
    asked = [sent("shop/db", 1, "get", "(1, 2)"), sent("shop/db", 2, "put", "(1,)")]
    asked.append(sent("shop/mail", 3, "get", "(1,)"))
    with pytest.raises(NotPlayed) as found:
        replay(shop, recorded(tmp_path, sent=asked))
    assert len(found.value.reasons) == 3
    assert "no such operation here, or with other parameters" in str(found.value)


def test_time_counts_from_when_the_tree_has_started(tmp_path: Path) -> None:
    async def slow(*, task_status: trio.TaskStatus[None]) -> None:
        await trio.sleep(3)
        task_status.started()
        await trio.sleep_forever()

    def tree() -> ChildSpec[Supervisor]:
        return supervisor([child(slow, id="db", ready="signalled")], id="shop")

    scenario = recorded(tmp_path, crash("shop/db", 1.0), seconds=2.0)
    assert [hit.at for hit in replay(tree, scenario).hits] == [4.0]


def test_what_cannot_be_played_is_no_pass(tmp_path: Path) -> None:
    scenario = recorded(
        tmp_path,
        crash("shop/db", 1.0),
        crash("shop/web", 2.0),
        requested("shop/mail", 3.0, "quarantine_child"),
        Told(4.0, "shop/cache", "child_stopped", "normal"),
        Told(5.0, "shop/gone", "child_stopped", "normal"),
        rows=[*SHOP, row(5, "shop/web", "task"), row(6, "shop/gone", "task")],
    )
    with pytest.raises(NotPlayed) as found:
        replay(shop, scenario)
    assert found.value.reasons == [
        f"shop/web crashed ({CHAOS}): the test's tree has no such child",
        "somebody asked for quarantine_child of shop/mail: no fault does that",
        "shop/cache ended by itself: no fault makes a function return",
    ]
    assert "scenario.without('shop/web')" in str(found.value)
    assert found.value.world.crashes("shop/db") == 1
    rest = scenario.without("shop/web", "shop/mail", "shop/cache")
    assert replay(shop, rest).crashes("shop/db") == 1


def test_missed_events_are_no_pass(tmp_path: Path) -> None:
    scenario = recorded(tmp_path, crash("shop/db", 1.0), dropped=7)
    with pytest.raises(NotPlayed, match="7 events were missed"):
        replay(shop, scenario)


def test_a_tree_that_gives_up_says_so(tmp_path: Path) -> None:
    scenario = recorded(tmp_path, *[crash("shop/db", n / 10 + 1) for n in range(6)])
    tree = supervisor([child(Db, id="db")], id="shop")
    with pytest.raises(NotPlayed, match=r"did not last: gave_up at t=1\.3"):
        replay(lambda: tree, scenario)


def test_another_root_is_told_by_name(tmp_path: Path) -> None:
    scenario = recorded(tmp_path, crash("shop/db", 1.0))

    def tree() -> list[ChildSpec[Child]]:
        return [child(Db, id="db")]

    with pytest.raises(
        NotPlayed, match=r"the tree has root/db, root|the tree has root"
    ):
        replay(tree, scenario)
    assert replay(tree, scenario.moved("shop", "root")).crashes("root/db") == 1
    with pytest.raises(ValueError, match="nothing happened to 'x'"):
        scenario.moved("x", "y")
    with pytest.raises(ValueError, match="did to shop/db"):
        scenario.without("shop/d")


def test_it_is_tried_before_examples_are_drawn(tmp_path: Path) -> None:
    scenario = recorded(tmp_path, crash("shop/db", 1.0), crash("shop/mail", 1.5))
    with pytest.raises(SupervisionViolation, match="broke"):
        check_supervision(shop, invariants=[two_at_once], corpus=[scenario])
    report = check_supervision(shop, corpus=[scenario], max_examples=2)
    assert report.examples == 2


def test_a_scenario_has_no_schedule(tmp_path: Path) -> None:
    scenario = recorded(tmp_path, crash("shop/db", 1.0))
    with pytest.raises(ValueError, match="no schedule"):
        replay(shop, scenario, [1])
    assert "1 faults" in repr(scenario)
    assert str(scenario).splitlines()[1].split()[:2] == ["1.000", "shop/db"]

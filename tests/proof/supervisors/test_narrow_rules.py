"""No rule hides a bug: each is tried with one right beside what it allows.

The bugs are planted into trio-sup. Each scenario is one to which the rule applies or,
for a cut, just does not apply. Without the bug it agrees with OTP; with it, the
comparison has to fail.
"""

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import evolve, frozen

import trio_sup
from tests.proof.suite import agrees
from tests.proof.supervisors import model
from tests.proof.supervisors.rules.cuts import CUTS
from tests.proof.supervisors.rules.deviations import DEVIATIONS
from tests.proof.supervisors.rules.kinds import Cut, Deviation
from tests.proof.supervisors.scenario import (
    Ask,
    Child as Scripted,
    ChildRequest,
    Exit,
    InitPlan,
    Nested,
    Op,
    Queue,
    Reason,
    Scenario,
    StartChild,
    Tree,
    Worker,
)
from tests.proof.supervisors.subject import TRIO_SUP
from trio_sup import Child, ChildInfo, ChildSpec, Supervisor
from trio_sup._children.record import Record
from trio_sup._core.plan import requests
from trio_sup._core.plan.doing import Steps
from trio_sup._core.plan.dynamic import DynamicPlan
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.state import RestartWindow
from trio_sup._core.strategy import SupervisorCore
from trio_sup._supervisors.dynamic import DynamicShell
from trio_sup._supervisors.static import StaticShell

Patch = pytest.MonkeyPatch
PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "proof.md"

CRASH: Reason = ("error", "crash")
ABC = (Worker("a"), Worker("b"), Worker("c"))
SIGNIFICANT = tuple(Worker(id, "transient", significant=True) for id in "ab")
COUNT = Ask("count", "")
FAILS = ("error", "start")


def crash(id: str) -> Exit:
    return Exit(id, CRASH)


def start(child: Scripted) -> StartChild:
    return StartChild("", child)


def terminate(id: str) -> ChildRequest:
    return ChildRequest("terminate_child", "", id)


def lists_by_id(patch: Patch) -> None:
    right = Supervisor.which_children

    def which_children(self: Supervisor) -> list[ChildInfo]:
        return sorted(right(self), key=lambda info: str(info.id))

    patch.setattr(Supervisor, "which_children", which_children)


def takes_two_children_with_one_id(patch: Patch) -> None:
    right = trio_sup.supervisor

    def supervisor(children: list[ChildSpec[Any]], **options: Any) -> object:
        return right({spec.id: spec for spec in children}.values(), **options)

    patch.setattr(trio_sup, "supervisor", supervisor)


def counts_wrong_while_something_waits(patch: Patch) -> None:
    right = Supervisor.count_children
    asked: list[Supervisor] = []

    def count_children(self: Supervisor) -> trio_sup.ChildCounts:
        asked.append(self)
        counts = right(self)
        return counts if len(asked) == 1 else evolve(counts, active=0)

    patch.setattr(Supervisor, "count_children", count_children)


def answers_with_a_sibling(patch: Patch) -> None:
    right = StaticShell.start_child

    async def start_child(self: StaticShell, spec: ChildSpec[Child]) -> Child:
        await right(self, spec)
        return self.all_records()[0].handle

    patch.setattr(StaticShell, "start_child", start_child)


def says_ok_and_stops_nobody(patch: Patch) -> None:
    async def terminate_child(self: DynamicShell, target: Child | Hashable) -> None:
        self.find(target)

    patch.setattr(DynamicShell, "terminate_child", terminate_child)


def deletes_who_has_just_died(patch: Patch) -> None:
    right = requests.delete_child

    def delete_child(plan: StaticPlan[Any], id: Hashable) -> Steps[Any, None]:
        record = requests.find(plan, id)
        record.undecided = False
        record.enter("rests")
        return right(plan, id)

    patch.setattr(requests, "delete_child", delete_child)


def stops_in_start_order(patch: Patch) -> None:
    def stop_children(self: StaticPlan[Any]) -> Steps[Any, None]:
        for record in list(self.core.records.values()):
            yield from self.stop_child(record, self.stop_reason)

    patch.setattr(StaticPlan, "_stop_children", stop_children)


def takes_who_restarts_for_started(patch: Patch) -> None:
    right = requests.start_child

    def start_child(plan: StaticPlan[Any], spec: ChildSpec[Any]) -> Steps[Any, Any]:
        present = plan.core.records.get(spec.id)
        if present is not None:
            return present
        return (yield from right(plan, spec))

    patch.setattr(requests, "start_child", start_child)


def leaves_its_caller_waiting(patch: Patch) -> None:
    right = DynamicShell.wait_started

    async def wait_started(self: DynamicShell, record: Record) -> Child:
        try:
            return await right(self, record)
        except trio_sup.SupervisorStopping:
            await trio.sleep_forever()

    patch.setattr(DynamicShell, "wait_started", wait_started)


def says_ok_and_terminates_nobody(patch: Patch) -> None:
    def terminate_child(plan: StaticPlan[Any], id: Hashable) -> Steps[Any, None]:
        yield from ()
        requests.find(plan, id)

    patch.setattr(requests, "terminate_child", terminate_child)


def takes_one_child_too_many(patch: Patch) -> None:
    right = DynamicPlan.add

    def add(self: DynamicPlan[Any], spec: ChildSpec[Any]) -> Any:
        flags = self.flags
        self.flags = evolve(flags, max_children=flags.max_children + 1)
        try:
            return right(self, spec)
        finally:
            self.flags = flags

    patch.setattr(DynamicPlan, "add", add)


def never_gives_up(patch: Patch) -> None:
    def admit(self: RestartWindow, now: float) -> bool:
        return True

    patch.setattr(RestartWindow, "admit", admit)


def never_shuts_down(patch: Patch) -> None:
    def ends(self: SupervisorCore[Any]) -> bool:
        return False

    patch.setattr(SupervisorCore, "_ends_with_significant", ends)


@frozen
class Case:
    """A rule by its name, a scenario, and a bug that has to be found in it."""

    rule: str
    bug: Callable[[Patch], None]
    tree: Tree
    script: tuple[Op, ...]
    applies: bool = True


CASES = (
    Case(
        "which_children is in start order",
        lists_by_id,
        Tree(children=(Worker("b"), Worker("a"), Worker("c"))),
        (Ask("which", ""),),
    ),
    Case(
        "invalid specifications are refused where they are built",
        takes_two_children_with_one_id,
        Tree(children=(Worker("a"), Worker("a"))),
        (),
    ),
    Case(
        "which_children and count_children do not wait in line",
        counts_wrong_while_something_waits,
        Tree(children=(Worker("a", "temporary"), *ABC[1:])),
        (COUNT, Queue("", (Exit("a", "normal"), COUNT))),
    ),
    Case(
        "a handle stands for all lives of a child",
        answers_with_a_sibling,
        Tree(children=ABC),
        (InitPlan("n", (("then", CRASH),)), start(Worker("n"))),
    ),
    Case(
        "a dynamic supervisor answers at once, even if it is about to end",
        says_ok_and_stops_nobody,
        Tree("dynamic"),
        (start(Worker("a")), Queue("", (terminate("a"), terminate("a")))),
    ),
    Case(
        "a refusal says what is true in the moment",
        deletes_who_has_just_died,
        Tree("one_for_all", children=ABC),
        (Queue("", (ChildRequest("delete_child", "", "b"), crash("b"))),),
    ),
    Case(
        "a refusal says what is true in the moment",
        takes_who_restarts_for_started,
        Tree(intensity=3, children=ABC),
        (InitPlan("a", (FAILS,)), Queue("", (crash("a"), start(Worker("a"))))),
    ),
    Case(
        "a supervisor that ends does not wait for what is in progress",
        never_gives_up,
        Tree(children=ABC),
        (
            InitPlan("c", (FAILS,)),
            Queue("", (crash("c"), crash("b"))),
        ),
    ),
    Case(
        "a supervisor that ends does not wait for what is in progress",
        leaves_its_caller_waiting,
        Tree("dynamic", intensity=0),
        (
            start(Worker("a")),
            Queue("", (start(Nested("s", Tree(children=ABC))), crash("a"))),
        ),
    ),
    Case(
        "children that do not concern one another do not wait for one another",
        stops_in_start_order,
        Tree(intensity=2, children=(*ABC, Worker("d"))),
        (InitPlan("b", (FAILS,)), Queue("", (crash("b"), crash("c")))),
    ),
    Case(
        "starts and stops in progress count against max_children",
        takes_one_child_too_many,
        Tree("dynamic", max_children=1),
        (Queue("", (start(Worker("a")), start(Worker("b")))),),
        applies=False,
    ),
    Case(
        "a request to a dynamic supervisor means the child, not one of its lives",
        says_ok_and_stops_nobody,
        Tree("dynamic"),
        (
            *map(start, ABC),
            Queue("", (crash("a"), terminate("b"))),
        ),
        applies=False,
    ),
    Case(
        "a request may find a restart in progress",
        says_ok_and_terminates_nobody,
        Tree(children=ABC),
        (Queue("", (crash("a"), terminate("b"))),),
        applies=False,
    ),
    Case(
        "an end is decided about beside the restart of another child, as it comes",
        never_shuts_down,
        Tree(auto_shutdown="all_significant", children=SIGNIFICANT),
        (Queue("", (Exit("a", "normal"), Exit("b", "normal"))),),
        applies=False,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.bug.__name__)
def test_a_rule_does_not_hide(case: Case, monkeypatch: Patch) -> None:
    scenario = Scenario(case.tree, case.script)
    otp = model.run(scenario)
    assert agrees(TRIO_SUP, scenario, otp)
    without = evolve(
        TRIO_SUP,
        deviations=[d for d in DEVIATIONS if d.name != case.rule],
        cuts=[c for c in CUTS if c.name != case.rule],
    )
    assert agrees(without, scenario, otp) != case.applies
    case.bug(monkeypatch)
    assert not agrees(TRIO_SUP, scenario, otp)


def test_every_rule_has_its_bug() -> None:
    rules = [rule.name for rule in DEVIATIONS] + [cut.name for cut in CUTS]
    assert list(dict.fromkeys(case.rule for case in CASES)) == rules


def test_the_page_about_the_proof_names_every_rule_with_its_reason() -> None:
    page = PAGE.read_text()
    rules: list[Deviation | Cut] = [*DEVIATIONS, *CUTS]
    for rule in rules:
        assert f"| {rule.name} | {rule.reason} | {rule.row} |" in page

"""What another specification changes, compared with a tree that runs."""

from __future__ import annotations

from math import inf
from typing import Any

import attrs
import pytest

import trio_sup
from tests.core.rule_tree import ABC, LATE, Tree, child, running
from trio_sup import Budget, ChildSpec, ChildSpecError, ReconfigurePlan
from trio_sup._core.comparing import LONGEST, compare, goes_on, same_spec
from trio_sup._core.plan.requests import hold_child, quarantine_child, terminate_child
from trio_sup._core.reconfigured import ChildChange, FieldChange


async def other_work() -> None:
    """Another target; never run."""


def compared(tree: Tree, *children: Any, **flags: Any) -> ReconfigurePlan:
    """Compare with a specification that differs as it says."""
    flags = {"max_restarts": 10, **flags}
    flags.setdefault("strategy", tree.plan.flags.strategy)
    new = trio_sup.supervisor(children, id="root", **flags).flags
    assert new is not None
    plan = compare(tree.own, tree.plan.flags, new)
    assert (plan.path, plan.new) == ("root", new)
    return plan


def keep(id: str, because: str = "") -> ChildChange:
    return ChildChange(f"root/{id}", id, "keep", because=because)


def started(id: str) -> ChildChange:
    return ChildChange(f"root/{id}", id, "start")


def again(id: str, *fields: FieldChange, because: str = "", lives: bool = True) -> Any:
    return ChildChange(f"root/{id}", id, "restart", fields, because, lives)


TARGET = FieldChange("target", "work", "other_work")
NEW_B = child("b").replace(target=other_work)


def test_the_same_specification_changes_nothing() -> None:
    tree = running(*ABC)
    plan = compared(tree, *[child(id) for id in "abc"])
    assert plan.children == (keep("a"), keep("b"), keep("c"))
    assert plan.empty
    assert plan.order == ()
    assert plan.flags == ()


def test_who_is_new_starts_who_is_gone_stops_and_the_order_is_told() -> None:
    tree = running(*ABC)
    tree.request(terminate_child, "c", names="c")
    tree.settle()
    plan = compared(tree, child("new"), child("b"))
    stopped = [
        ChildChange(f"root/{id}", id, "stop", loses_state=id == "a") for id in "ac"
    ]
    assert plan.children == (started("new"), keep("b"), *stopped)
    assert plan.order == ()  # those that stay are in the order that they were in
    plan = compared(tree, child("b"), child("new"), child("a"))
    assert plan.order == ("b", "new", "a")


@pytest.mark.parametrize(
    ("fields", "before", "after"),
    [
        ({"restart": "transient"}, "'permanent'", "'transient'"),
        ({"shutdown": 7.0}, "5.0", "7.0"),
        ({"start_timeout": 9.0}, "inf", "9.0"),
        ({"budget": Budget(1, 2.0)}, "None", None),
        ({"backoff": LATE}, "None", None),
    ],
)
def test_what_a_life_can_go_on_with_is_updated(
    fields: dict[str, Any], before: str, after: str | None
) -> None:
    tree = running(*ABC)
    plan = compared(tree, child("a"), child("b", **fields), child("c"))
    ((name, value),) = fields.items()
    text = repr(value) if after is None else after
    shown = text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
    change = FieldChange(name, before, shown)
    updated = ChildChange("root/b", "b", "update", (change,))
    assert plan.children == (keep("a"), updated, keep("c"))


def test_what_a_life_is_made_of_needs_another_one() -> None:
    tree = running(*ABC)
    plan = compared(tree, child("a"), NEW_B, child("c"))
    assert plan.children == (keep("a"), again("b", TARGET), keep("c"))
    named = child("b", name="n", shutdown=7.0)
    plan = compared(tree, child("a"), named, child("c"))
    fields = FieldChange("name", "None", "'n'"), FieldChange("shutdown", "5.0", "7.0")
    assert plan.children[1] == again("b", *fields)
    # Another kind of life in the same place.
    plan = compared(tree, trio_sup.supervisor([], id="b"))
    assert plan.children[0].action == "restart"


def test_a_life_that_runs_may_carry_its_state_over() -> None:
    runs = attrs.evolve(child("b").runs, carries=lambda target: target is other_work)
    old, new = (attrs.evolve(spec, runs=runs) for spec in (child("b"), NEW_B))
    tree = running(child("a"), old)
    (_, change) = compared(tree, child("a"), new).children
    carried = attrs.evolve(change, because="carries its state over")
    assert change == carried
    assert (change.loses_state, change.carries_state) == (False, True)
    # Not to a target that cannot take it, nor to another kind, nor while it starts.
    other = attrs.evolve(old, name="n")
    assert compared(tree, child("a"), other).children[1].loses_state
    assert compared(tree, child("a"), NEW_B).children[1].loses_state
    tree["b"].ready = False
    change = compared(tree, child("a"), new).children[1]
    assert (change.loses_state, change.carries_state) == (True, False)


def test_flags_change_in_place() -> None:
    tree = running(*ABC)
    same = [child(id) for id in "abc"]
    plan = compared(
        tree, *same, max_restarts=2, max_seconds=9.0, strategy="one_for_all"
    )
    assert plan.flags == (
        FieldChange("strategy", "'one_for_one'", "'one_for_all'"),
        FieldChange("max_restarts", "10", "2"),
        FieldChange("max_seconds", "5.0", "9.0"),
    )
    assert all(change.action == "keep" for change in plan.children)


# Those who depend on others.


@pytest.mark.parametrize("old", ["one_for_one", "one_for_all", "rest_for_one"])
@pytest.mark.parametrize("new", ["one_for_one", "one_for_all", "rest_for_one"])
def test_those_are_restarted_whose_siblings_are(old: Any, new: Any) -> None:
    tree = running(*ABC, strategy=old)
    c = child("c", shutdown=7.0)
    plan = compared(tree, child("a"), NEW_B, c, strategy=new)
    shutdown = FieldChange("shutdown", "5.0", "7.0")
    wants = {old, new}
    first = next((s for s in (old, new) if s != "one_for_one"), None)
    before: Any = keep("a")
    if "one_for_all" in wants:
        before = again("a", because="with 'b' (one_for_all)")
    after: Any = ChildChange("root/c", "c", "update", (shutdown,))
    if first is not None:
        after = again("c", shutdown, because=f"with 'b' ({first})")
    assert plan.children == (before, again("b", TARGET), after)


def test_the_first_that_is_restarted_is_the_cause_in_each_order() -> None:
    tree = running(*ABC, strategy="rest_for_one")
    plan = compared(tree, child("c"), NEW_B, child("a"))
    # Before, c came after b; now a does.
    because = "with 'b' (rest_for_one)"
    changes = (again("c", because=because), again("b", TARGET))
    assert plan.children == (*changes, again("a", because=because))


def test_who_is_quarantined_or_new_depends_on_nobody() -> None:
    tree = running(*ABC, strategy="one_for_all")
    tree.request(quarantine_child, "c", names="c")
    tree.settle()
    plan = compared(tree, child("a"), NEW_B, child("c"), child("d"))
    because = "with 'b' (one_for_all)"
    kept = keep("c", "it is quarantined")
    changes = (again("a", because=because), again("b", TARGET))
    assert plan.children == (*changes, kept, started("d"))


def test_who_stays_down_takes_nobody_along() -> None:
    tree = running(*ABC, strategy="one_for_all")
    tree.request(terminate_child, "b", names="b")
    tree.settle()
    plan = compared(tree, child("a"), NEW_B, child("c"))
    down = again("b", TARGET, because="it is stopped", lives=False)
    assert plan.children == (keep("a"), down, keep("c"))


# Those who are down.


def test_who_is_down_stays_so_until_something_changes() -> None:
    tree = running(*ABC)
    tree.request(terminate_child, "b", names="b")
    tree.settle()
    plan = compared(tree, child("a"), child("b"), child("c"))
    assert plan.children[1] == keep("b", "it is stopped")
    assert plan.empty
    plan = compared(tree, child("a"), child("b", shutdown=7.0), child("c"))
    shutdown = FieldChange("shutdown", "5.0", "7.0")
    assert plan.children[1] == again(
        "b", shutdown, because="it is stopped", lives=False
    )


def test_whom_people_keep_down_stays_so_whatever_changes() -> None:
    tree = running(*ABC)
    tree.request(quarantine_child, "b", names="b")
    tree.settle()
    plan = compared(tree, child("a"), NEW_B, child("c"))
    held = ChildChange("root/b", "b", "update", (TARGET,), "people keep it down")
    assert plan.children[1] == held
    tree.request(hold_child, "a", names="a")
    tree.settle()
    plan = compared(tree, child("a").replace(target=other_work), NEW_B, child("c"))
    assert plan.children[0] == again("a", TARGET)  # it lives


def test_who_comes_back_by_itself_goes_on() -> None:
    tree = running(child("a"), child("b", backoff=LATE))
    tree.crash("b")
    tree.settle_now()
    assert tree["b"].status == "backing_off"
    assert goes_on(tree["b"])
    plan = compared(tree, child("a"), child("b"))
    assert plan.children[1].action == "update"
    tree["b"].undecided = True
    tree["b"].status = "stopped"
    assert goes_on(tree["b"])
    tree["b"].undecided = False
    assert not goes_on(tree["b"])


def test_a_temporary_child_that_has_ended_is_not_begun_again() -> None:
    once = child("b", restart="temporary")
    tree = running(child("a"), once)
    tree.crash("b")
    tree.settle()
    assert "b" not in tree.plan.core.records
    same, changed = child("b", restart="temporary"), child("b")
    assert compared(tree, child("a"), same).children[1] == keep("b", "has ended")
    assert compared(tree, child("a"), changed).children[1] == started("b")
    other = same.replace(target=other_work)
    assert compared(tree, child("a"), other).children[1] == started("b")
    tree.own.up = False  # then all begin anew
    assert compared(tree, child("a"), same).children[1] == started("b")


# Supervisors below.


def inner(*children: ChildSpec[Any], **flags: Any) -> ChildSpec[Any]:
    return trio_sup.supervisor(children, id="s", **flags)


def test_a_supervisor_below_is_compared_inside() -> None:
    tree = running(inner(child("x")), child("b"))
    plan = compared(tree, inner(child("x")), child("b"))
    assert plan.empty
    plan = compared(tree, inner(child("x"), child("y"), max_restarts=7), child("b"))
    below = ReconfigurePlan(
        "root/s",
        (FieldChange("max_restarts", "3", "7"),),
        (ChildChange("root/s/x", "x", "keep"), ChildChange("root/s/y", "y", "start")),
    )
    changed = ChildChange("root/s", "s", "update", below=below)
    assert plan.children == (changed, keep("b"))
    # Its own place is another matter: nothing changes inside.
    plan = compared(tree, inner(child("x")).replace(shutdown=9.0), child("b"))
    shutdown = FieldChange("shutdown", "inf", "9.0")
    assert plan.children[0] == ChildChange("root/s", "s", "update", (shutdown,))


def test_a_name_does_not_move_to_another_supervisor() -> None:
    tree = running(inner(child("x", name="n")), child("b"))
    with pytest.raises(ChildSpecError) as caught:
        compared(tree, inner(child("x")), child("b", name="n"))
    said = str(caught.value)
    assert "name" in said
    assert "'n'" in said
    assert "left with the children of 'root/s' in one step" in said
    assert "take it away first, then give it to 'root'" in said
    compared(tree, inner(child("x"), child("y", name="n")), child("b"))
    compared(tree, inner(child("x", name="n")), child("b", name="free"))


def test_children_that_come_and_go_by_requests_are_not_listed() -> None:
    dynamic = trio_sup.dynamic_supervisor(id="s")
    tree = running(dynamic, child("b"))
    record = tree["s"]
    old = record.spec.flags
    assert old is not None
    new = attrs.evolve(old, max_children=7)
    assert compare(record, old, new).flags[0].name == "max_children"
    children = (child("x"),)
    with pytest.raises(ChildSpecError) as caught:
        compare(record, old, attrs.evolve(old, children=children))
    accepted = "as they are: they come and go by requests of their own"
    assert str(caught.value) == str(ChildSpecError("children", children, accepted, "s"))


def test_a_number_of_seconds_is_the_same_however_it_is_written() -> None:
    tree = running(child("a"), inner(child("x"), max_seconds=5.0))
    new = inner(child("x"), max_seconds=5), child("a", shutdown=5, start_timeout=inf)
    plan = compared(tree, *reversed(new))
    assert plan.empty, str(plan)


def test_flags_that_cannot_be_are_refused_in_the_name_of_their_supervisor() -> None:
    tree = running(trio_sup.dynamic_supervisor(id="s"), child("b"))
    for record, field in ((tree.own, "strategy"), (tree["s"], "auto_shutdown")):
        old = record.spec.flags
        assert old is not None
        changes: dict[str, Any] = {
            "strategy": "one",
            "auto_shutdown": "all_significant",
        }
        with pytest.raises(ChildSpecError) as caught:
            compare(record, old, attrs.evolve(old, **{field: changes[field]}))
        assert caught.value.field == field
        assert str(caught.value).startswith(
            f"child spec '{record.label}': {field} must"
        )
    # What a dynamic one cannot do a static one can.
    plan = compared(tree, *tree.plan.flags.children, auto_shutdown="all_significant")
    assert [field.name for field in plan.flags] == ["auto_shutdown"]


def test_specifications_are_the_same_if_all_that_they_say_is() -> None:
    one = inner(child("x"), child("y"), max_restarts=3)
    assert same_spec(one, one)
    assert same_spec(one, inner(child("x"), child("y"), max_restarts=3))
    for other in (
        inner(child("x"), child("y"), max_restarts=4),
        inner(child("x")),
        inner(child("y"), child("x")),
        inner(child("x"), child("y", shutdown=9.0)),
        trio_sup.dynamic_supervisor(id="s"),
        child("s"),
    ):
        assert not same_spec(one, other)
        assert not same_spec(other, one)


def test_long_values_are_shortened_and_made_printable() -> None:
    async def told(text: str) -> None:
        """Takes what is shown."""

    tree = running(trio_sup.child(told, "a", id="b"))
    shown = compared(tree, trio_sup.child(told, "\x1b" + "x" * 100, id="b"))
    (field,) = shown.children[0].fields
    assert (field.name, field.before) == ("args", "('a',)")
    assert len(field.after) == LONGEST
    assert field.after.startswith("('\\x1bxxx")
    assert field.after.endswith("xxx...")
    exact = "x" * (LONGEST - len("('',)"))
    shown = compared(tree, trio_sup.child(told, exact, id="b"))
    assert shown.children[0].fields[0].after == f"('{exact}',)"

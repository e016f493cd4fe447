"""A change as data: what it comes to, and its words, to the last letter."""

from __future__ import annotations

from trio_sup import Exit, PlanOutdated, ReconfigureFailed, ReconfigurePlan
from trio_sup._core.reconfigured import ChildChange, FieldChange

LIMIT = FieldChange("max_restarts", "3", "5")
SHUTDOWN = FieldChange("shutdown", "5.0", "7.0")
ARGS = FieldChange("args", "(1,)", "(2,)")

KEPT = ChildChange("root/a", "a", "keep")
RESTS = ChildChange("root/b", "b", "keep", because="it is stopped")
UPDATED = ChildChange("root/c", "c", "update", (SHUTDOWN,))
RESTARTED = ChildChange("root/d", "d", "restart", (ARGS, SHUTDOWN), "x", True)
CARRIED = ChildChange("root/e", "e", "restart", carries_state=True)
STARTED = ChildChange("root/f", "f", "start")
STOPPED = ChildChange("root/s/g", "g", "stop", loses_state=True)
BELOW = ReconfigurePlan("root/s", (LIMIT,), (STOPPED,))
INSIDE = ChildChange("root/s", "s", "update", below=BELOW)
ALL = (KEPT, RESTS, UPDATED, RESTARTED, CARRIED, STARTED, INSIDE)
PLAN = ReconfigurePlan("root", (LIMIT,), ALL, ("b", "a"))
NOTHING = ReconfigurePlan("root", (), (KEPT, RESTS))


def test_a_plan_is_a_diff() -> None:
    assert str(PLAN).splitlines() == [
        "root",
        "  ~ max_restarts 3 -> 5",
        "  = a",
        "  = b: it is stopped",
        "  ~ c: update (shutdown 5.0 -> 7.0)",
        "  ! d: restart (args (1,) -> (2,), shutdown 5.0 -> 7.0, x, loses its state)",
        "  ! e: restart",
        "  + f: start",
        "  ~ s: update",
        "      ~ max_restarts 3 -> 5",
        "      - g: stop (loses its state)",
        "  order: b, a",
    ]
    assert str(INSIDE).splitlines() == [
        "~ s: update",
        "    ~ max_restarts 3 -> 5",
        "    - g: stop (loses its state)",
    ]


def test_who_is_kept_may_have_more_than_one_word_to_it() -> None:
    kept = ChildChange("root/a", "a", "keep", (SHUTDOWN,), "it is stopped")
    assert str(kept) == "= a: shutdown 5.0 -> 7.0, it is stopped"


def test_what_changes_nothing_is_empty_and_says_so() -> None:
    assert NOTHING.empty
    assert (str(NOTHING), NOTHING.summary) == ("root: nothing changes", "2 kept")
    assert ReconfigurePlan("root", (), ()).summary == "nothing"
    for changed in (
        ReconfigurePlan("root", (LIMIT,), (KEPT,)),
        ReconfigurePlan("root", (), (KEPT, STARTED)),
        ReconfigurePlan("root", (), (KEPT,), ("b", "a")),
    ):
        assert not changed.empty
        assert str(changed).startswith("root\n")


def test_it_counts_all_however_deep() -> None:
    assert PLAN.summary == (
        "2 kept, 2 updated, 2 restarted, 1 started, 1 stopped, max_restarts 3 -> 5"
    )
    assert PLAN.paths("update") == ("root/c", "root/s")
    assert PLAN.paths("stop") == ("root/s/g",)
    assert PLAN.loses_state == ("root/d", "root/s/g")
    assert PLAN.ends_lives == ("root/d", "root/e", "root/s/g")


def test_the_errors_say_what_was_to_be_done() -> None:
    outdated = PlanOutdated(NOTHING, BELOW)
    assert (outdated.expected, outdated.now) == (NOTHING, BELOW)
    assert str(outdated) == (
        "the plan for 'root' is outdated, and nothing was done: it was to be 2 kept, "
        "and would be 1 stopped, max_restarts 3 -> 5 now; make a new plan, or give the "
        "specification itself"
    )
    exit = Exit("crashed", None, ValueError("v"))
    failed = ReconfigureFailed("root", BELOW, "root/f", exit)
    words = (
        "'root' was not reconfigured: child 'root/f' did not start: crashed: "
        "ValueError: v; tried: 1 stopped, max_restarts 3 -> 5; the specification before "
        "is in force again"
    )
    fields = (failed.path, failed.plan, failed.child, failed.exit)
    assert fields == ("root", BELOW, "root/f", exit)
    assert (str(failed), failed.returned, failed.lost) == (words, (), ())
    failed.came_back(("root/a", "root/b"), ())
    assert str(failed) == f"{words}, with new lives of root/a, root/b"
    failed.came_back(("root/a",), ("root/b", "root/c"))
    assert (failed.returned, failed.lost) == (("root/a",), ("root/b", "root/c"))
    assert str(failed) == (
        f"{words}, with new lives of root/a; not back yet: root/b, root/c"
    )

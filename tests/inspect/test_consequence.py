"""What an operator's action would do, said before it is done: without any node."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from trio_sup.inspect.node.consequence import (
    MAX_FLOOD,
    Consequence,
    Sibling,
    Subject,
    consequence,
    node_consequence,
    parse_level,
)
from trio_sup.inspect.protocol.wire_actions import CHILD_ACTIONS, FAULT_ACTIONS

WORKER = Subject(
    path="shop/db",
    label="db",
    kind="server",
    status="running",
    life=3,
    alive=True,
    supervisor="shop",
    budget_used=1,
    budget_max=4,
)
LEFT = "budget of shop: 3 of 4 restarts left, this one is not counted"


def asked(action: str, argument: str = "", **changes: Any) -> Consequence:
    return consequence(action, evolve(WORKER, **changes), argument)


def refused(action: str, argument: str = "", **changes: Any) -> tuple[str, str]:
    """Code and reason of a refusal, which says nothing of what would happen."""
    answer = asked(action, argument, **changes)
    assert not answer.allowed
    assert (answer.lines, answer.affected, answer.confirm) == ((), 0, "")
    return answer.code, answer.why


def not_applicable(why: str) -> tuple[str, str]:
    return "not_applicable", why


DOWN: dict[str, Any] = {"alive": False, "status": "stopped"}
ROOT: dict[str, Any] = {"supervisor": "", "path": "shop", "label": "shop"}


def test_an_unknown_action_is_refused_and_cut_in_the_answer() -> None:
    code, why = refused("x" * 100)
    assert code == "unknown_action"
    assert why == "there is no action " + repr("x" * 100)[:40]


@pytest.mark.parametrize("action", [*CHILD_ACTIONS, *FAULT_ACTIONS])
def test_every_action_on_a_child_has_a_rule(action: str) -> None:
    assert asked(action).code != "unknown_action"


def test_a_restart_ends_one_life_and_starts_the_next() -> None:
    answer = asked("restart")
    assert answer.allowed
    assert answer.lines == ("life 3 of shop/db ends, life 4 starts", LEFT)
    assert (answer.affected, answer.confirm) == (1, "")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        (ROOT, not_applicable("a root has no supervisor that could restart it")),
        ({"supervisor_up": False}, not_applicable("shop takes no requests now")),
        ({"group_busy": True}, ("busy", "shop restarts a group already")),
        (
            {"restart": "temporary"},
            not_applicable(
                "a temporary child is never restarted; it can be terminated"
            ),
        ),
        ({"status": "stopping"}, not_applicable("it is being stopped already")),
        (
            {"alive": False, "status": "restarting"},
            not_applicable("it is on its way back already"),
        ),
        ({"alive": False, "status": "gone"}, not_applicable("it is gone")),
    ],
)
def test_a_restart_that_cannot_be_is_refused_with_its_reason(
    changes: dict[str, Any], refusal: tuple[str, str]
) -> None:
    assert refused("restart", **changes) == refusal


def test_a_restart_in_a_group_names_who_comes_along_and_who_stays_away() -> None:
    group = (
        Sibling("cache", below=2),
        Sibling("log", temporary=True),
        Sibling("old", alive=False, temporary=True),
    )
    answer = asked("restart", strategy="one_for_all", group=group, below=1)
    assert answer.lines == (
        "life 3 of shop/db ends, life 4 starts",
        "with the 1 process below it",
        "one_for_all: also restarts 1 sibling: cache",
        "stops for good, being temporary: log",
        LEFT,
    )
    # Itself and one below; cache and two below; log. Who is down does not stop.
    assert answer.affected == 6
    assert answer.confirm == "db"


def test_a_group_of_nobody_else_is_said_to_be_so() -> None:
    alone = asked("restart", strategy="rest_for_one")
    assert "rest_for_one: no sibling is concerned" in alone.lines
    assert not any("one_for_one" in line for line in asked("restart").lines)


def test_only_four_names_are_listed() -> None:
    group = tuple(Sibling(name) for name in "abcdef")
    four, five = (
        asked("restart", strategy="one_for_all", group=group[:n]).lines[1]
        for n in (4, 5)
    )
    assert four == "one_for_all: also restarts 4 siblings: a, b, c, d"
    assert five == "one_for_all: also restarts 5 siblings: a, b, c, d and 1 more"


def test_what_waits_in_the_mailbox_has_the_grace_or_is_dropped() -> None:
    served = asked("restart", calls=1, notes=1, grace=2.5).lines
    assert (
        "2 waiting messages served first, for at most 2.5 s; the rest is lost" in served
    )
    dropped = asked("terminate", calls=1, grace=None).lines
    assert dropped[-1] == "drops 1 waiting message (brutal_kill)"


def test_a_used_up_budget_has_nothing_left_and_is_not_below_zero() -> None:
    lines = asked("restart", budget_used=9).lines
    assert lines[-1].startswith("budget of shop: 0 of 4 restarts left")


def test_who_is_down_is_only_started() -> None:
    assert asked("restart", **DOWN).lines == ("starts life 4 of shop/db",)
    backing_off = asked(
        "restart",
        alive=False,
        status="backing_off",
        strategy="rest_for_one",
        group=(Sibling("cache"), Sibling("log", temporary=True)),
    )
    assert backing_off.lines == (
        "ends the backoff: starts life 4 of shop/db now",
        "rest_for_one: with cache",
    )
    alone = asked("restart", alive=False, status="backing_off")
    assert alone.lines == ("ends the backoff: starts life 4 of shop/db now",)
    quarantined = asked("restart", alive=False, status="quarantined")
    assert quarantined.lines == (
        "starts life 4 of shop/db",
        "its own budget is cleared",
    )


def test_who_is_down_and_temporary_may_be_started() -> None:
    assert asked("restart", restart="temporary", **DOWN).allowed


def test_a_termination_says_whether_it_can_be_undone() -> None:
    assert asked("terminate").lines == (
        "stops shop/db (life 3)",
        "nobody waits for it now; who calls it then gets NoProcess",
        "it stays down until somebody restarts it",
        "no sibling is touched",
    )
    forgotten = asked("terminate", keeps=False).lines
    assert forgotten[2] == "it is forgotten: nothing brings it back"


def test_a_termination_of_many_processes_has_to_be_confirmed_by_name() -> None:
    one = asked("terminate")
    assert (one.affected, one.confirm) == (1, "")
    three = asked("terminate", below=2)
    assert (three.affected, three.confirm) == (3, "db")
    assert "with the 2 processes below it" in three.lines


@pytest.mark.parametrize("kind", ["supervisor", "dynamic"])
def test_a_supervisor_is_confirmed_by_name_even_if_nobody_is_below(kind: str) -> None:
    assert asked("terminate", kind=kind).confirm == "db"


def test_the_end_of_a_root_is_the_end_of_its_program() -> None:
    answer = asked("terminate", below=7, **ROOT)
    assert answer.lines == (
        "stops the whole tree shop, in order",
        "with the 7 processes below it",
        "a program that is this tree ends",
    )
    assert (answer.affected, answer.confirm) == (8, "shop")
    alone = asked("terminate", **ROOT)
    assert (alone.affected, alone.confirm) == (1, "shop")


def test_who_is_down_cannot_be_terminated_but_its_return_can() -> None:
    assert refused("terminate", **DOWN) == not_applicable(
        "it is down already (stopped)"
    )
    for status in ("backing_off", "restarting"):
        assert asked("terminate", alive=False, status=status).allowed
    assert refused("terminate", supervisor_up=False) == not_applicable(
        "shop takes no requests now"
    )


SERVERS_ONLY = ["suspend", "resume", "drain", "flood"]


@pytest.mark.parametrize("action", SERVERS_ONLY)
def test_what_concerns_a_mailbox_needs_a_server_that_runs(action: str) -> None:
    assert refused(action, kind="task") == not_applicable(
        "only a server has a mailbox, this is a task"
    )
    assert refused(action, **DOWN) == not_applicable("it is stopped")
    assert refused(action, status="stopping") == not_applicable("it is stopping")


def test_a_suspension_says_what_waits_and_what_has_to_end_first() -> None:
    assert asked("suspend").lines == (
        "handles no message until it is resumed; callers wait",
    )
    answer = asked("suspend", busy="save", calls=1, notes=2)
    assert answer.lines[1:] == (
        "first 'save', which is in hand, has to end",
        "3 messages wait already",
    )
    assert (answer.affected, answer.confirm) == (0, "")
    assert refused("suspend", suspended=True, status="suspended") == not_applicable(
        "it is suspended already"
    )


def test_only_who_is_suspended_can_be_resumed() -> None:
    assert refused("resume") == not_applicable("it is not suspended")
    answer = asked("resume", suspended=True, status="suspended", calls=1)
    assert answer.lines == ("handles messages again; 1 message waiting",)


def test_a_drain_says_what_is_lost() -> None:
    assert refused("drain") == not_applicable("its mailbox is empty")
    assert asked("drain", notes=1).lines == ("discards 1 cast or send",)
    answer = asked("drain", notes=2, calls=3, busy="save")
    assert answer.lines == (
        "discards 2 casts and sends",
        "fails 3 calls with NoProcess: not executed",
        "'save', which is in hand, goes on",
    )


def test_only_who_is_quarantined_is_released() -> None:
    assert refused("release") == not_applicable("it is not quarantined but running")
    away: dict[str, Any] = {"alive": False, "status": "quarantined"}
    assert refused("release", supervisor_up=False, **away) == not_applicable(
        "shop takes no requests now"
    )
    assert asked("release", **away).lines == (
        "starts life 4 of shop/db",
        "its own budget is cleared",
    )


@pytest.mark.parametrize(
    ("action", "line"),
    [
        ("crash", "ChaosCrash is raised where shop/db waits"),
        ("vanish", "shop/db is cancelled where it waits, and crashes"),
    ],
)
def test_a_fault_counts_as_a_crash_of_its_own(action: str, line: str) -> None:
    answer = asked(action, kind="task")
    assert answer.lines == (
        line,
        "counts as any crash of its own: limits and strategies apply",
    )
    assert (answer.affected, answer.confirm) == (1, "")
    assert refused(action, kind="supervisor") == not_applicable(
        "faults are for servers, tasks and processes, not for supervisors"
    )
    assert refused(action, **DOWN) == not_applicable("it is down (stopped)")


@pytest.mark.parametrize("argument", ["", "many", "-1", "1.5", "1000000", "²"])
def test_a_flood_needs_a_plain_number(argument: str) -> None:
    assert refused("flood", argument) == (
        "bad_argument",
        "flood needs how many messages",
    )


def test_a_flood_has_a_bound() -> None:
    for argument in ("0", str(MAX_FLOOD + 1)):
        assert refused("flood", argument) == (
            "bad_argument",
            "a flood has 1 to 10000 messages",
        )
    for argument in ("1", str(MAX_FLOOD)):
        assert asked("flood", argument).lines == (
            f"{argument} empty messages are sent to it",
        )


def no_level(name: str) -> str | None:
    return {"": "WARNING", "trio_sup": "INFO"}.get(name)


def test_a_collection_stops_the_node_for_a_moment() -> None:
    answer = node_consequence("collect", "", no_level)
    assert answer.allowed
    assert "stands still" in answer.lines[0]


def test_a_level_is_said_with_what_it_was() -> None:
    own = node_consequence("log_level", "debug", no_level)
    assert own.lines == ("logger 'trio_sup': INFO becomes DEBUG",)
    root = node_consequence("log_level", "root=ERROR", no_level)
    assert root.lines == ("the root logger: WARNING becomes ERROR",)


def test_a_level_or_a_logger_that_is_not_is_refused() -> None:
    bad = node_consequence("log_level", "loud", no_level)
    assert (bad.code, bad.why[:22]) == ("bad_argument", "[LOGGER=]LEVEL, one of")
    nobody = node_consequence("log_level", "shop=INFO", no_level)
    assert (nobody.code, nobody.why) == ("bad_argument", "there is no logger 'shop'")
    unknown = node_consequence("explode", "", no_level)
    assert unknown.code == "unknown_action"


@pytest.mark.parametrize(
    ("argument", "parsed"),
    [
        ("info", ("trio_sup", "INFO")),
        ("a.b=NotSet", ("a.b", "NOTSET")),
        ("root=DEBUG", ("", "DEBUG")),
        ("=DEBUG", ("", "DEBUG")),
        ("a=b=DEBUG", ("a=b", "DEBUG")),
        ("a=", None),
        ("", None),
    ],
)
def test_a_level_is_parsed_with_its_logger(
    argument: str, parsed: tuple[str, str] | None
) -> None:
    assert parse_level(argument) == parsed

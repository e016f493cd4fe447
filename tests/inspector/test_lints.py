"""Each rule: broken by what breaks it, silent otherwise, and found without a scan."""

from collections.abc import Callable

import pytest
from attrs import evolve

from tests.inspector.rows import make_row, server, supervisor
from tests.inspector.shop import shop_rows
from trio_sup.inspect.client.store import Store
from trio_sup.inspect.model.incidents import Incidents
from trio_sup.inspect.model.lint_rules import BY_ID, RULES
from trio_sup.inspect.model.lints import GROWING, Finding, Lints, explained
from trio_sup.inspect.model.problems import problem
from trio_sup.inspect.model.tree_model import TreeModel
from trio_sup.inspect.protocol.wire import Delta, Event, Heartbeat, Row


class Bench:
    """A tree, its lints, and a clock."""

    def __init__(self, *rows: Row) -> None:
        self.model = TreeModel()
        self.lints = Lints()
        self.now = 100.0
        self.model.reset(rows, self.now)
        self.lints.reset(self.model, self.now)

    def change(self, row: Row) -> None:
        self.model.upsert(row, self.now)
        self.lints.note(self.model, [row.id], self.now)

    def rules(self, **more: object) -> list[str]:
        return [f.rule for f in self.find(**more)]

    def find(self, **more: object) -> list[Finding]:
        return self.lints.find(self.model, self.now, **more)  # type: ignore[arg-type]


def only(*rows: Row) -> list[str]:
    return Bench(*rows).rules()


BROKEN: dict[str, Callable[[], Row]] = {
    "stuck": lambda: make_row(1, status="stuck"),
    "quarantined": lambda: make_row(1, status="quarantined"),
    "backing-off": lambda: make_row(1, status="backing_off"),
    "stopped": lambda: make_row(1, status="stopped", restart="permanent"),
    "mailbox-full": lambda: server(1, mailbox_len=64, mailbox_cap=64),
    "mailbox-near": lambda: server(1, mailbox_len=52, mailbox_cap=64),
    "budget-spent": lambda: supervisor(1, budget_used=3, budget_max=3),
    "budget-half": lambda: supervisor(1, budget_used=2, budget_max=3),
    "slow-message": lambda: server(1, op="get", op_since=94.0),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_row_breaks_exactly_its_rule(rule: str) -> None:
    assert only(BROKEN[rule]()) == [rule]


@pytest.mark.parametrize(
    "row",
    [
        make_row(1),
        make_row(1, status="stopped", restart="transient"),
        server(1, mailbox_len=40, mailbox_cap=64),
        server(1, mailbox_len=10**6, mailbox_cap=-1),
        supervisor(1, budget_used=1, budget_max=3),
        server(1, op="get", op_since=97.0),
        make_row(1, status="starting"),
        make_row(1, status="stopping"),
    ],
)
def test_what_is_well_breaks_none(row: Row) -> None:
    assert only(row) == []


@pytest.mark.parametrize(
    ("status", "rule"), [("starting", "slow-start"), ("stopping", "slow-stop")]
)
def test_a_change_that_lasts_is_found_when_it_is_due(status: str, rule: str) -> None:
    bench = Bench(make_row(1))
    bench.change(make_row(1, status=status))
    bench.now += 9.0
    assert bench.rules() == []
    bench.now += 2.0
    [finding] = bench.find()
    assert (finding.rule, finding.text) == (rule, f"has been {status} for 11 s")
    bench.change(make_row(1))
    assert bench.rules() == []


def test_a_long_message_is_found_when_it_is_due_and_the_next_one_waits_anew() -> None:
    bench = Bench(server(1, op="get", op_since=99.0))
    assert bench.rules() == []
    bench.change(server(1, op="put", op_since=103.0))
    bench.now = 105.0
    assert bench.rules() == []
    bench.now = 109.0
    [finding] = bench.find()
    assert finding.text == "has had one message (put) in progress for 6 s"
    bench.change(server(1))
    assert bench.rules() == []


def test_a_mailbox_that_grows_five_times_in_a_row_grows() -> None:
    bench = Bench(server(1, mailbox_len=1))
    for n in range(GROWING):
        assert bench.rules() == []
        bench.now += 0.25
        bench.change(server(1, mailbox_len=5 * (n + 2)))
    [finding] = bench.find()
    assert finding.rule == "mailbox-growing"
    assert finding.text == "grew from 1 to 30 messages"
    bench.now += 3.0
    assert bench.rules() == []


def test_a_mailbox_that_shrinks_in_between_does_not() -> None:
    bench = Bench(server(1, mailbox_len=1))
    for length in (5, 9, 13, 2, 6, 9):
        bench.now += 0.25
        bench.change(server(1, mailbox_len=length))
    assert bench.rules() == []


def test_a_crashed_temporary_child_is_mourned_for_a_minute() -> None:
    bench = Bench(supervisor(1), make_row(2, 1, restart="temporary"))
    row = make_row(2, 1, restart="temporary", last_exit="crashed: Boom()")
    bench.lints.forget([row], bench.now)
    bench.model.remove(2)
    assert bench.rules() == ["lost-temporary"]
    bench.now += 61.0
    assert bench.rules() == []


def test_a_temporary_child_that_ends_in_order_is_not() -> None:
    bench = Bench(supervisor(1))
    bench.lints.forget([make_row(2, 1, restart="temporary", last_exit="normal")], 100.0)
    assert bench.rules() == []


def crash(incidents: Incidents, at: float, path: str = "a/b") -> None:
    for kind, text in (("crashed", "crashed (life 1): Boom()"), ("started", "started")):
        incidents.add(Event(0, at, path, f"child_{kind}", f"{path} {text}"))


def test_three_equal_crashes_within_a_minute_are_a_loop() -> None:
    bench = Bench(supervisor(1, path="a"), make_row(2, 1, "b", path="a/b"))
    incidents = Incidents()
    for at in (30.0, 80.0, 90.0):
        crash(incidents, at)
    assert bench.rules(incidents=incidents) == []
    crash(incidents, 99.0)
    [finding] = bench.find(incidents=incidents)
    assert (finding.rule, finding.id) == ("crash-loop", 2)
    assert finding.text == "3 times in a minute: crashed: Boom()"


def test_a_supervisor_that_gave_up_is_named_with_its_child() -> None:
    incidents = Incidents()
    told = [("child_crashed", "a/b", "crashed (life 2): Boom()")]
    told += [("supervisor_gave_up", "a", "gave up over 'b': more than 1 restarts")]
    for kind, path, text in told:
        incidents.add(Event(0, 99.0, path, kind, f"{path} {text}"))
    [finding] = Bench(supervisor(1, path="a")).find(incidents=incidents)
    assert (finding.rule, finding.id, finding.text) == (
        "gave-up",
        1,
        "gave up over 'b'",
    )


def test_what_is_about_the_node_names_no_child() -> None:
    beat = Heartbeat(100.0, 0.24)
    found = Bench().find(beat=beat, missed=7, deadlocks=[(1, "a/b", "a/b -> a/c")])
    assert [(f.rule, f.id) for f in found] == [
        ("deadlock", 1),
        ("loop-lag", 0),
        ("missed-events", 0),
    ]
    assert "240 ms" in found[1].text


def test_a_crowd_is_found_at_its_supervisor() -> None:
    rows = [supervisor(1, path="pool")]
    rows += [make_row(n, 1) for n in range(2, 10_003)]
    [finding] = Bench(*rows).find()
    assert (finding.rule, finding.id, finding.text) == (
        "crowd",
        1,
        "has 10001 children",
    )


def test_the_most_urgent_comes_first() -> None:
    rules = only(*shop_rows())
    order = [rule.id for rule in RULES]
    assert rules == sorted(rules, key=order.index)
    assert rules[0] == "quarantined"


def test_a_row_that_goes_takes_its_findings_along() -> None:
    row = server(1, mailbox_len=64, mailbox_cap=64, op="get", op_since=1.0)
    bench = Bench(row)
    assert bench.rules() == ["mailbox-full", "slow-message"]
    bench.model.bury(evolve(row), bench.now)
    bench.lints.forget([row], bench.now)
    assert bench.rules() == []


def test_every_rule_says_why_and_what_to_do() -> None:
    assert len(BY_ID) == len(RULES)
    for rule in RULES:
        assert rule.why.endswith(".")
        assert rule.advice.endswith(".")
        assert rule.title(1) == f"1 {rule.one}"
        assert rule.title(3) == f"3 {rule.many}"


def looping(restarts: int) -> Store:
    store = Store()
    store.begin_snapshot()
    store.stage([make_row(2, 0, "b", path="a/b", restarts=0)])
    store.end_snapshot(99.0)
    row = make_row(2, 0, "b", path="a/b", restarts=restarts, status="backing_off")
    row.last_exit = "crashed: Boom()"
    store.apply(Delta(1, 1, 100.0, up=[row]))
    return store


def test_the_figure_of_a_crash_loop_is_what_rows_count_not_what_events_came() -> None:
    incidents = Incidents()
    for at in (97.0, 98.0, 99.0):
        crash(incidents, at)
    bench = Bench(looping(4000).rows[2])
    [finding] = bench.find(incidents=incidents)
    assert finding.rule == "crash-loop"
    assert finding.text.startswith("4,000 times in a minute: crashed: Boom()")


def test_of_many_crash_loops_the_worst_comes_first_and_equal_ones_hold_still() -> None:
    store = looping(4000)
    few = [make_row(n, 0, f"a{n}", path=f"a/a{n}") for n in range(3, 9)]
    store.apply(Delta(1, 1, 100.0, up=few))
    for rounds in range(1, 6):
        up = [evolve(row, restarts=rounds * (1 + row.id % 2)) for row in few]
        store.apply(Delta(1, 1, 100.0 + rounds, up=up))
    bench = Bench(*store.rows.values())
    bench.now = 105.0
    found = [f.path for f in bench.find() if f.rule == "crash-loop"]
    assert found[0] == "a/b"
    tens = [path for path in found[1:] if int(path[-1]) % 2]
    assert found == ["a/b", *tens, *(p for p in found[1:] if p not in tens)]
    assert tens == sorted(tens)


def test_a_crash_loop_does_not_come_and_go_as_a_wait_for_the_next_life() -> None:
    assert Bench(looping(9).rows[2]).rules() == ["crash-loop"]
    assert Bench(looping(1).rows[2]).rules() == ["backing-off"]


def test_who_does_not_restart_any_more_is_in_no_crash_loop() -> None:
    incidents = Incidents()
    for at in (97.0, 98.0, 99.0):
        crash(incidents, at)
    held = evolve(looping(4000).rows[2], status="quarantined")
    assert Bench(held).rules(incidents=incidents) == ["quarantined"]
    assert problem(held, 100.0) == "is in quarantine and stays down"


@pytest.mark.parametrize(
    ("event", "text", "why"),
    [
        ("by hand", "is kept down by hand ", "An operator said so: "),
        (
            "more than 1 restarts in 60 s",
            "used up its own budget: ",
            "It used up its own ",
        ),
    ],
)
def test_of_one_in_quarantine_it_is_said_who_put_it_there(
    event: str, text: str, why: str
) -> None:
    bench = Bench(make_row(1, path="shop/db", status="quarantined"))
    incidents = Incidents()
    [finding] = bench.find(incidents=incidents)
    assert explained(finding, incidents) == finding
    said = f"shop/db quarantined {event}"
    incidents.add(Event(1, 99.0, "shop/db", "child_quarantined", said))
    known = explained(finding, incidents)
    assert known.text.startswith(text)
    assert known.why.startswith(why)
    incidents.node_lost()
    assert explained(finding, incidents) == finding


def test_a_held_loop_is_told_for_a_minute_and_not_only_for_a_second() -> None:
    bench = Bench()
    assert bench.rules(beat=Heartbeat(100.0, 0.24)) == ["loop-lag"]
    for second in range(1, 60):
        bench.now = 100.0 + second
        [finding] = bench.find(beat=Heartbeat(bench.now, 0.0))
        assert finding.text.startswith("was held for 240 ms")
    [finding] = bench.find(beat=Heartbeat(bench.now, 0.9))
    assert "900 ms" in finding.text
    assert "2 times in a minute" in finding.text
    bench.now += 61.0
    assert bench.rules(beat=Heartbeat(bench.now, 0.0)) == []

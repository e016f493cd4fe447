"""The scenario format, the generators, the comparison and the shrinker."""

import json
from collections import Counter

import pytest
from hypothesis import given

from tests.proof.shrink import shrink
from tests.proof.supervisors import model
from tests.proof.supervisors.compare import expected, normalise
from tests.proof.supervisors.drawn.seeded import scenario_for
from tests.proof.supervisors.drawn.strategy import scenarios
from tests.proof.supervisors.rules.kinds import Deviation
from tests.proof.supervisors.scenario import (
    Advance,
    Ask,
    Exit,
    Scenario,
    StartChild,
    Tree,
    Worker,
)
from tests.proof.supervisors.scenario_json import (
    ScenarioError,
    read_scenario,
    write_scenario,
)
from tests.proof.supervisors.shrink import smaller
from tests.proof.trace import Trace, read_trace, side_by_side, write_trace

FAULTS: list[tuple[object, str, str]] = [
    ([], "scenario", "expected an object"),
    ({}, "scenario", "'tree' is missing"),
    ({"tree": {}, "x": 1}, "scenario", "unknown key 'x'"),
    ({"tree": {"strategy": "one"}}, "scenario.tree.strategy", "expected 'one_for_one'"),
    ({"tree": {"intensity": -1}}, "scenario.tree.intensity", "at least 0"),
    ({"tree": {"intensity": True}}, "scenario.tree.intensity", "a whole number"),
    ({"tree": {"period": 0}}, "scenario.tree.period", "at least 1"),
    ({"tree": {"max_children": 1}}, "scenario.tree.max_children", "only a dynamic"),
    (
        {"tree": {"strategy": "dynamic", "children": [{"id": "a"}]}},
        "scenario.tree.children",
        "starts empty",
    ),
    (
        {"tree": {"strategy": "dynamic", "auto_shutdown": "any_significant"}},
        "scenario.tree.auto_shutdown",
        "expected 'never'",
    ),
    ({"tree": {"children": [{}]}}, "scenario.tree.children[0]", "'id' is missing"),
    (
        {"tree": {"children": [{"id": "a/b"}]}},
        "scenario.tree.children[0].id",
        "without '/'",
    ),
    (
        {"tree": {"children": [{"id": "a", "restart": "always"}]}},
        "scenario.tree.children[0].restart",
        "'transient'",
    ),
    (
        {"tree": {"children": [{"id": "a", "shutdown": "kill"}]}},
        "scenario.tree.children[0].shutdown",
        "'brutal_kill'",
    ),
    (
        {
            "tree": {
                "children": [{"id": "a", "stop": "stubborn", "shutdown": "infinity"}]
            }
        },
        "scenario.tree.children[0].stop",
        "never ends",
    ),
    (
        {"tree": {"children": [{"id": "a", "stop": ["slow", 5000]}]}},
        "scenario.tree.children[0].stop",
        "too close",
    ),
    (
        {"tree": {"children": [{"id": "a", "tree": {}, "shutdown": 10}]}},
        "scenario.tree.children[0].shutdown",
        "at least 1000",
    ),
    ({"tree": {}, "script": [["jump"]]}, "scenario.script[0]", "expected an operation"),
    (
        {"tree": {}, "script": [["exit", "a", "killed"]]},
        "scenario.script[0][2]",
        "'normal'",
    ),
    (
        {"tree": {}, "script": [["which", "a//b"]]},
        "scenario.script[0][1]",
        "joined by '/'",
    ),
    (
        {"tree": {}, "init_plans": {"s/a": [["then", "normal"]]}},
        "scenario.init_plans['s/a'][0]",
        "only for children of the root",
    ),
    (
        {
            "tree": {"strategy": "dynamic"},
            "script": [["restart_child", "", "a"]],
        },
        "scenario.script[0]",
        "no such request",
    ),
    (
        {
            "tree": {"strategy": "dynamic"},
            "script": [["start_child", "", {"id": "a"}]] * 2,
        },
        "scenario.script[1]",
        "not used before",
    ),
]


@pytest.mark.parametrize(("data", "where", "problem"), FAULTS)
def test_a_fault_is_named_with_its_place(
    data: object, where: str, problem: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_scenario(data)
    assert caught.value.where == where
    assert problem in caught.value.problem


@given(scenarios())
def test_scenarios_survive_json(scenario: Scenario) -> None:
    for defaults in (False, True):
        written = json.dumps(write_scenario(scenario, defaults=defaults))
        assert read_scenario(json.loads(written)) == scenario


@given(scenarios())
def test_traces_survive_json(scenario: Scenario) -> None:
    trace = model.run(scenario)
    assert read_trace(json.loads(json.dumps(write_trace(trace)))) == trace


@given(scenarios())
def test_in_the_model_every_life_that_starts_stops_once(scenario: Scenario) -> None:
    balance: Counter[object] = Counter()
    for event in model.run(scenario).events:
        match event:
            case ("start", path, life):
                balance[path, life] += 1
            case ("stop" | "start_failed" | "start_ignored", path, life, *_):
                balance[path, life] -= 1
                assert balance[path, life] == 0
            case _:
                pass
    assert set(balance.values()) <= {0}


@given(scenarios())
def test_the_model_answers_the_same_again(scenario: Scenario) -> None:
    assert model.run(scenario) == model.run(scenario)


def test_a_seed_generates_one_scenario_and_seeds_differ() -> None:
    assert scenario_for(7) == scenario_for(7)
    assert (
        len({json.dumps(write_scenario(scenario_for(seed))) for seed in range(50)}) > 45
    )


def test_generated_scenarios_are_valid_and_reach_the_rules() -> None:
    reached: Counter[str] = Counter()
    for seed in range(500):
        scenario = scenario_for(seed)
        assert read_scenario(write_scenario(scenario)) == scenario
        trace = model.run(scenario)
        text = str(trace)
        reached["gave up"] += trace.final is None
        reached["failed start"] += "start_failed" in text
        reached["ignored"] += "start_ignored" in text
        reached["killed"] += "killed" in text
        reached["nested"] += "'supervisor'" in text
        reached["restarting"] += "'restarting'" in text
        reached["full"] += "'max_children'" in text
        reached["start refused"] += "failed_to_start_child" in text
    assert all(reached[what] >= 5 for what in reached), reached


def test_stops_of_dynamic_children_compare_in_any_order() -> None:
    script = (StartChild("", Worker("a")), StartChild("", Worker("b")))
    scenario = Scenario(Tree("dynamic"), script)
    trace = model.run(scenario)
    *before, stop_a, stop_b, root = trace.events
    other = Trace((*before, stop_b, stop_a, root), trace.final)
    assert other != trace
    assert normalise(scenario, other) == normalise(scenario, trace)


def test_stops_of_static_children_compare_in_order() -> None:
    scenario = Scenario(Tree(children=(Worker("a"), Worker("b"))))
    trace = model.run(scenario)
    *before, stop_b, stop_a, root = trace.events
    other = Trace((*before, stop_a, stop_b, root), trace.final)
    assert normalise(scenario, other) != normalise(scenario, trace)


def test_a_deviation_turns_the_trace_into_the_expected_one() -> None:
    def without_end(scenario: Scenario, trace: Trace) -> Trace:
        events = tuple(e for e in trace.events if e != ("end",))
        return Trace(events, trace.final)

    deviation = Deviation("no end", "SUP-000", "for the test", without_end)
    scenario = Scenario(Tree(children=(Worker("a"),)))
    trace = model.run(scenario)
    assert ("end",) not in expected(scenario, trace, [deviation]).events
    assert expected(scenario, trace) == trace


def test_a_report_marks_where_the_traces_part() -> None:
    left = Trace((("start", "", 1), ("root", "ok")), None)
    right = Trace((("start", "", 1), ("root", "no")), None)
    lines = side_by_side(left, right, ("OTP", "model")).splitlines()
    assert [line[0] for line in lines] == [" ", " ", "!", " "]


def test_a_failing_scenario_shrinks_to_what_makes_it_fail() -> None:
    def gives_up(scenario: Scenario) -> bool:
        return model.run(scenario).final is None and any(
            isinstance(op, Advance) for op in scenario.script
        )

    seed = next(seed for seed in range(1000) if gives_up(scenario_for(seed)))
    small = shrink(scenario_for(seed), smaller, gives_up)
    assert gives_up(small)
    assert len(small.script) <= 2
    assert small.tree.strategy in ("one_for_one", "dynamic")
    assert len(small.tree.children) <= 1


def test_a_request_may_be_left_alone_by_the_shrinker() -> None:
    scenario = Scenario(Tree(), (Ask("which", ""), Exit("a", "normal")))
    small = shrink(scenario, smaller, lambda s: Ask("which", "") in s.script)
    assert small.script == (Ask("which", ""),)

"""Simpler scenarios than one that fails."""

import json
from collections.abc import Iterator

from attrs import evolve

from tests.proof.servers.scenario import Scenario, Server, Steps
from tests.proof.trace import Value


def smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Simpler scenarios: empty operations, so that clients keep their names."""
    script = scenario.script
    if script:
        yield evolve(scenario, script=script[:-1])
    for index, op in enumerate(script):
        assert isinstance(op, tuple)
        if op != ("do", ()):
            yield _with(scenario, index, ("do", ()))
        match op:
            case ("do", tuple(steps)):
                for fewer in _shorter(steps):
                    yield _with(scenario, index, ("do", fewer))
            case _:
                pass
    for id, server in scenario.servers.items():
        for plainer in _plainer(server):
            yield evolve(scenario, servers={**scenario.servers, id: plainer})
        if json.dumps(id) not in json.dumps(script):
            others = {i: s for i, s in scenario.servers.items() if i != id}
            yield evolve(scenario, servers=others)


def _with(scenario: Scenario, index: int, op: Steps) -> Scenario:
    script = (*scenario.script[:index], op, *scenario.script[index + 1 :])
    return evolve(scenario, script=script)


def _shorter(steps: Steps) -> Iterator[Steps]:
    """One step less, or one step less in a message."""
    for index, step in enumerate(steps):
        yield steps[:index] + steps[index + 1 :]
        match step:
            case ("call" | "cast" | "send", to, label, tuple(inner), *rest):
                for fewer in _shorter(inner):
                    new = (_first(step), to, label, fewer, *rest)
                    yield (*steps[:index], new, *steps[index + 1 :])
            case _:
                pass


def _first(step: Value) -> Value:
    assert isinstance(step, tuple)
    return step[0]


def _plainer(server: Server) -> Iterator[Server]:
    for fewer in _shorter(server.init):
        yield evolve(server, init=fewer)
    for fewer in _shorter(server.terminate):
        yield evolve(server, terminate=fewer)
    if server.name is not None:
        yield evolve(server, name=None)
    if server.restart != "temporary":
        yield evolve(server, restart="temporary")
    if server.shutdown != "infinity":
        yield evolve(server, shutdown="infinity")

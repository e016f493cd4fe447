"""Fresh random scenarios against live Erlang, until the time is over."""

import json
import math
import time
from collections.abc import Callable, Iterator

from attrs import define, evolve, frozen

from tests.conformance.machine import OracleError
from trio_sup.testing.conformance._compare import side_by_side
from trio_sup.testing.scenario import Trace, Value

from . import trio_driver
from .deviations import expected, is_comparable
from .generate import generate
from .oracle import Oracle
from .scenario import Scenario, Server, Steps, text

BATCH = 250
TITLES = ("expected (OTP)", "trio-sup")


def agrees(
    scenario: Scenario,
    otp: Trace,
    run: Callable[[Scenario], Trace] = trio_driver.run,
) -> bool:
    """Whether trio-sup does what OTP did, or what it should do instead."""
    return not is_comparable(scenario, otp) or run(scenario) == expected(scenario, otp)


@frozen
class Difference:
    """A scenario where trio-sup does something else, as small as it gets."""

    seed: int
    scenario: Scenario
    otp: Trace
    ours: Trace

    def report(self) -> str:
        """The scenario, and both traces side by side."""
        return "\n".join(
            [
                f"seed {self.seed}, shrunk:",
                text(self.scenario),
                side_by_side(self.otp, self.ours, TITLES),
            ]
        )


@define
class Fuzz:
    """A run of fuzzing: where it begins, and how far it got."""

    seed: int
    run_ours: Callable[[Scenario], Trace] = trio_driver.run
    done: int = 0
    untold: int = 0
    """Those of them that the machine was too busy for."""

    def run(
        self, oracle: Oracle, seconds: float, count: float = math.inf
    ) -> Iterator[Difference | None]:
        """Yields after each batch: a difference, or None where all agreed.

        Ends after `seconds`, or after `count` scenarios, rounded up to a batch.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.done < count:
            seeds = range(self.seed + self.done, self.seed + self.done + BATCH)
            batch = [generate(seed) for seed in seeds]
            traces = oracle.try_run(batch)
            self.done += len(batch)
            self.untold += traces.count(None)
            failed = next(
                (
                    (seed, scenario)
                    for seed, scenario, otp in zip(seeds, batch, traces, strict=True)
                    if otp is not None and not self._agrees(seed, scenario, otp)
                ),
                None,
            )
            yield None if failed is None else self._difference(oracle, *failed)

    def _agrees(self, seed: int, scenario: Scenario, otp: Trace) -> bool:
        try:
            return agrees(scenario, otp, self.run_ours)
        except Exception as error:
            error.add_note(f"seed {seed}: {text(scenario)}")
            raise

    def _difference(self, oracle: Oracle, seed: int, scenario: Scenario) -> Difference:
        def differs(candidate: Scenario) -> bool:
            try:
                (otp,) = oracle.run([candidate])
                return not agrees(candidate, otp, self.run_ours)
            except (OracleError, ExceptionGroup, KeyError):
                return False

        small = shrink(scenario, differs)
        (otp,) = oracle.run([small])
        return Difference(seed, small, expected(small, otp), self.run_ours(small))


def shrink(scenario: Scenario, fails: Callable[[Scenario], bool]) -> Scenario:
    """A small scenario for which `fails` is still true."""
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(scenario):
            if fails(smaller):
                scenario = smaller
                progress = True
                break
    return scenario


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
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

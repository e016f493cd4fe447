"""Looks for scenarios that break a law, or whose answers depend on the schedule."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve, frozen

from tests.proof.machine import OracleError
from tests.proof.shrink import shrink, shrink_codes

from .askable import askable
from .differences import first_difference
from .draw import codes_for, scenario_for
from .otp import Oracle, View, observe
from .play import play
from .scenario import Outcome, Scenario, Tree, Worker


@frozen
class Finding:
    """A scenario, as small as it gets, and what it came to under two schedules."""

    seed: int
    scenario: Scenario
    one: Outcome
    codes: list[int]
    other: Outcome

    def report(self) -> str:
        """Everything that is needed to see it again."""
        lines = [f"\nseed {self.seed}: {self.scenario.tree}"]
        lines += [f"  {number}. {moment}" for number, moment in
                  enumerate(self.scenario.script, start=1)]  # fmt: skip
        lines.append(f"codes {self.codes}")
        for name in ("faults", "answers", "moments", "stories"):
            one, other = getattr(self.one, name), getattr(self.other, name)
            if name == "faults" and one == other == ():
                continue
            lines += [f" {name}:", f"   {one}"]
            if one != other:
                lines += [f" ! {other}"]
        return "\n".join(lines)


@frozen
class OtpFinding:
    """A scenario in which OTP does something else, as small as it gets."""

    seed: int
    scenario: Scenario
    codes: list[int]
    otp: list[View]
    ours: list[View]

    def report(self) -> str:
        """The scenario, and what could be seen after each moment."""
        lines = [f"\nseed {self.seed}, codes {self.codes}: {self.scenario.tree}"]
        for number, (otp, ours) in enumerate(zip(self.otp, self.ours, strict=False)):
            if number and number <= len(self.scenario.script):
                lines.append(f"  {number}. {self.scenario.script[number - 1]}")
            lines.append(f"{'  ' if otp == ours else '! '} OTP      {otp}")
            if otp != ours:
                lines.append(f"!  trio-sup {ours}")
        return "\n".join(lines)


def compare(oracle: Oracle, seeds: range) -> OtpFinding | None:
    """Ask OTP about the scenarios of some seeds; the first difference, made small."""
    scenarios = [askable(seed) for seed in seeds]
    views = oracle.run(scenarios)
    for seed, scenario, otp in zip(seeds, scenarios, views, strict=True):
        codes = codes_for(seed, seed % 3)
        if first_difference(scenario, otp, observe(scenario, codes)) is not None:
            return _smallest(oracle, seed, scenario, codes)
    return None


def _smallest(
    oracle: Oracle, seed: int, scenario: Scenario, codes: list[int]
) -> OtpFinding:
    def fails(candidate: Scenario) -> bool:
        try:
            (otp,) = oracle.run([candidate])
        except OracleError:
            return False
        ours = observe(candidate, codes)
        return first_difference(candidate, otp, ours) is not None

    small = shrink(scenario, _smaller, fails)
    return OtpFinding(seed, small, codes, oracle.run([small])[0], observe(small, codes))


def examine(seed: int, schedules: int) -> Finding | None:
    """Play the scenario of a seed under some schedules; what is wrong, made small."""
    scenario = scenario_for(seed)
    pair = contrast(scenario, seed, schedules)
    if pair is None:
        return None

    def fails(candidate: Scenario) -> bool:
        return contrast(candidate, seed, schedules) is not None

    scenario = shrink(scenario, _smaller, fails)
    pair = contrast(scenario, seed, schedules)
    assert pair is not None
    codes = shorter(scenario, pair[1])
    return Finding(seed, scenario, pair[0], codes, play(scenario, codes))


def contrast(
    scenario: Scenario, seed: int, schedules: int
) -> tuple[Outcome, list[int]] | None:
    """The first outcome, and the codes of one that differs; or that has a fault."""
    first = play(scenario)
    if first.faults:
        return first, []
    for number in range(1, schedules):
        codes = codes_for(seed, number)
        other = play(scenario, codes)
        if other.faults or not alike(first, other):
            return first, codes
    return None


def alike(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes of one scenario say the same.

    How far a life came that was stopped in the moment in which it began is left to
    the schedule: restarts of single children run beside requests.
    """
    pairs = ((o.answers, o.moments, _without_ready(o)) for o in (one, other))
    return len(set(pairs)) == 1


def _without_ready(outcome: Outcome) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(
        (path, tuple(line for line in lines if not line.endswith("is ready")))
        for path, lines in outcome.stories
    )


def shorter(scenario: Scenario, codes: list[int]) -> list[int]:
    """The codes with zeros wherever they do not matter."""
    first = play(scenario)

    def differs(fewer: list[int]) -> bool:
        other = play(scenario, fewer)
        return bool(other.faults) or not alike(first, other)

    return shrink_codes(codes, differs)


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    script = scenario.script
    for index, moment in enumerate(script):
        yield evolve(scenario, script=script[:index] + script[index + 1 :])
        for place in range(len(moment)) if len(moment) > 1 else ():
            fewer = moment[:place] + moment[place + 1 :]
            yield evolve(
                scenario, script=(*script[:index], fewer, *script[index + 1 :])
            )
    for tree in _smaller_trees(scenario.tree):
        yield evolve(scenario, tree=tree)


def _smaller_trees(tree: Tree) -> Iterator[Tree]:
    children = tree.children
    for index, child in enumerate(children):
        yield evolve(tree, children=children[:index] + children[index + 1 :])
        if isinstance(child, Tree):
            for inner in _smaller_trees(child):
                new = (*children[:index], inner, *children[index + 1 :])
                yield evolve(tree, children=new)
        else:
            plain = Worker(child.id, child.restart, child.significant)
            if child != plain:
                new = (*children[:index], plain, *children[index + 1 :])
                yield evolve(tree, children=new)
    if tree.strategy not in ("one_for_one", "dynamic"):
        yield evolve(tree, strategy="one_for_one")
    if tree.shutdown != "infinity":
        yield evolve(tree, shutdown="infinity")

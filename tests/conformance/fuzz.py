"""Fresh random scenarios against live Erlang, until the time is over."""

import json
import math
import random
import time
from collections.abc import Iterator

from attrs import define, frozen

from trio_sup.testing.conformance import scenario_for
from trio_sup.testing.conformance._compare import first_cut, side_by_side
from trio_sup.testing.conformance._subject import Subject
from trio_sup.testing.scenario import Scenario, Trace
from trio_sup.testing.scenario_json import write_scenario

from .oracle import Oracle, OracleError
from .shrink import shrink

BATCH = 250


@frozen
class Difference:
    """A scenario where the subject does something else, as small as it gets."""

    seed: int
    scenario: Scenario
    codes: list[int]
    otp: Trace
    subject: Trace

    def report(self, subject: Subject) -> str:
        """The scenario, and both traces side by side."""
        titles = ("expected (OTP)", subject.name)
        return "\n".join(
            [
                f"seed {self.seed}, shrunk, schedule {self.codes}:",
                json.dumps(write_scenario(self.scenario)),
                side_by_side(self.otp, self.subject, titles),
            ]
        )


@define
class Fuzz:
    """A run of fuzzing: where it begins, and how far it got."""

    subject: Subject
    seed: int
    done: int = 0
    in_part: int = 0
    """How many of those done were compared up to a cut only."""

    def run(
        self, oracle: Oracle, seconds: float, count: float = math.inf
    ) -> Iterator[Difference | None]:
        """Yields after each batch: a difference, or None where all agreed.

        Ends after `seconds`, or after `count` scenarios, rounded up to a batch.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.done < count:
            seeds = range(self.seed + self.done, self.seed + self.done + BATCH)
            batch = [scenario_for(seed) for seed in seeds]
            traces = oracle.run(batch)
            self.done += len(batch)
            cuts = self.subject.cuts
            pairs = zip(batch, traces, strict=True)
            self.in_part += sum(first_cut(*pair, cuts) is not None for pair in pairs)
            failed = next(
                (
                    (seed, scenario)
                    for seed, scenario, otp in zip(seeds, batch, traces, strict=True)
                    if not self._under(codes_for(seed)).agrees(scenario, otp)
                ),
                None,
            )
            yield None if failed is None else self._difference(oracle, *failed)

    def _under(self, codes: list[int]) -> Subject:
        return self.subject.scheduled(codes)

    def _difference(self, oracle: Oracle, seed: int, scenario: Scenario) -> Difference:
        codes = codes_for(seed)

        def differs(candidate: Scenario) -> bool:
            try:
                (otp,) = oracle.run([candidate])
            except OracleError:
                return False
            return not self._under(codes).agrees(candidate, otp)

        small = shrink(scenario, differs)
        (otp,) = oracle.run([small])
        for index in range(len(codes)):
            fewer = [*codes[:index], 0, *codes[index + 1 :]]
            if not self._under(fewer).agrees(small, otp):
                codes = fewer
        while codes and not codes[-1]:
            codes.pop()
        subject = self._under(codes)
        return Difference(
            seed, small, codes, subject.expect(small, otp), subject.observe(small, otp)
        )


def codes_for(seed: int) -> list[int]:
    """A schedule that belongs to `seed`; every other one is first come, first served."""
    draw = random.Random(seed)
    return [draw.randrange(24) for _ in range(16)] if seed % 2 else []

"""Fresh random scenarios against live Erlang, until the time is over."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Iterator
from typing import Generic, TypeVar

from attrs import define, frozen

from tests.proof.machine import OracleError
from tests.proof.oracle import Oracle
from tests.proof.shrink import shrink, shrink_codes
from tests.proof.suite import Subject, Suite, agrees
from tests.proof.trace import Trace, side_by_side

BATCH = 250
S = TypeVar("S")


@frozen
class Difference(Generic[S]):
    """A scenario where the subject does something else, as small as it gets."""

    suite: Suite[S]
    subject: Subject[S]
    seed: int
    scenario: S
    otp: Trace

    def report(self) -> str:
        """The scenario, and both traces side by side."""
        titles = ("expected (OTP)", self.subject.name)
        return "\n".join(
            [
                f"seed {self.seed}, shrunk, schedule {list(self.subject.codes)}:",
                json.dumps(self.suite.write(self.scenario)),
                side_by_side(
                    self.subject.expect(self.scenario, self.otp),
                    self.subject.observe(self.scenario, self.otp),
                    titles,
                ),
            ]
        )


@define
class Fuzz(Generic[S]):
    """A run of fuzzing: where it begins, and how far it got."""

    suite: Suite[S]
    subject: Subject[S]
    seed: int
    done: int = 0
    in_part: int = 0
    """How many of those done could not be compared to their end."""
    untold: int = 0
    """Those of them that the machine was too busy for: not compared at all."""

    def run(
        self, oracle: Oracle[S], seconds: float, count: float = math.inf
    ) -> Iterator[Difference[S] | None]:
        """Yields after each batch: a difference, or None where all agreed.

        Ends after `seconds`, or after `count` scenarios, rounded up to a batch.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.done < count:
            yield self._batch(oracle)

    def _batch(self, oracle: Oracle[S]) -> Difference[S] | None:
        seeds = range(self.seed + self.done, self.seed + self.done + BATCH)
        batch = [self.suite.draw(seed) for seed in seeds]
        traces = oracle.try_run(batch)
        self.done += len(batch)
        self.untold += traces.count(None)
        failed: tuple[int, S] | None = None
        for seed, scenario, otp in zip(seeds, batch, traces, strict=True):
            if otp is not None:
                self.in_part += not self.subject.compares_all(scenario, otp)
                if failed is None and not self._agrees(seed, scenario, otp):
                    failed = seed, scenario
        return None if failed is None else self._difference(oracle, *failed)

    def _agrees(self, seed: int, scenario: S, otp: Trace) -> bool:
        try:
            return agrees(self.subject.scheduled(codes_for(seed)), scenario, otp)
        except Exception as error:
            asked = json.dumps(self.suite.write(scenario))
            error.add_note(f"seed {seed}: {asked}")
            raise

    def _difference(self, oracle: Oracle[S], seed: int, scenario: S) -> Difference[S]:
        subject = self.subject.scheduled(codes_for(seed))

        def differs(candidate: S) -> bool:
            try:
                (otp,) = oracle.run([candidate])
                return not agrees(subject, candidate, otp)
            except (OracleError, ExceptionGroup, KeyError):
                return False  # nothing that can be played any more

        small = shrink(scenario, self.suite.smaller, differs)
        (otp,) = oracle.run([small])
        codes = shrink_codes(
            subject.codes,
            lambda fewer: not agrees(self.subject.scheduled(fewer), small, otp),
        )
        return Difference(self.suite, self.subject.scheduled(codes), seed, small, otp)


def codes_for(seed: int) -> list[int]:
    """A schedule that belongs to `seed`; every other one is first come, first served."""
    draw = random.Random(seed)
    return [draw.randrange(24) for _ in range(16)] if seed % 2 else []

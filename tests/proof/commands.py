"""The commands of a comparison with OTP: record, check, ask, and fuzz."""

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Iterator, Mapping
from typing import TypeVar

from tests.proof import golden
from tests.proof.fuzz import Difference, Fuzz
from tests.proof.machine import OracleError
from tests.proof.suite import Subject, Suite
from tests.proof.trace import side_by_side

S = TypeVar("S")


def main(suite: Suite[S], subjects: Mapping[str, Subject[S]]) -> int:
    """Runs one command; 0 is agreement, 1 a difference, 2 that it could not run.

    Args:
        suite: What is asked.
        subjects: What may be compared with OTP; the first is, if nobody says which.
    """
    arguments = _parser(suite, list(subjects)).parse_args()
    subject = subjects[arguments.against]
    try:
        match arguments.command:
            case "record":
                return _record(suite)
            case "check":
                return _check(suite)
            case "ask":
                return _ask(suite, subject)
            case _:
                seed: int | None = arguments.seed
                first = random.SystemRandom().randrange(10**9) if seed is None else seed
                return _fuzz(Fuzz(suite, subject, first), *_extent(arguments))
    except (OracleError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2


def _parser(suite: Suite[S], subjects: list[str]) -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog=f"python -m tests.proof.{suite.name}")
    commands = whole.add_subparsers(dest="command", required=True)
    record = commands.add_parser(
        "record", help="ask OTP again and write the golden traces"
    )
    check = commands.add_parser(
        "check", help="ask OTP again and compare with the golden traces"
    )
    ask = commands.add_parser("ask", help="read a scenario as JSON, show what OTP does")
    fuzz = commands.add_parser("fuzz", help="compare fresh random scenarios")
    fuzz.add_argument(
        "--for", type=float, default=60, dest="seconds", metavar="SECONDS"
    )
    fuzz.add_argument(
        "--count", type=int, help="this many scenarios, however long it takes"
    )
    fuzz.add_argument("--seed", type=int, help="the first seed (default: random)")
    for command in (ask, fuzz):
        command.add_argument("--against", choices=subjects, default=subjects[0])
    for command in (record, check):
        command.set_defaults(against=subjects[0])
    return whole


def _extent(arguments: argparse.Namespace) -> tuple[float, float]:
    """How long to fuzz, in seconds, and how many scenarios: one of them endless."""
    if arguments.count is None:
        return arguments.seconds, math.inf
    return math.inf, arguments.count


def _record(suite: Suite[S]) -> int:
    versions, count = golden.record(suite)
    size = suite.golden.stat().st_size
    print(f"{count} scenarios recorded from {versions}: {size:,} bytes")
    return 0


def _check(suite: Suite[S]) -> int:
    answers = golden.answers(suite)
    with suite.oracle() as oracle:
        traces = oracle.run([answer.scenario for answer in answers])
    titles = (f"recorded from {golden.versions(suite)}", f"{oracle.versions}")
    differing = 0
    for answer, trace in zip(answers, traces, strict=True):
        before, again = (
            suite.in_newest_words(
                answer.scenario, suite.in_one_form(answer.scenario, told)
            )
            for told in (answer.trace, trace)
        )
        if again != before:
            differing += 1
            asked = json.dumps(suite.write(answer.scenario))
            print(f"{answer.name or 'generated'} {asked}")
            print(side_by_side(before, again, titles))
    print(f"{differing} of {len(answers)} answers differ from the recorded ones")
    return 1 if differing else 0


def _ask(suite: Suite[S], subject: Subject[S]) -> int:
    scenario = suite.read(json.load(sys.stdin))
    with suite.oracle() as oracle:
        (otp,) = oracle.run([scenario])
    titles = ("expected (OTP)", subject.name)
    expected, observed = (
        answer(scenario, otp) for answer in (subject.expect, subject.observe)
    )
    print(side_by_side(expected, observed, titles))
    return 0


def _fuzz(fuzz: Fuzz[S], seconds: float, count: float) -> int:
    with fuzz.suite.oracle() as oracle:
        print(f"{fuzz.subject.name} against {oracle.versions}, from seed {fuzz.seed}")
        code = _watch(fuzz, fuzz.run(oracle, seconds, count))
    if code == 0:
        print(f"{fuzz.in_part} of them could not be compared to their end")
    if fuzz.untold:
        print(f"{fuzz.untold} of them not compared: the machine was too busy")
    return code


def _watch(fuzz: Fuzz[S], differences: Iterator[Difference[S] | None]) -> int:
    """Shows how far a run is, until its first difference; 0 is agreement."""
    began = time.monotonic()
    for difference in differences:
        if difference is not None:
            print(f"\n{difference.report()}\n1 difference in {fuzz.done} scenarios")
            return 1
        sys.stdout.write(f"\r{fuzz.done} scenarios, {time.monotonic() - began:.0f} s")
        sys.stdout.flush()
    print(f"\n0 differences in {fuzz.done} scenarios")
    return 0

"""``python -m tests.conformance``: record, check, ask, and fuzz against live OTP."""

import argparse
import json
import random
import sys
import time

from trio_sup.testing import model
from trio_sup.testing.scenario_json import ScenarioError, read_scenario

from . import golden
from .compare import normalise, side_by_side
from .fuzz import MODEL, TRIO_SUP, Fuzz, Subject
from .oracle import Oracle, OracleError


def main() -> int:
    """Runs one command; 0 is agreement, 1 a difference, 2 that it could not run."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record", help="ask OTP again and write the golden traces")
    commands.add_parser(
        "check", help="ask OTP again and compare with the golden traces"
    )
    commands.add_parser("ask", help="read a scenario as JSON, show what OTP does")
    fuzz = commands.add_parser("fuzz", help="compare fresh random scenarios")
    fuzz.add_argument(
        "--for", type=float, default=60, dest="seconds", metavar="SECONDS"
    )
    fuzz.add_argument("--seed", type=int, help="the first seed (default: random)")
    fuzz.add_argument("--against", choices=sorted(_subjects()), default="model")
    arguments = parser.parse_args()
    try:
        match arguments.command:
            case "record":
                return _record()
            case "check":
                return _check()
            case "ask":
                return _ask()
            case _:
                subject = _subjects()[arguments.against]
                seed = arguments.seed
                if seed is None:
                    seed = random.SystemRandom().randrange(10**9)
                return _fuzz(subject, seed, arguments.seconds)
    except (OracleError, ScenarioError, json.JSONDecodeError) as error:
        print(error, file=sys.stderr)
        return 2


def _subjects() -> dict[str, Subject]:
    return {subject.name: subject for subject in (MODEL, TRIO_SUP)}


def _record() -> int:
    versions, count = golden.record()
    size = golden.FILE.stat().st_size
    print(f"{count} scenarios recorded from {versions}: {size:,} bytes")
    return 0


def _check() -> int:
    recorded, answers = golden.load()
    with Oracle() as oracle:
        traces = oracle.run([answer.scenario for answer in answers])
    differing = 0
    for answer, trace in zip(answers, traces, strict=True):
        again = normalise(answer.scenario, trace)
        if again != answer.trace:
            differing += 1
            titles = (f"recorded from {recorded}", f"{oracle.versions}")
            print(answer.name or "generated", answer.scenario)
            print(side_by_side(answer.trace, again, titles))
    print(f"{differing} of {len(answers)} answers differ from the recorded ones")
    return 1 if differing else 0


def _ask() -> int:
    scenario = read_scenario(json.load(sys.stdin))
    with Oracle() as oracle:
        (trace,) = oracle.run([scenario])
    print(side_by_side(trace, model.run(scenario), ("OTP", "model")))
    return 0


def _fuzz(subject: Subject, seed: int, seconds: float) -> int:
    fuzz = Fuzz(subject, seed)
    began = time.monotonic()
    with Oracle() as oracle:
        print(f"{subject.name} against {oracle.versions}, from seed {seed}")
        for difference in fuzz.run(oracle, seconds):
            if difference is not None:
                print(difference.report(subject))
                print(f"1 difference in {fuzz.done} scenarios")
                return 1
            elapsed = time.monotonic() - began
            sys.stdout.write(f"\r{fuzz.done} scenarios, {elapsed:.0f} s")
            sys.stdout.flush()
    print(f"\n0 differences in {fuzz.done} scenarios")
    return 0


if __name__ == "__main__":
    sys.exit(main())

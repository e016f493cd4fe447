"""``python -m tests.conformance_servers``: record, check and fuzz against live OTP."""

import argparse
import json
import random
import sys
import time

from tests.conformance.compare import side_by_side
from tests.conformance.machine import OracleError

from . import golden, trio_driver
from .deviations import expected
from .fuzz import TITLES, Fuzz
from .oracle import Oracle
from .scenario import read, text


def main() -> int:
    """Runs one command; 0 is agreement, 1 a difference, 2 that it could not run."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance_servers")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record", help="ask OTP again and write the golden traces")
    commands.add_parser(
        "check", help="ask OTP again and compare with the golden traces"
    )
    commands.add_parser("ask", help="read a scenario as JSON, show what both do")
    fuzz = commands.add_parser("fuzz", help="compare fresh random scenarios")
    fuzz.add_argument(
        "--for", type=float, default=60, dest="seconds", metavar="SECONDS"
    )
    fuzz.add_argument("--seed", type=int, help="the first seed (default: random)")
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
                seed = arguments.seed
                if seed is None:
                    seed = random.SystemRandom().randrange(10**9)
                return _fuzz(seed, arguments.seconds)
    except (OracleError, KeyError, json.JSONDecodeError) as error:
        print(error, file=sys.stderr)
        return 2


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
    for answer, again in zip(answers, traces, strict=True):
        if again != answer.trace:
            differing += 1
            titles = (f"recorded from {recorded}", f"{oracle.versions}")
            print(answer.name or "generated", text(answer.scenario))
            print(side_by_side(answer.trace, again, titles))
    print(f"{differing} of {len(answers)} answers differ from the recorded ones")
    return 1 if differing else 0


def _ask() -> int:
    scenario = read(json.load(sys.stdin))
    with Oracle() as oracle:
        (otp,) = oracle.run([scenario])
    print(side_by_side(expected(scenario, otp), trio_driver.run(scenario), TITLES))
    return 0


def _fuzz(seed: int, seconds: float) -> int:
    fuzz = Fuzz(seed)
    began = time.monotonic()
    with Oracle() as oracle:
        print(f"trio-sup against {oracle.versions}, from seed {seed}")
        for difference in fuzz.run(oracle, seconds):
            if difference is not None:
                print(difference.report())
                print(f"1 difference in {fuzz.done} scenarios")
                return 1
            elapsed = time.monotonic() - began
            sys.stdout.write(f"\r{fuzz.done} scenarios, {elapsed:.0f} s")
            sys.stdout.flush()
    print(f"\n0 differences in {fuzz.done} scenarios")
    return 0


if __name__ == "__main__":
    sys.exit(main())

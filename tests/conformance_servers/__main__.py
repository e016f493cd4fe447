"""``python -m tests.conformance_servers``: record, check and fuzz against live OTP."""

import json
import sys

from tests.conformance import commands
from tests.conformance.machine import OracleError
from trio_sup.testing.conformance._compare import side_by_side

from . import golden, trio_driver
from .deviations import expected
from .fuzz import TITLES, Fuzz
from .oracle import Oracle
from .releases import in_newest_words
from .scenario import read, text


def main() -> int:
    """Runs one command; 0 is agreement, 1 a difference, 2 that it could not run."""
    parser, _ = commands.parser("python -m tests.conformance_servers")
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
                seed = commands.first_seed(arguments.seed)
                return _fuzz(seed, *commands.extent(arguments))
    except (OracleError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2


def _record() -> int:
    versions, count = golden.record()
    return commands.tell_recorded(golden.FILE, versions, count)


def _check() -> int:
    recorded, answers = golden.load()
    with Oracle() as oracle:
        traces = oracle.run([answer.scenario for answer in answers])
    compared = [
        (
            f"{answer.name or 'generated'} {text(answer.scenario)}",
            in_newest_words(answer.scenario, answer.trace),
            in_newest_words(answer.scenario, again),
        )
        for answer, again in zip(answers, traces, strict=True)
    ]
    return commands.tell_changes(recorded, oracle.versions, compared)


def _ask() -> int:
    scenario = read(json.load(sys.stdin))
    with Oracle() as oracle:
        (otp,) = oracle.run([scenario])
    print(side_by_side(expected(scenario, otp), trio_driver.run(scenario), TITLES))
    return 0


def _fuzz(seed: int, seconds: float, count: float) -> int:
    fuzz = Fuzz(seed)
    with Oracle() as oracle:
        print(f"trio-sup against {oracle.versions}, from seed {seed}")
        found = fuzz.run(oracle, seconds, count)
        reports = (None if d is None else d.report() for d in found)
        result = commands.watch(reports, lambda: fuzz.done)
    if fuzz.untold:
        print(f"{fuzz.untold} of them not compared: the machine was too busy")
    return result


if __name__ == "__main__":
    sys.exit(main())

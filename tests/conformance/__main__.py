"""``python -m tests.conformance``: record, check, ask, and fuzz against live OTP."""

import json
import sys

from trio_sup.testing import model
from trio_sup.testing.conformance._compare import normalise, side_by_side
from trio_sup.testing.conformance._subject import MODEL, TRIO_SUP, Subject
from trio_sup.testing.scenario_json import ScenarioError, read_scenario

from . import commands, golden
from .fuzz import Fuzz
from .oracle import Oracle, OracleError


def main() -> int:
    """Runs one command; 0 is agreement, 1 a difference, 2 that it could not run."""
    parser, fuzz = commands.parser("python -m tests.conformance")
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
                seed = commands.first_seed(arguments.seed)
                return _fuzz(subject, seed, *commands.extent(arguments))
    except (OracleError, ScenarioError, json.JSONDecodeError) as error:
        print(error, file=sys.stderr)
        return 2


def _subjects() -> dict[str, Subject]:
    return {subject.name: subject for subject in (MODEL, TRIO_SUP)}


def _record() -> int:
    versions, count = golden.record()
    return commands.tell_recorded(golden.FILE, versions, count)


def _check() -> int:
    recorded, answers = golden.load()
    with Oracle() as oracle:
        traces = oracle.run([answer.scenario for answer in answers])
    compared = [
        (
            f"{answer.name or 'generated'} {answer.scenario}",
            answer.trace,
            normalise(answer.scenario, trace),
        )
        for answer, trace in zip(answers, traces, strict=True)
    ]
    return commands.tell_changes(recorded, oracle.versions, compared)


def _ask() -> int:
    scenario = read_scenario(json.load(sys.stdin))
    with Oracle() as oracle:
        (trace,) = oracle.run([scenario])
    print(side_by_side(trace, model.run(scenario), ("OTP", "model")))
    return 0


def _fuzz(subject: Subject, seed: int, seconds: float, count: float) -> int:
    fuzz = Fuzz(subject, seed)
    with Oracle() as oracle:
        print(f"{subject.name} against {oracle.versions}, from seed {seed}")
        found = fuzz.run(oracle, seconds, count)
        reports = (None if d is None else d.report(subject) for d in found)
        code = commands.watch(reports, lambda: fuzz.done)
    if code == 0:
        print(f"{fuzz.in_part} of them compared in part only")
    return code


if __name__ == "__main__":
    sys.exit(main())

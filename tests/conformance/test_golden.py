"""The committed traces of real OTP: what they show, and that the model agrees."""

import lzma

import pytest

from trio_sup.testing import model
from trio_sup.testing.conformance import scenario_for
from trio_sup.testing.conformance._compare import normalise, side_by_side

from . import golden
from .named import NAMED, Named

ANSWERS = {a.name: a for a in golden.load()[1] if a.name is not None}


@pytest.mark.parametrize("named", NAMED, ids=lambda named: named.name)
def test_otp_shows_the_fact(named: Named) -> None:
    assert named.missing(ANSWERS[named.name].trace) == []


def test_recorded_are_the_scenarios_that_are_written_down() -> None:
    recorded = {name: answer.scenario for name, answer in ANSWERS.items()}
    assert recorded == {named.name: named.scenario for named in NAMED}
    assert len(recorded) == len(NAMED)


def test_recorded_are_the_scenarios_that_the_seeds_generate() -> None:
    generated = [a.scenario for a in golden.load()[1] if a.name is None]
    assert generated == [scenario_for(seed) for seed in range(golden.GENERATED)]


@pytest.mark.parametrize("named", NAMED, ids=lambda named: named.name)
def test_model_agrees_with_otp_on(named: Named) -> None:
    answer = ANSWERS[named.name]
    trace = normalise(answer.scenario, model.run(answer.scenario))
    assert trace == answer.trace, side_by_side(answer.trace, trace, ("OTP", "model"))


def test_model_agrees_with_otp() -> None:
    _, answers = golden.load()
    for answer in answers:
        trace = normalise(answer.scenario, model.run(answer.scenario))
        assert trace == answer.trace, side_by_side(
            answer.trace, trace, ("OTP", "model")
        )


def test_the_file_has_a_scenario_for_every_line_and_stays_small() -> None:
    content = golden.FILE.read_bytes()
    lines = lzma.decompress(content).decode().splitlines()
    assert len(lines) == 1 + len(NAMED) + golden.GENERATED
    assert len(content) < 400_000

"""One list of words for faults, and the three who bring them about."""

from trio_sup import testing
from trio_sup._core.fault_words import FAULT_WORDS
from trio_sup._inspected.faults import _DOING
from trio_sup.inspect.model.chaos import ACTIONS as SCRIPT, DEFAULT_KINDS, KINDS
from trio_sup.inspect.protocol.wire_actions import ACTIONS, FAULT_ACTIONS
from trio_sup.testing import faults


def test_each_word_stands_once_and_somebody_brings_it_about() -> None:
    words = [each.word for each in FAULT_WORDS]
    assert len(words) == len(set(words))
    assert all(each.harness or each.chaos for each in FAULT_WORDS)


def test_every_fault_of_the_harness_has_a_word_and_no_fault_is_left_out() -> None:
    harness = {each.word for each in FAULT_WORDS if each.harness}
    assert set(faults._BY_WORD) == harness
    made = {
        cls
        for name in faults.__dict__
        if isinstance(cls := getattr(faults, name), type)
        and issubclass(cls, faults.Fault)
        and cls not in (faults.Fault, faults.AtCheckpoint)
    }
    # What is asked is drawn where the user says which operations there are.
    assert {*testing.EVERYTHING, faults.Ask} == made
    assert set(testing.STANDARD) < made
    for word, cls in faults._BY_WORD.items():
        assert cls.__name__.lower() == word.replace("_", "")


def test_a_node_does_every_fault_that_is_its_own() -> None:
    assert set(_DOING) == set(FAULT_ACTIONS)


def test_whatever_chaos_draws_or_reads_is_an_action_of_a_node() -> None:
    assert set(SCRIPT) <= set(ACTIONS)
    assert set(KINDS) - {"hang"} <= set(SCRIPT)
    assert set(FAULT_ACTIONS) <= set(KINDS)
    assert DEFAULT_KINDS == ("crash", "vanish", "restart", "hang", "flood")

"""`reconfigure` beside `supervisor:code_change` of the OTP that is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from tests.proof.code_change.changes import (
    Change,
    CodeChange,
    Kid,
    Spec,
    any_changes,
    as_here,
    changes_in_place,
    ours,
)
from tests.proof.machine import is_available

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_available(), reason="Erlang is not installed"),
]


@pytest.fixture(scope="module")
def otp() -> Iterator[CodeChange]:
    with CodeChange() as machine:
        yield machine


def test_what_is_in_force_is_what_otp_has_in_force_sup_150(otp: CodeChange) -> None:
    @settings(max_examples=60, deadline=None)
    @given(any_changes)
    def check(change: Change) -> None:
        theirs, own = otp.ask(change), ours(change)
        assert (theirs.changed, own.changed) == ("ok", "ok")
        groups = {change.before.strategy, change.then.strategy} != {"one_for_one"}
        found = {(kid, kept) for kid, kept, down in own.children if not down}
        expected = as_here(change, theirs)
        assert {kid for kid, _ in found} == {kid for kid, _ in expected}
        if not groups:  # else siblings of who is restarted are, too
            assert found == expected

    check()


def test_ends_that_follow_are_decided_as_otp_decides_them_sup_141(
    otp: CodeChange,
) -> None:
    @settings(max_examples=60, deadline=None)
    @given(changes_in_place)
    def check(change: Change) -> None:
        theirs, own = otp.ask(change), ours(change)
        assert (theirs.changed, own.changed) == ("ok", "ok")
        assert own.steps == theirs.steps

    check()


def test_what_is_invalid_is_refused_by_both_and_changes_nothing(
    otp: CodeChange,
) -> None:
    before = Spec(children=(Kid("a"), Kid("b")))
    twice = Spec(children=(Kid("a"), Kid("a")))
    significant = Spec(children=(Kid("a", "transient", significant=True),))
    for wrong in (twice, significant):
        change = Change(before, wrong, (("a", "crash"),))
        theirs, own = otp.ask(change), ours(change)
        assert theirs == own
        assert own.changed == "refused"

"""The promise holds under drawn faults; `python -m tests.cluster.promise` searches deep."""

import pytest

from tests.cluster.promise.__main__ import TABLE
from tests.cluster.promise.bugs import BUGS, HIDDEN
from tests.cluster.promise.plays import run, search
from tests.cluster.promise.steps import NAMES
from tests.cluster.promise.world import Broken
from tests.harness.mutants.mutant import Mutant
from tests.harness.mutants.planting import changed_source
from trio_sup.cluster import NodeId, NodeInfo, Refused
from trio_sup.cluster._backends.local import LocalLink
from trio_sup.cluster._nodes.calls import Calls
from trio_sup.cluster._nodes.inbox import Inbox
from trio_sup.cluster._rules import lease
from trio_sup.cluster._rules.engine import Engine, Membership
from trio_sup.cluster._rules.frames import Ask
from trio_sup.cluster._rules.sequence import Incoming


def test_the_promise_holds_under_drawn_faults() -> None:
    assert search(4)() >= 4


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_stands_in_the_table_as_found(bug: Mutant) -> None:
    changed_source(bug)  # it still applies
    (row,) = (
        line
        for line in TABLE.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"{bug.name:62}")
    )
    assert "NOT FOUND" not in row


@pytest.mark.parametrize("bug", HIDDEN, ids=lambda bug: bug.name)
def test_a_bug_that_hides_from_the_search_still_applies(bug: Mutant) -> None:
    changed_source(bug)


# Whoever has a name: its turn comes.
CUT: list[tuple[object, ...]] = [
    step
    for node in NAMES
    for step in (("cut", node), ("wait", 4.4), ("heal", node), ("wait", 4.0))
]


def broken(steps: list[tuple[object, ...]]) -> None:
    with pytest.raises(BaseExceptionGroup) as found:
        run(steps)
    assert found.group_contains(Broken)


def test_it_is_noticed_when_a_node_acts_for_longer_than_its_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lease, "MARGIN", 2.0)
    broken(CUT)


def test_it_is_noticed_when_an_engine_counts_less_than_the_whole_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def join(self: Engine, now: float, info: NodeInfo, ttl: float) -> None:
        self._members[info.id] = Membership(info, ttl / 2, now + ttl / 2, set())

    monkeypatch.setattr(Engine, "join", join)
    broken(CUT)


def test_it_is_noticed_when_a_message_is_served_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take = Inbox.take

    def twice(self: Inbox, ask: Ask) -> None:
        take(self, ask)
        take(self, ask)

    monkeypatch.setattr(Inbox, "take", twice)
    broken([("tell", "a", "one"), ("tell", "b", "one"), ("tell", "c", "one")])


def test_it_is_noticed_when_a_message_overtakes_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late: list[tuple[LocalLink, bytes]] = []
    take = LocalLink.take

    def swapped(self: LocalLink, data: bytes) -> None:
        if late:
            take(self, data)
            one, other = late.pop()
            take(one, other)
        elif b'"tell"' in data:
            late.append((self, data))
        else:
            take(self, data)

    monkeypatch.setattr(LocalLink, "take", swapped)
    monkeypatch.setattr(Incoming, "admit", lambda *_: True)
    broken([("burst", "b", "one"), ("burst", "c", "one"), ("wait", 1.0)])


def test_it_is_noticed_when_a_call_that_ran_is_said_not_to_have_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(self: Calls, node: NodeId) -> None:
        for pending in self._of(node):
            pending.failed(Refused("x", "a lie"))

    monkeypatch.setattr(Calls, "node_gone", gone)
    asks = [("ask", node, "one") for node in NAMES]
    cut, heal = ([(what, node) for node in NAMES] for what in ("cut", "heal"))
    # Whenever it is in hand; the one in hand may be that of the very node.
    broken(
        [
            step
            for seconds in (0.03, 0.045, 0.06) * 5
            for step in (
                *(*asks, ("wait", seconds), *cut, ("wait", 4.0)),
                *(*heal, ("wait", 8.0)),
            )
        ]
    )

"""Who takes which child: laws that hold for all keys and nodes."""

import math
from collections import Counter

import pytest
from attrs import evolve
from hypothesis import Phase, given, settings, strategies as st

from trio_sup.cluster._rules.keys import decode_key, encode_key
from trio_sup.cluster._rules.lease import BEATS, Lease
from trio_sup.cluster._rules.placing import (
    ChildRecord,
    Here,
    deed,
    first,
    hosts,
    read_record,
)
from trio_sup.cluster._rules.words import Name, NodeId, NodeInfo

QUICK = settings(max_examples=30, phases=[Phase.generate, Phase.shrink])
NAMES = st.text(max_size=8).map(encode_key)
NODES = st.lists(st.text(min_size=1, max_size=4), unique=True, min_size=1, max_size=6)


def info(name: str, incarnation: int = 1) -> NodeInfo:
    id = NodeId(f"{name}.{incarnation}")
    return NodeInfo(id, name, True, ("f",), ("s",))


def wanted(**changes: object) -> ChildRecord:
    return ChildRecord("k", "f", [], {}, **changes)  # type: ignore[arg-type]


@QUICK
@given(NAMES, NODES, st.randoms(use_true_random=False))
def test_all_nodes_have_one_opinion(
    name: Name, nodes: list[str], random: object
) -> None:
    candidates = [info(node) for node in nodes]
    other = list(candidates)
    random.shuffle(other)  # type: ignore[attr-defined]
    assert first(name, candidates) == first(name, other)


@QUICK
@given(st.lists(NAMES, max_size=8), NODES, st.data())
def test_a_node_that_goes_moves_only_what_was_its_own(
    names: list[Name], nodes: list[str], data: st.DataObject
) -> None:
    candidates = [info(node) for node in nodes]
    gone = data.draw(st.sampled_from(candidates))
    left = [each for each in candidates if each is not gone]
    for name in names:
        before, after = first(name, candidates), first(name, left)
        assert after == before or before == gone
        # And so one that comes takes only for itself.


@QUICK
@given(st.lists(NAMES, max_size=10), NODES)
def test_a_node_that_comes_back_has_the_same_share(
    names: list[Name], nodes: list[str]
) -> None:
    for name in names:
        old = first(name, [info(node, 1) for node in nodes])
        new = first(name, [info(node, 2) for node in nodes])
        assert old is not None
        assert new is not None
        assert old.name == new.name


def test_shares_are_about_equal() -> None:
    candidates = [info(node) for node in "abcd"]
    shares = Counter(first(encode_key(n), candidates) for n in range(4000))
    assert all(850 < share < 1150 for share in shares.values())


def test_only_those_are_asked_who_can() -> None:
    record = wanted()
    no = [
        NodeInfo(NodeId("a.1"), "a", False, ("f",), ("s",)),
        NodeInfo(NodeId("b.1"), "b", True, ("g",), ("s",)),
        NodeInfo(NodeId("c.1"), "c", True, ("f",), ("t",)),
    ]
    assert hosts([*no, info("d")], "s", record) == [info("d")]
    assert first(Name("x"), hosts(no, "s", record)) is None
    # Who gave it away is asked last, and if there is nobody else.
    given = wanted(node=NodeId("d.1"))
    assert hosts([info("d"), info("e")], "s", given) == [info("e")]
    assert hosts([info("d")], "s", given) == [info("d")]


ME, OTHER, GONE = NodeId("me.1"), NodeId("other.1"), NodeId("gone.1")
RECORDS = st.one_of(
    st.none(),
    st.builds(
        wanted,
        state=st.sampled_from(["wanted", "running", "failed", "ending"]),
        node=st.sampled_from([None, ME, OTHER, GONE]),
    ),
)
HERE = st.sampled_from(["absent", "busy", "holding", "waiting"])


@QUICK
@given(RECORDS, HERE, st.booleans())
def test_nobody_takes_what_runs_and_what_is_over_is_ended(
    record: ChildRecord | None, here: Here, is_first: bool
) -> None:
    what = deed(record, here, me=ME, members={ME, OTHER}, is_first=is_first)
    to_run = record is not None and record.state in ("wanted", "running")
    if what == "take":
        assert to_run
        assert here == "absent"
        assert record is not None
        assert record.state != "running" or record.node != OTHER
    if what == "note":
        assert (to_run, here) == (True, "holding")
    if what == "forget":
        assert record is not None
        assert (record.state, here) == ("ending", "absent")
    if here == "busy":
        assert what == "nothing"
    if here == "waiting" or (here == "holding" and not to_run):
        assert what == "end"


@QUICK
@given(RECORDS, HERE)
def test_what_is_done_comes_to_rest(record: ChildRecord | None, here: Here) -> None:
    """Done as told, and looked at again, there is soon nothing more to do."""
    for _ in range(4):
        what = deed(record, here, me=ME, members={ME, OTHER}, is_first=True)
        match what:
            case "nothing":
                break
            case "take":
                here = "holding"
            case "note":
                assert record is not None
                record = record.taken_by(ME)
            case "end":
                here = "absent"
            case "forget":
                record = None
    else:
        pytest.fail("it goes on for ever")
    runs = record is not None and record.state == "running"
    assert here in ("absent", "busy") or (runs and here == "holding")


@QUICK
@given(
    st.builds(
        lambda args, **more: evolve(wanted(**more), args=args),
        args=st.lists(st.integers()),
        why=st.text(),
        moves=st.integers(),
    )
)
def test_a_record_is_read_as_it_was_written(record: ChildRecord) -> None:
    assert read_record(record.text()) == record


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[2]",
        "1",
        "[" * 9999,
        '[1,"k","f",[],{},"odd","",0,""]',
        '[1,"k","f",[],{},"wanted","",true,""]',
        '[9,"k","f",[],{},"wanted","",0,""]',
    ],
)
def test_what_is_no_record_is_none(text: str) -> None:
    assert read_record(text) is None


KEYS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.uuids(),
    lambda keys: st.tuples(keys, keys),
    max_leaves=4,
)


@QUICK
@given(KEYS | st.sampled_from([math.inf]).map(lambda _: Phase.shrink))
def test_a_name_leads_back_to_its_key(key: object) -> None:
    again = decode_key(encode_key(key))
    assert (type(again), again) == (type(key), key)


@pytest.mark.parametrize(
    "name",
    ['["e","nowhere:X","a"]', '["e","os:system","x"]', "[", "[]", '["z"]', '["u","x"]'],
)
def test_a_key_that_nobody_knows_stays_what_it_is(name: str) -> None:
    key = decode_key(Name(name))
    assert encode_key(key) == name
    assert repr(key) == name


def test_the_next_heartbeat_comes_when_another_lease_is_over() -> None:
    lease = Lease(3.0)
    assert lease.next_beat(10.0, answered=True) == 10.0 + 3.0 / BEATS
    assert lease.next_beat(10.0, answered=True, other_ends=12.0) == 11.0
    assert 10.5 < lease.next_beat(10.0, answered=True, other_ends=10.5) < 10.51
    assert 10.0 < lease.next_beat(10.0, answered=True, other_ends=9.0) < 10.01

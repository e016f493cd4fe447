"""Decisions of a node, with no task and no clock."""

import enum
import uuid

import pytest

from trio_sup.cluster._rules.holdings import Holdings
from trio_sup.cluster._rules.keys import MAX_NAME, encode_key
from trio_sup.cluster._rules.lease import MARGIN, Lease
from trio_sup.cluster._rules.words import (
    Beat,
    Gone,
    Name,
    NodeId,
    NodeInfo,
    Taken,
    Token,
)

A, B, C = Name("a"), Name("b"), Name("c")


class Colour(enum.Enum):
    RED = 1


class Loud(enum.StrEnum):
    YES = "yes"


def test_keys_of_different_types_are_different_names() -> None:
    keys = [
        None,
        True,
        False,
        1,
        0,
        "1",
        "",
        b"1",
        Colour.RED,
        Loud.YES,
        "yes",
        uuid.UUID(int=1),
        (),
        (1,),
        ("1",),
        ((1,),),
        (1, 1),
    ]
    assert len({encode_key(key) for key in keys}) == len(keys)


def test_equal_keys_are_one_name() -> None:
    assert encode_key(("board", 7)) == encode_key(("bo" + "ard", 3 + 4))
    assert encode_key("ä\x00") == encode_key("ä\x00")


@pytest.mark.parametrize("key", [1.0, [1], {"a": 1}, object(), (1, 2.5)])
def test_a_key_of_another_type_is_refused(key: object) -> None:
    with pytest.raises(TypeError, match="a key of the cluster is None, bool"):
        encode_key(key)


def test_a_key_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match=f"at most {MAX_NAME} characters"):
        encode_key("x" * MAX_NAME)


def test_a_node_acts_for_less_than_its_lease_counted_from_its_question() -> None:
    lease = Lease(10)
    assert not lease.valid(0)
    lease.renewed(100)
    assert lease.valid(100 + MARGIN * 10 - 0.001)
    assert not lease.valid(100 + MARGIN * 10)
    assert lease.expired(100 + MARGIN * 10)


def test_an_answer_that_comes_late_does_not_shorten_a_lease() -> None:
    lease = Lease(10)
    lease.renewed(105)
    lease.renewed(100)
    assert lease.valid(114)


def test_a_lease_that_ended_never_begins_again() -> None:
    lease = Lease(10)
    lease.renewed(0)
    assert lease.end()
    assert not lease.end()
    lease.renewed(5)
    assert not lease.valid(6)
    assert not lease.expired(100)


def beat(
    generation: str = "g", owned: int = 0, members: tuple[NodeInfo, ...] = ()
) -> Beat:
    return Beat(generation, owned, members)


def test_a_node_repairs_what_the_engine_does_not_know_and_what_it_knows_too_much() -> (
    None
):
    held = Holdings({A: Token(1), B: Token(2)})
    repairs = held.repairs({B: Token(2), C: Token(3)})
    assert repairs.keep == {A: Token(1)}
    assert repairs.release == {C: Token(3)}


def test_what_is_being_claimed_is_not_given_up() -> None:
    held = Holdings(claiming={C})
    assert held.repairs({C: Token(3)}).release == {}


def test_the_engine_is_told_again_after_another_generation_and_other_counts() -> None:
    held = Holdings({A: Token(1)})
    assert not held.differs(beat(owned=1))
    held.repaired(beat())
    assert held.differs(beat("other", owned=1))
    assert held.differs(beat("other", owned=1)), "until it was repaired"
    held.repaired(beat("other"))
    assert not held.differs(beat("other", owned=1))
    assert held.differs(beat("other", owned=0))


def test_a_name_is_lost_to_a_higher_token_only() -> None:
    held = Holdings({A: Token(5), B: Token(5), C: Token(9)})
    other = NodeId("other")
    assert held.lost_to(A, Token(5), Taken(other, Token(6)))
    assert not held.lost_to(A, Token(5), Taken(other, Token(6))), "once"
    assert not held.lost_to(B, Token(5), Taken(other, Token(4)))
    assert not held.lost_to(C, Token(5), Taken(other, Token(6))), "claimed since"
    assert held.tokens == {B: Token(5), C: Token(9)}


def test_a_node_sees_who_came_and_who_went() -> None:
    one, two = NodeInfo(NodeId("1"), "one"), NodeInfo(NodeId("2"), "two")
    held = Holdings()
    assert held.meet(beat(members=(one,)), 0, 3) == ([one], [])
    assert held.meet(beat(members=(two,)), 1, 3) == ([two], [one])
    assert held.meet(beat(members=(two,)), 2, 3) == ([], [])


def test_nobody_went_because_an_engine_forgot_him_and_has_not_heard_of_him_yet() -> (
    None
):
    one, two = NodeInfo(NodeId("1"), "one"), NodeInfo(NodeId("2"), "two")
    held = Holdings()
    held.meet(beat("g", members=(one, two)), 0, 3)
    assert held.meet(beat("other", members=(one,)), 1, 3) == ([], [])
    assert held.meet(beat("other", members=(one,)), 3.9, 3) == ([], [])
    assert held.members == {NodeId("1"): one, NodeId("2"): two}
    assert held.meet(beat("other", members=(one,)), 4, 3) == ([], [two])


def test_a_lease_is_over_unless_the_engine_lost_its_memory() -> None:
    held = Holdings()
    assert not held.forgotten(Gone("g")), "who never was a member was not forgotten"
    held.repaired(beat("g"))
    assert not held.forgotten(Gone("g"))
    assert held.forgotten(Gone("other"))

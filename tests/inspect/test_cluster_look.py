"""What an observer of a cluster says, read with care; and what follows from it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from tests.inspector.cluster_seen import (
    MEMORY,
    NEWS,
    SWEEP,
    document,
    name,
    node,
    shop,
    silent,
)
from trio_sup._core.clean import is_clean
from trio_sup.inspect.model.cluster_look import (
    generation_of,
    names_seen,
    node_health,
    node_problems,
    read_look,
)
from trio_sup.inspect.protocol.wire_cluster import ClusterNode
from trio_sup.inspect.text.cluster_lines import cluster_lines

FIELDS = sorted(node("a"))
EVIL = ("", "a", "x" * 2000, "a\x1b]0;t\x07\x9b31m\nb\u202e\ud800\u200b\x7f\u2028")
TEXTS = st.sampled_from(EVIL)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | TEXTS, inner, max_size=4)
    ),
    max_leaves=12,
)


def one(**more: Any) -> ClusterNode:
    return read_look(document(node("a", **more))).nodes[0]


@settings(max_examples=60)
@given(st.lists(JSON | st.fixed_dictionaries({"id": JSON, "node": JSON}), max_size=4))
def test_whatever_is_said_of_nodes_it_is_read_and_can_be_printed(said: Any) -> None:
    look = read_look({"nodes": [*said, node("well")]})
    assert look.nodes[-1].answers
    assert len(look.nodes) == len(said) + 1
    names_seen(look.nodes)
    for line in cluster_lines(look, names=True):
        assert all(map(is_clean, line.split("\n")))


@given(JSON)
def test_what_is_no_document_is_refused_and_nothing_else_is_raised(said: Any) -> None:
    try:
        read_look(json.loads(json.dumps(said)))
    except (KeyError, ValueError):
        pass


@pytest.mark.parametrize(
    ("more", "words", "loud"),
    [
        ({}, "ok", "ok"),
        ({"accepts_children": False}, "ok, takes no children", "ok"),
        ({"lag": 1.4}, "late by 1.4 s", "warn"),
        ({"lease_left": 2.0}, "lease not renewed for 7.5 s", "warn"),
        ({"generation": "other"}, "knows another memory of the engine", "warn"),
        ({"ttl": "?"}, "it tells what cannot be read", "bad"),
    ],
)
def test_how_a_node_fares_is_said_in_words(
    more: dict[str, Any], words: str, loud: str
) -> None:
    assert node_health(one(**more), MEMORY) == (words, loud)
    found = node_problems(one(**more), MEMORY)
    assert found == ([] if loud == "ok" else [words])


def test_a_node_that_does_not_answer_and_one_whose_messages_are_lost_need_a_look() -> (
    None
):
    quiet, lossy = read_look(
        document(
            silent("a"),
            node(
                "b",
                counted={"malformed": 1200, "refused": 0},
                topics=[
                    {
                        "key": "'t'",
                        "listeners": 1,
                        "waiting": 0,
                        "missed": 3,
                        "breaks": 1,
                    }
                ],
            ),
        )
    ).nodes
    assert node_problems(quiet) == ["no answer in 1 s"]
    assert node_problems(lossy) == [
        "1,200 messages malformed",
        "topic 't': 3 missed, link broken 1 time",
    ]


def test_most_nodes_say_which_memory_of_the_engine_is_the_present() -> None:
    nodes = read_look(document(node("a"), node("b"), node("c", generation="new"))).nodes
    assert generation_of(nodes) == MEMORY
    assert generation_of([]) == ""


def test_each_name_is_told_with_its_holder_who_stands_by_and_what_nobody_runs() -> None:
    names = names_seen(read_look(document(*shop())).nodes)
    told = {each.key: each for each in names}
    assert [each.key for each in names] == sorted(told)
    assert (told[SWEEP].node, told[SWEEP].waiters) == ("shop-1", ("shop-2", "shop-3"))
    assert told[NEWS].what == "child of boards"
    assert (told["'mailer'"].node, told["'mailer'"].waiters) == ("", ("shop-3",))
    food = told["('board', 'food')"]
    assert (food.status, food.why) == ("failed", "RuntimeError: food fell over")


def test_of_two_holders_the_one_with_the_older_token_is_wrong() -> None:
    both = document(
        node("a", names=[name("'n'", 5, "n")]), node("b", names=[name("'n'", 9, "n")])
    )
    newer, older = names_seen(read_look(both).nodes)
    assert (newer.node, newer.why) == ("b", "")
    assert (older.node, older.why) == ("a", "another node has it with a newer token")


def test_a_child_that_two_nodes_miss_is_one_and_one_that_runs_again_is_none() -> None:
    missing = {"key": "'n'", "supervisor": "rooms", "state": "wanted"}
    both = [node("a", unplaced=[missing]), node("b", unplaced=[missing])]
    (found,) = names_seen(read_look(document(*both)).nodes)
    assert (found.what, found.why) == ("child of rooms", "no node runs it at present")
    runs = node("c", names=[name("'n'", 5, "n", kind="child", supervisor="rooms")])
    (found,) = names_seen(read_look(document(*both, runs)).nodes)
    assert (found.node, found.why) == ("c", "")

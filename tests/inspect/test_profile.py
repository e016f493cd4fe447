"""Where a node's time goes, by child and function."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import trio

from tests.inspect.operated import Counter, hand, idle, operated
from trio_sup import GenServer, call, child
from trio_sup.inspect.client.topic_store import MAX_PROFILE, TooMuch, TopicStore
from trio_sup.inspect.node.hub import MAX_PROFILES
from trio_sup.inspect.node.profiler import Profiler
from trio_sup.inspect.protocol.codec import encode, request_decoder, server_decoder
from trio_sup.inspect.protocol.wire_profile import (
    AskProfile,
    Profile,
    ProfiledFrame,
    ProfiledStack,
)
from trio_sup.inspect.text.flames import flame_lines, speedscope

FRAMES = [ProfiledFrame("shop.py", 3, "serve"), ProfiledFrame("shop.py", 9, "work")]
STACKS = [
    ProfiledStack("shop/db", 7, [0, 1], 30),
    ProfiledStack("shop/db", 7, [0], 10),
    ProfiledStack("<main>", 0, [1], 10),
]
PROFILE = Profile(5.0, 1.0, 100, 50, FRAMES, STACKS)


class Busy(GenServer):
    """Computes for as long as it is told."""

    @call
    async def compute(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass


@pytest.mark.trio
@pytest.mark.usefixtures("quiet_log")
async def test_a_profile_names_the_child_and_its_functions(tmp_path: Path) -> None:
    specs = [child(Busy, id="busy"), child(idle, id="idle")]
    async with operated(tmp_path, specs) as (sup, path), hand(path) as client:
        session = client.session
        session.ask.profile(1.0, 200.0)
        await client.until(lambda: True)
        for _ in range(20):
            await sup.server(Busy, "busy").call(Busy.compute, 0.05)
        await client.until(lambda: session.topics.profile)
        found = session.topics.profile
        assert found is not None
        assert found.looks > 0
        busy = [stack.frames for stack in found.stacks if stack.name == "root/busy"]
        functions = {found.frames[n].function for frames in busy for n in frames}
        assert "Busy.compute" in functions
        text = "\n".join(flame_lines(found))
        assert "Busy.compute" in text


@pytest.mark.trio
@pytest.mark.usefixtures("quiet_log")
async def test_profiles_are_few_and_end_with_their_client(tmp_path: Path) -> None:
    async with operated(tmp_path, [child(Counter, id="a")]) as (_, path):
        async with hand(path) as first, hand(path) as second:
            for _ in range(MAX_PROFILES):
                await first.stream.send_all(encode(AskProfile(1e9, 1.0)))
            await first.until(lambda: True)
            await trio.sleep(0.2)
            second.session.ask.profile(0.0, 100.0)
            await second.until(lambda: second.session.topics.profile)
            found = second.session.topics.profile
            assert found is not None
            assert found.problem == f"{MAX_PROFILES} profiles are under way"
        with trio.fail_after(60):
            async with hand(path) as third:
                while True:
                    third.session.ask.profile(0.0, 100.0)
                    await third.until(lambda: third.session.topics.profile)
                    last = third.session.topics.profile
                    if last is not None and not last.problem:
                        return
                    await trio.sleep(0.1)


def test_a_profile_comes_in_pieces_and_is_put_together() -> None:
    profiler = Profiler(None, lambda task: (0, ""), 100.0)  # type: ignore[arg-type]
    code = (lambda: None).__code__
    codes = [code.replace(co_firstlineno=n) for n in range(1, 2501)]
    profiler.counts = {(1, f"s/{n}", (each,)): n for n, each in enumerate(codes)}
    store = TopicStore()
    pieces = list(profiler.messages(9.0))
    assert [store.add_profile(piece) for piece in pieces] == [False] * (
        len(pieces) - 1
    ) + [True]
    whole = store.profile
    assert whole is not None
    assert (len(whole.frames), len(whole.stacks)) == (2500, 2500)
    assert [whole.frames[s.frames[0]].line for s in whole.stacks] == list(
        range(1, 2501)
    )
    assert all(len(encode(piece)) < 2**20 for piece in pieces)


def test_a_client_holds_no_endless_profile() -> None:
    store = TopicStore()
    piece = Profile(0.0, 1.0, 1, 0, FRAMES * 10_000, [], more=True)
    with pytest.raises(TooMuch):
        for _ in range(MAX_PROFILE):
            store.add_profile(piece)


def test_profiles_are_read_as_they_were_written() -> None:
    assert server_decoder().feed(encode(PROFILE)) == [PROFILE]
    assert request_decoder().feed(encode(AskProfile(2.0, 50.0))) == [
        AskProfile(2.0, 50.0)
    ]


def test_the_tree_has_the_largest_parts_first() -> None:
    heading, *lines = flame_lines(PROFILE)
    assert heading == "100 looks in 1.0 s: the loop ran in 50.0% of them"
    assert [line.split()[0] for line in lines] == [
        "80.0%",
        "80.0%",
        "80.0%",
        "60.0%",
        "20.0%",
        "20.0%",
    ]
    assert lines[3].endswith("work  shop.py:9")


def test_the_document_is_one_that_speedscope_reads() -> None:
    document = json.loads(json.dumps(speedscope(PROFILE, "shop")))
    (profile,) = document["profiles"]
    names = [frame["name"] for frame in document["shared"]["frames"]]
    assert [[names[n] for n in sample] for sample in profile["samples"]] == [
        ["shop", "shop/db", "serve", "work"],
        ["shop", "shop/db", "serve"],
        ["<main>", "work"],
    ]
    assert (profile["type"], profile["unit"]) == ("sampled", "seconds")
    assert profile["weights"] == [0.3, 0.1, 0.1]
    assert (profile["startValue"], profile["endValue"]) == (0, 0.5)


def test_what_a_hostile_node_counts_leads_nowhere() -> None:
    odd = Profile(0.0, 0.0, 0, 5, [], [ProfiledStack("/", 3, [7, 10**9], 0)])
    assert list(flame_lines(odd))
    assert speedscope(odd, "x")

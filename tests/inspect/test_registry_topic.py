"""What a node's registries hold, as clients see it: searched, a page at a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.inspect.looking import Looker, looking
from trio_sup import Registry, child, current_node, open_supervisor
from trio_sup.inspect.node.registry_look import PAGE
from trio_sup.inspect.protocol.codec import encode, request_decoder, server_decoder
from trio_sup.inspect.protocol.wire_details import Follow
from trio_sup.inspect.protocol.wire_registry import NameRow, Names, RegistryInfo
from trio_sup.inspect.text.registry_lines import (
    left_out,
    notes,
    registry_json,
    registry_lines,
)

ROW = NameRow("registry", "name", "cart", 3, "shop/cart", 1, 0, 0, 0, "Cart(items=2)")
NAMES = Names(1.0, "", 0, [ROW], 1, 1, [RegistryInfo("registry", True, 1, 1)])


async def page(looker: Looker, text: str = "", start: int = 0) -> Names:
    topics = looker.session.topics
    wish = Follow("registry", text=text, start=start)
    looker.session.ask.follow(wish, trio.current_time())

    def come() -> bool:
        names = topics.registry
        return names is not None and (names.text, names.start) == (text, start)

    await looker.until(come)
    assert topics.registry is not None
    return topics.registry


def found(names: Names) -> list[tuple[str, str, str]]:
    return [(row.kind, row.key, row.path) for row in names.rows]


async def idle() -> None:
    await trio.sleep_forever()


@pytest.mark.trio
async def test_names_waiters_subscribers_and_locks_are_told_with_their_child(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    registry = Registry("duplicate", name="news")
    names = current_node().registry
    ready = trio.Event()

    async def listens() -> None:
        registry.register("prices", {"who": "l"})
        with registry.subscribe("prices", capacity=2):
            ready.set()
            await trio.sleep_forever()

    async def waits() -> None:
        await names.wait_for("nobody")

    async def locks() -> None:
        async with registry.lock("a row"):
            await trio.sleep_forever()

    specs = [
        child(idle, id="a", name="alice"),
        child(listens, id="l"),
        child(waits, id="w"),
        child(locks, id="k"),
    ]
    async with (
        open_supervisor(specs, id="top"),
        looking(tmp_path) as looker,
        trio.open_nursery() as nursery,
    ):
        await ready.wait()
        for number in range(5):
            registry.publish("prices", number)
        nursery.start_soon(names.wait_for, "nobody")
        await trio.testing.wait_all_tasks_blocked()
        told = await page(looker)
        assert found(told)[:2] == [
            ("name", "alice", "top/a"),
            ("waiter", "nobody", "top/w"),
        ]
        assert told.rows[2].kind == "waiter"
        assert (told.rows[2].child, "wait_for" in told.rows[2].path) == (0, True)
        assert found(told)[3:] == [
            ("name", "prices", "top/l"),
            ("subscriber", "prices", "top/l"),
            ("lock", "a row", "top/k"),
        ]
        heard = told.rows[4]
        assert (heard.queued, heard.capacity, heard.dropped) == (2, 2, 3)
        assert told.rows[3].value == "{'who': 'l'}"
        assert {row.child for row in told.rows if row.path.startswith("top/")} == {
            looker.id_of(f"top/{each}") for each in "alwk"
        }
        assert told.registries == [
            RegistryInfo("registry", True, 3, 3),
            RegistryInfo("news", False, 3, 3),
        ]
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_a_key_says_how_many_hold_it_and_a_reserved_one_that_it_is(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    registry = Registry("duplicate", name="many")

    async def holds() -> None:
        registry.register("pool")
        await trio.sleep_forever()

    async def starts(task_status: trio.TaskStatus[None]) -> None:
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:

        async def run() -> None:
            specs = [
                *(child(holds, id=n) for n in range(3)),
                child(idle, id="own", name="ready"),
            ]
            async with open_supervisor(specs, id="top"):
                await trio.sleep_forever()

        nursery.start_soon(run)
        await trio.testing.wait_all_tasks_blocked()
        async with looking(tmp_path) as looker:
            told = await page(looker, "pool")
            assert [(row.key, row.same) for row in told.rows] == [("pool", 3)] * 3
            assert (told.passing, told.total) == (3, 4)
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_many_names_come_a_page_at_a_time_or_searched(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    many = 3 * PAGE + 7
    registry = Registry(name="large")

    async def holds() -> None:
        for number in range(many):
            registry.register(("item", number))
        await trio.sleep_forever()

    async with (
        open_supervisor([child(holds, id="h")], id="top"),
        looking(tmp_path) as looker,
    ):
        await trio.testing.wait_all_tasks_blocked()
        first = await page(looker)
        assert (len(first.rows), first.passing, first.total) == (PAGE, many, many)
        last = await page(looker, start=3 * PAGE)
        assert [row.key for row in last.rows] == [
            str(("item", number)) for number in range(3 * PAGE, many)
        ]
        assert not (await page(looker, start=2**40)).rows
        searched = await page(looker, "ITEM 1234 top/h")
        assert [row.key for row in searched.rows] == [str(("item", 1234))]
        assert (searched.passing, searched.total) == (1, many)
        assert all(len(encode(each)) < 2**20 for each in (first, last))


@pytest.mark.trio
async def test_values_hide_what_sounds_like_a_secret_and_with_contents_all(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async def holds() -> None:
        names = current_node().registry
        names.register("db", {"password": "hunter2", "host": "h"})
        names.register("api_token", "hunter2")
        await trio.sleep_forever()

    for contents in (True, False):
        place = tmp_path / str(contents)
        place.mkdir()
        async with (
            open_supervisor([child(holds, id="h")], id="top"),
            looking(place, contents=contents) as looker,
        ):
            told = await page(looker)
            values = [row.value for row in told.rows]
            if contents:
                assert values[0].startswith("{'password': <redacted>")
                assert values[1] == "<redacted>"
            else:
                assert values == ["", ""]


@pytest.mark.trio
async def test_a_key_that_cannot_speak_is_shown_by_its_class(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError("no words")

    async def holds() -> None:
        current_node().registry.register(Mute())
        current_node().registry.register("\x1b[2J" + "x" * 10_000)
        await trio.sleep_forever()

    async with (
        open_supervisor([child(holds, id="h")], id="top"),
        looking(tmp_path) as looker,
    ):
        told = await page(looker)
        assert told.rows[0].key == "<Mute: str() raised RuntimeError>"
        assert len(told.rows[1].key) <= 200
        assert told.rows[1].key.isprintable()


@pytest.mark.trio
async def test_registries_of_other_runs_are_not_shown(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    unused, used = Registry(name="unused"), Registry(name="elsewhere")

    async def other() -> None:
        used.publish("x", 1)
        assert "elsewhere" in [each.name for each in current_node().registries()]

    await trio.to_thread.run_sync(trio.run, other)
    assert [each.name for each in current_node().registries()] == ["registry"]
    assert unused.count() == 0


def test_pages_are_read_as_they_were_written() -> None:
    assert server_decoder().feed(encode(NAMES)) == [NAMES]
    wish = Follow("registry", text="a b", start=500)
    assert request_decoder().feed(encode(wish)) == [wish]


def test_a_row_says_what_the_child_has_to_do_with_the_key() -> None:
    heard = NameRow("news", "subscriber", "prices", 3, "shop/a", 0, 5, 9, 2, "")
    shared = NameRow("news", "name", "pool", 4, "shop/b", 3, 0, 0, 0, "")
    locked = NameRow("news", "lock", "row", 0, "main", 2, 0, 0, 0, "")
    odd = NameRow("news", "from the future", "k", 0, "", 0, 0, 0, 0, "")
    assert notes(heard) == "5/9 queued  2 dropped"
    assert notes(shared) == "one of 3"
    assert notes(locked) == "2 waiting"
    rows = [ROW, heard, shared, locked, odd]
    lines = list(registry_lines(NAMES, rows))
    assert lines[1].split() == ["cart", "held", "by", "shop/cart", "Cart(items=2)"]
    assert lines[5].split() == ["k", "from", "the", "futu", "nobody"]
    document = json.loads(json.dumps(registry_json("shop", NAMES, rows)))
    assert [each["kind"] for each in document["names"]] == [row.kind for row in rows]
    assert document["names"][1]["dropped"] == 2


def test_what_is_left_out_is_said() -> None:
    many = Names(1.0, "cart", 0, [ROW], 4000, 90_000)
    assert left_out(many, 1000) == "1000 of 4000 of 90000 shown"
    assert not left_out(NAMES, 1)

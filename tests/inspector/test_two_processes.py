"""Two processes of one node, each with a clock of its own, are never told as one."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from attrs import evolve

from tests.inspector.fake_node import STARTED, FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.rows import server
from tests.inspector.shop import shop_rows
from trio_sup.inspect.protocol.wire import Event, Watch
from trio_sup_inspector.lines.incidents import TIMES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

AHEAD = 59_000.0
"""By how much the clock of the first process is ahead of the second's."""


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


def crash(node: FakeNode, *ago: float) -> None:
    """A child crashes and is restarted, so many seconds ago."""
    for seconds in ago:
        at, path = node.at - seconds, "shop/db"
        node.tell("child_crashed", path, f"{path} crashed (life 1): Boom()", at)
        node.tell("restart_decided", path, f"{path} is restarted", at)
        node.tell("child_started", path, f"{path} started (life 2)", at + 0.01)


def at_wall(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(STARTED + 1000.0 + seconds))


@asynccontextmanager
async def restarted(
    keys: str = "3",
    before: Callable[[Rig, FakeNode], object] = lambda rig, node: None,
    open_path: str = "",
) -> "AsyncGenerator[tuple[Rig, FakeNode]]":
    """The same program in another process, a minute after the first had crashes."""
    rows = shop_rows()
    first = FakeNode(rows=rows, at=AHEAD + 1000.0, mono0=AHEAD + 1000.0)
    second = FakeNode(
        rows=shop_rows(), pid=4712, epoch="e2", wall0=STARTED + 1060.0, at=1046.0
    )
    async with open_rig(first, size=(110, 40), poll=0.01) as rig:
        crash(first, 20.0, 10.0, 5.0)
        await rig.until(lambda: len(rig.state.journal.entries) == 9)
        await rig.press(keys)
        before(rig, first)
        if open_path:
            await rig.until(lambda: rig.state.model.by_path(open_path))
            rig.main.body.open_detail(rig.state.model.by_path(open_path) or 0)
            await rig.paint()
        await first.stop()
        await rig.until_shown("RECONNECTING")
        await second.start(rig.directory)
        rig.clock.now += 30.0
        await rig.until(
            lambda: rig.state.picture.node and rig.state.picture.node.pid == 4712
        )
        await rig.until_shown("LIVE")
        try:
            yield rig, second
        finally:
            await second.stop()


def test_incidents_of_two_processes_are_never_one_and_each_keeps_its_times() -> None:
    async def story() -> None:
        async with restarted() as (rig, second):
            crash(second, 40.0, 30.0)
            await rig.until_shown(f"{TIMES}2 in 10s")
            assert rig.line(f"{TIMES}2").startswith(f" {at_wall(60 + 46 - 30)}")
            assert rig.line(f"{TIMES}3").startswith(f" {at_wall(-5)}")
            assert f"{TIMES}3 in 15s" in rig.text()
            assert "in process 4711, which ended" in rig.text()

    run(story)


def test_what_the_process_before_did_is_told_as_such_and_asks_for_nothing() -> None:
    async def story() -> None:
        async with restarted() as (rig, _):
            pane = rig.main.lists.pane
            assert [pane.row_id(key) for key in pane.keys[-2:]] == [None, None]
            await rig.press("G", "up")
            assert "That was in process 4711, before the node started anew." in (
                rig.text()
            )
            await rig.press("down")
            assert f"{TIMES}3 in 15s, last {at_wall(-5)}" in rig.text()
            found = rig.state.findings(rig.clock())
            assert "crash-loop" not in [each.rule for each in found]

    run(story)


def test_each_line_of_the_log_has_the_time_of_its_own_process() -> None:
    async def story() -> None:
        async with restarted("4") as (rig, second):
            crash(second, 30.0)
            await rig.until(lambda: len(rig.state.journal.entries) == 13)
            lines = rig.text().splitlines()
            divider = next(n for n, line in enumerate(lines) if "anew, pid" in line)
            assert lines[divider - 1].startswith(f" {at_wall(-5)}")
            assert lines[divider + 1].startswith(f" {at_wall(60 + 46 - 30)}")

    run(story)


def test_what_was_heard_of_both_in_one_look_falls_on_either_side_of_the_line() -> None:
    async def story() -> None:
        async with restarted() as (rig, second):
            store = rig.state.session._store  # pyright: ignore[reportPrivateUsage]
            second.tell("requested", "shop/db", ": late", 1050.0)
            await rig.until(lambda: len(rig.state.journal.entries) == 11)
            said = Event(99, 1051.0, "shop/db", "requested", ": its last word")
            store._changes.events.append(said)  # pyright: ignore[reportPrivateUsage]
            store.new_epoch()
            changes = rig.state.session.take_changes()
            assert changes.former == [said]
            assert changes.events == []
            assert changes

    run(story)


def test_until_its_rows_are_here_another_process_does_not_set_the_clock() -> None:
    async def story() -> None:
        async with restarted() as (rig, second):
            assert rig.state.now() == second.at
            session = rig.state.session
            node = session.node
            assert node is not None
            other = evolve(node, epoch="e3", mono0=5.0)
            assert not session.clock.tell(7.0, rig.clock(), other)
            session.clock.hear(rig.clock() + 600.0)  # what comes from the other one
            assert rig.state.now() == second.at
            assert not rig.state.stale
            session.node = other
            assert rig.state.stale
            session.clock.turn(other)
            assert session.clock.tell(7.0, rig.clock(), other)
            assert rig.state.now() == 7.0

    run(story)


def test_a_hold_of_the_process_before_is_not_told_as_one_of_a_moment_ago() -> None:
    async def story() -> None:
        def hold(rig: Rig, node: FakeNode) -> None:
            node.beat(lag=0.7)

        async with restarted("5", hold) as (rig, second):
            second.beat()
            await rig.paint()
            assert "was held for" not in rig.text()

    run(story)


def test_a_paused_picture_ends_with_its_process() -> None:
    async def story() -> None:
        async with restarted("space") as (rig, second):
            assert not rig.state.picture.paused
            assert "PAUSED" not in rig.text()
            assert rig.state.now() == second.at

    run(story)


def test_open_details_follow_the_child_into_the_process_that_answers_now() -> None:
    async def story() -> None:
        async with restarted("1", open_path="shop/db") as (rig, second):
            side = rig.main.details.side
            assert side.subject_id == rig.state.model.by_path("shop/db")
            watched = [each.id for each in second.asked if isinstance(each, Watch)]
            assert side.subject_id in watched

    run(story)


def test_details_of_a_child_that_the_new_process_lacks_have_no_times() -> None:
    async def story() -> None:
        def look(rig: Rig, node: FakeNode) -> None:
            lone = server(99, 1, "lone", path="shop/lone", began=AHEAD + 900.0)
            node.change(lone)

        async with restarted("1", look, open_path="shop/lone") as (rig, _):
            text = rig.text()
            assert "shop/lone - gone" in text
            assert " up " not in text.split("shop/lone - gone")[1]

    run(story)


def test_what_was_watched_for_the_process_before_is_not_watched_in_the_next() -> None:
    async def story() -> None:
        async with restarted() as (rig, _):
            ask = rig.state.session.ask
            rig.state.watches.want("late", 77, ("facts",), rig.clock())
            assert 77 in ask._watches  # pyright: ignore[reportPrivateUsage]
            rig.state.watches.forget()
            assert 77 not in ask._watches  # pyright: ignore[reportPrivateUsage]

    run(story)

"""What survives a crash: peer trap 13."""

from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.servers.box import Box, items, tree
from trio_sup import (
    Backoff,
    Mailbox,
    NoProcess,
    ServerExit,
    child,
    open_supervisor,
)


@pytest.mark.trio
async def test_by_default_queued_messages_end_with_the_life(
    autojump_clock: MockClock,
) -> None:
    served: list[Any] = []
    ends: list[Any] = []
    async with tree(served, mailbox=Mailbox()) as sup:
        ref = sup.server(Box, "box").when_running()

        async def ask(item: Any) -> None:
            try:
                ends.append(await ref.call(Box.get, item))
            except ServerExit as error:
                ends.append(type(error.__cause__))

        for life in (2, 3):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(ref.call, Box.hold, 1)
                await trio.testing.wait_all_tasks_blocked()
                nursery.start_soon(ask, "before")
                await trio.testing.wait_all_tasks_blocked()
                ref.cast(Box.crash)
                ref.cast(Box.put, "lost")
                nursery.start_soon(ask, "lost")
            await ref.wait_running()
            assert ref.life == life
    assert items(served) == ["before", "before"]
    # Both are answered in the same step; whose task runs first is open.
    assert ends.count("before") == ends.count(ValueError) == 2


@pytest.mark.trio
async def test_kept_messages_wait_for_the_next_life_twice_in_a_row() -> None:
    served: list[Any] = []
    ends: list[Any] = []
    mailbox = Mailbox(on_crash="keep")
    async with tree(served, mailbox=mailbox) as sup:
        ref = sup.server(Box, "box")

        async def ask(item: Any) -> None:
            ends.append(await ref.call(Box.get, item))

        async with trio.open_nursery() as nursery:
            for item in ("a", "b", "c"):
                ref.cast(Box.put, item)
                nursery.start_soon(ask, item + "!")
                await trio.lowlevel.checkpoint()
                ref.cast(Box.crash)
        await ref.call(Box.get, "end")
        assert ref.life == 4
    assert [item for item in items(served) if "!" not in item] == ["a", "b", "c", "end"]
    assert sorted(ends) == ["a!", "b!", "c!"]


@pytest.mark.trio
async def test_the_message_in_hand_in_a_crash_is_not_repeated() -> None:
    """Rule 13."""
    served: list[Any] = []
    async with tree(served, mailbox=Mailbox(on_crash="keep")) as sup:
        ref = sup.server(Box, "box")
        ref.cast(Box.crash)
        ref.cast(Box.put, "next")
        await ref.call(Box.get, "end")
        assert ref.life == 2
    assert served == [(2, "next"), (2, "end")]


@pytest.mark.trio
async def test_what_is_sent_between_lives_waits_for_the_next(
    autojump_clock: MockClock,
) -> None:
    served: list[Any] = []
    backoff = Backoff(initial=5, jitter=0, immediate_first=False)
    async with tree(served, mailbox=Mailbox(on_crash="keep"), backoff=backoff) as sup:
        ref = sup.server(Box, "box")
        ref.cast(Box.crash)
        await trio.testing.wait_all_tasks_blocked()
        assert ref.status == "backing_off"
        ref.cast(Box.put, "between")
        assert await ref.call(Box.get, "call") == "call"
        assert trio.current_time() == 5
    assert served == [(2, "between"), (2, "call")]


@pytest.mark.trio
async def test_kept_messages_survive_starts_that_fail(
    autojump_clock: MockClock,
) -> None:
    served: list[Any] = []
    async with tree(served, {2, 3}, mailbox=Mailbox(on_crash="keep")) as sup:
        ref = sup.server(Box, "box")
        ref.cast(Box.crash)
        ref.cast(Box.put, "kept")
        assert await ref.call(Box.get, "call") == "call"
        assert ref.life == 4
    assert items(served) == ["kept", "call"]


@pytest.mark.trio
async def test_deferred_callers_fail_in_a_crash_even_if_the_mailbox_is_kept() -> None:
    served: list[Any] = []
    async with tree(served, mailbox=Mailbox(on_crash="keep")) as sup:
        ref = sup.server(Box, "box")
        async with trio.open_nursery() as nursery:

            async def ask() -> None:
                with pytest.raises(ServerExit):
                    await ref.call(Box.never)

            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            ref.cast(Box.crash)
        await ref.wait_running()


@pytest.mark.trio
async def test_kept_messages_fail_when_no_next_life_comes(
    autojump_clock: MockClock,
) -> None:
    served: list[Any] = []
    backoff = Backoff(initial=5, jitter=0, immediate_first=False)
    async with tree(served, mailbox=Mailbox(on_crash="keep"), backoff=backoff) as sup:
        ref = sup.server(Box, "box")
        ref.cast(Box.crash)
        await trio.testing.wait_all_tasks_blocked()
        async with trio.open_nursery() as nursery:

            async def ask() -> None:
                with pytest.raises(ServerExit):
                    await ref.call(Box.get, "kept")

            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            await sup.terminate_child("box")
        with pytest.raises(NoProcess):
            ref.cast(Box.put, "too late")
    assert served == []


@pytest.mark.trio
async def test_only_a_crash_keeps(autojump_clock: MockClock) -> None:
    """Rule 13: a stop that was asked for does not."""
    served: list[Any] = []
    async with tree(served, mailbox=Mailbox(on_crash="keep")) as sup:
        ref = sup.server(Box, "box")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ref.call, Box.hold, 1)
            await trio.testing.wait_all_tasks_blocked()

            async def stop() -> None:
                await ref.stop()

            async def ask() -> None:
                with pytest.raises(ServerExit):
                    await ref.call(Box.get, "behind the stop")

            nursery.start_soon(stop)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(ask)
        await ref.wait_running()
        assert ref.statistics().mailbox == 0
    assert served == []


@pytest.mark.trio
async def test_a_timers_messages_do_not_outlive_their_life_in_a_kept_mailbox(
    autojump_clock: MockClock,
) -> None:
    served: list[Any] = []
    mailbox = Mailbox(on_crash="keep")
    async with tree(served, mailbox=mailbox) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Box, "box")
        ref.cast(Box.tick_soon)
        nursery.start_soon(ref.call, Box.hold, 5)
        await trio.testing.wait_all_tasks_blocked()
        ref.cast(Box.crash)
        await trio.sleep(9)
        assert ref.life == 2
    # The only tick of life 1 was queued behind the crash.
    assert served == []


@pytest.mark.trio
async def test_room_made_by_a_crash_goes_to_those_who_wait(
    autojump_clock: MockClock,
) -> None:
    served: list[Any] = []
    mailbox = Mailbox(2, on_crash="keep")
    async with tree(served, mailbox=mailbox) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Box, "box")
        nursery.start_soon(ref.call, Box.hold, 1)
        await trio.testing.wait_all_tasks_blocked()
        ref.cast(Box.crash)
        ref.cast(Box.put, 1)
        nursery.start_soon(ref.cast_wait, Box.put, 2)
        nursery.start_soon(ref.cast_wait, Box.put, 3)
        await trio.sleep(2)
        assert ref.life == 2
    assert sorted(items(served)) == [1, 2, 3]


@pytest.mark.trio
async def test_a_kept_mailbox_does_not_survive_the_restart_of_its_group(
    autojump_clock: MockClock,
) -> None:
    """Rule 13: the sibling was asked to stop, even if its grace ran out."""
    served: list[Any] = []
    keep = Mailbox(on_crash="keep")
    specs = [
        child(Box, served, id="box", mailbox=keep, shutdown=1.0),
        child(Box, served, id="culprit"),
    ]
    async with open_supervisor(specs, strategy="one_for_all") as sup:
        ref = sup.server(Box, "box")
        async with trio.open_nursery() as nursery:

            async def ask(op: Any, *args: Any) -> None:
                with pytest.raises(ServerExit) as caught:
                    await ref.call(op, *args)
                assert caught.value.exit.kind == "killed"

            nursery.start_soon(ask, Box.hold, 9)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(ask, Box.get, "queued")
            await trio.testing.wait_all_tasks_blocked()
            sup.server(Box, "culprit").cast(Box.crash)
        await ref.wait_running()
        assert ref.life == 2
        assert ref.statistics().mailbox == 0
    assert served == []

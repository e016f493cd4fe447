"""The mailbox: its bound, what happens when it is full, what survives a crash."""

from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.servers.box import Box, items, tree
from trio_sup import (
    Mailbox,
    MailboxFull,
    NoProcess,
)


@pytest.mark.trio
async def test_a_full_mailbox_rejects_casts_and_sends_but_never_calls(
    autojump_clock: MockClock,
) -> None:
    served: list[Any] = []
    async with tree(served) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Box, "box")
        nursery.start_soon(ref.call, Box.hold, 1)
        await trio.testing.wait_all_tasks_blocked()
        ref.cast(Box.put, 1)
        ref.cast(Box.put, 2)
        with pytest.raises(MailboxFull) as caught:
            ref.cast(Box.put, 3)
        assert caught.value.capacity == 2
        with pytest.raises(MailboxFull):
            ref.send(3)
        assert not ref.try_cast(Box.put, 3)
        assert await ref.call(Box.get, "call") == "call"
        assert ref.try_cast(Box.put, 4)
    assert items(served) == [1, 2, "call", 4]


@pytest.mark.trio
@pytest.mark.parametrize(
    ("policy", "kept"), [("drop_oldest", [3, 4]), ("drop_newest", [1, 2])]
)
async def test_a_dropping_mailbox_forgets_and_counts_but_never_a_call(
    policy: Any, kept: Any, autojump_clock: MockClock
) -> None:
    served: list[Any] = []
    mailbox = Mailbox(2, when_full=policy)
    async with tree(served, mailbox=mailbox) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Box, "box")
        nursery.start_soon(ref.call, Box.hold, 1)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(ref.call, Box.get, "call")
        await trio.testing.wait_all_tasks_blocked()
        for number in (1, 2, 3, 4):
            ref.cast(Box.put, number)
        assert ref.statistics().dropped == 2
    assert items(served) == ["call", *kept]


@pytest.mark.trio
async def test_drop_oldest_forgets_what_the_server_had_taken_over_already(
    autojump_clock: MockClock,
) -> None:
    """The batch being worked off is older than what arrived since."""
    served: list[Any] = []
    mailbox = Mailbox(3, when_full="drop_oldest")
    async with tree(served, mailbox=mailbox) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Box, "box")
        nursery.start_soon(ref.call, Box.hold, 1)
        await trio.testing.wait_all_tasks_blocked()
        ref.cast(Box.put, 1)
        nursery.start_soon(ref.call, Box.hold, 1)
        await trio.testing.wait_all_tasks_blocked()
        ref.cast(Box.put, 2)
        ref.cast(Box.put, 3)
        await trio.sleep(1.5)  # 1 is served, 2 and 3 are in the batch
        for number in (4, 5):
            ref.cast(Box.put, number)
    assert items(served) == [1, 3, 4, 5]


@pytest.mark.trio
async def test_cast_wait_waits_for_room_in_the_order_of_asking(
    autojump_clock: MockClock,
) -> None:
    served: list[Any] = []
    async with tree(served) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Box, "box")
        nursery.start_soon(ref.call, Box.hold, 1)
        await trio.testing.wait_all_tasks_blocked()
        ref.cast(Box.put, 1)
        ref.cast(Box.put, 2)
        for number in (3, 4, 5):
            nursery.start_soon(ref.cast_wait, Box.put, number)
            await trio.testing.wait_all_tasks_blocked()
        await trio.sleep(1)
        with pytest.raises(MailboxFull):
            # Nobody overtakes those who wait.
            for number in range(6, 99):
                ref.cast(Box.put, number)
    assert items(served)[:5] == [1, 2, 3, 4, 5]


@pytest.mark.trio
async def test_a_cancelled_cast_wait_sends_nothing(autojump_clock: MockClock) -> None:
    served: list[Any] = []
    async with tree(served) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Box, "box")
        nursery.start_soon(ref.call, Box.hold, 3)
        await trio.testing.wait_all_tasks_blocked()
        ref.cast(Box.put, 1)
        ref.cast(Box.put, 2)
        with trio.move_on_after(1) as scope:
            await ref.cast_wait(Box.put, "cancelled")
        assert scope.cancelled_caught
        await ref.cast_wait(Box.put, 3)
        assert trio.current_time() == 3
    assert items(served) == [1, 2, 3]


@pytest.mark.trio
async def test_those_who_wait_for_room_hear_that_the_server_is_stopping(
    autojump_clock: MockClock,
) -> None:
    served: list[Any] = []
    async with tree(served) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Box, "box")
        nursery.start_soon(ref.call, Box.hold, 3)
        await trio.testing.wait_all_tasks_blocked()
        ref.cast(Box.put, 1)
        ref.cast(Box.put, 2)

        async def wait_for_room() -> None:
            with pytest.raises(NoProcess, match="stopping"):
                await ref.cast_wait(Box.put, 3)
            assert trio.current_time() == 0

        nursery.start_soon(wait_for_room)
        await trio.testing.wait_all_tasks_blocked()
        await sup.terminate_child("box")
    assert items(served) == [1, 2]


@pytest.mark.trio
async def test_stop_needs_no_room(autojump_clock: MockClock) -> None:
    """Rule 6."""
    served: list[Any] = []
    async with tree(served, restart="temporary") as sup:
        ref = sup.server(Box, "box")
        ref.cast(Box.put, 1)
        ref.cast(Box.put, 2)
        assert (await ref.stop()).kind == "normal"
    assert items(served) == [1, 2]


@pytest.mark.trio
async def test_statistics_count_a_life(autojump_clock: MockClock) -> None:
    """GS-084."""
    served: list[Any] = []
    async with tree(served, mailbox=Mailbox(9)) as sup:
        ref = sup.server(Box, "box")
        for number in (1, 2, 3):
            ref.cast(Box.put, number)
        now = ref.statistics()
        assert (now.mailbox, now.peak, now.received, now.handled) == (3, 3, 3, 0)
        await ref.call(Box.get, 4)
        now = ref.statistics()
        assert (now.mailbox, now.peak, now.received, now.handled) == (0, 4, 4, 4)
        assert (now.capacity, now.dropped, now.started_at) == (9, 0, 0)
        await trio.sleep(2)
        await ref.stop()
        await ref.wait_running()
        now = ref.statistics()
        assert (now.received, now.handled, now.started_at) == (0, 0, 2)


@pytest.mark.trio
async def test_the_message_in_hand_can_be_seen_with_its_beginning(
    autojump_clock: MockClock,
) -> None:
    served: list[Any] = []
    async with tree(served) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Box, "box")
        assert ref.mailbox.in_progress is None
        nursery.start_soon(ref.call, Box.hold, 5)
        await trio.testing.wait_all_tasks_blocked()
        busy = ref.mailbox.in_progress
        assert busy is not None
        name, began = busy
        assert name == "hold"
        assert began <= trio.current_time()

"""The mailbox: its bound, what happens when it is full, what survives a crash."""

from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from trio_sup import (
    Backoff,
    GenServer,
    Mailbox,
    MailboxFull,
    NoProcess,
    ServerExit,
    call,
    cast,
    child,
    open_supervisor,
)

SMALL = Mailbox(2)


class Box(GenServer):
    """Writes down what it serves, across its lives."""

    def __init__(self, served: Any, fail_starts: Any = ()) -> None:
        self.served = served
        self.fail_starts = fail_starts

    async def init(self) -> None:
        if self.life in self.fail_starts:
            raise ValueError("failed start")

    @call
    async def hold(self, seconds: Any) -> Any:
        await trio.sleep(seconds)
        return "held"

    @call
    async def get(self, item: Any) -> Any:
        self.served.append((self.life, item))
        return item

    @cast
    async def put(self, item: Any) -> None:
        self.served.append((self.life, item))

    @cast
    async def crash(self) -> None:
        raise ValueError("crash")

    @cast
    async def tick_soon(self) -> None:
        self.every(1, Box.put, "tick")

    @call.deferred
    async def never(self, caller: Any) -> None:
        self.caller = caller


def tree(served: Any, *args: Any, mailbox: Any = SMALL, **options: Any) -> Any:
    spec = child(Box, served, *args, id="box", mailbox=mailbox, **options)
    return open_supervisor([spec], max_restarts=9)


def items(served: Any) -> Any:
    return [item for _, item in served]


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


# What survives a crash: peer trap 13.


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

"""How a server starts, and how a start fails."""

import math
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from trio_sup import (
    Continue,
    Exit,
    GenServer,
    Ignore,
    NoProcess,
    ServerExit,
    StartFailed,
    StartIgnored,
    Stop,
    call,
    cast,
    child,
    current_node,
    open_supervisor,
)


class Starter(GenServer):
    """Does in `init` what it is told."""

    def __init__(self, story: Any, plan: Any = None) -> None:
        self.story = story
        self.plan = plan
        story.append("made")

    async def init(self) -> Any:
        self.story.append("init")
        if isinstance(self.plan, Exception):
            raise self.plan
        if isinstance(self.plan, (int, float)):
            await trio.sleep(self.plan)
        if isinstance(self.plan, Continue):
            self.ref.cast(Starter.note, "sent in init")
            return self.plan
        return None

    async def handle_continue(self, *args: Any) -> None:
        self.story.append(("continue", *args))
        if args and args[0] > 0:
            self.continue_with(args[0] - 1)

    @cast
    async def note(self, item: Any) -> None:
        self.story.append(item)

    @call
    async def ping(self) -> Any:
        return "pong"

    @call
    async def go_on(self) -> Any:
        self.continue_with(0)
        return "answer"

    async def terminate(self, exit: Exit) -> None:
        self.story.append("terminate")


class NoContinue(GenServer):
    async def init(self) -> Any:
        return Continue()


@pytest.mark.trio
async def test_start_child_returns_when_init_has_returned(
    autojump_clock: MockClock,
) -> None:
    """GS-001."""
    async with open_supervisor([]) as sup:
        story: list[Any] = []
        ref = await sup.start_child(child(Starter, story, 3))
        assert trio.current_time() == 3
        assert ref.status == "running"


@pytest.mark.trio
async def test_messages_sent_during_init_are_served_after_it(
    autojump_clock: MockClock,
) -> None:
    """GS-008: the mailbox is open from the start."""
    async with open_supervisor([]) as sup, trio.open_nursery() as nursery:
        story: list[Any] = []
        nursery.start_soon(sup.start_child, child(Starter, story, 3, id="slow"))
        await trio.testing.wait_all_tasks_blocked()
        ref = sup.server(Starter, "slow")
        ref.cast(Starter.note, "early")
        assert await ref.call(Starter.ping) == "pong"
        assert trio.current_time() == 3
        assert story == ["made", "init", "early"]


@pytest.mark.trio
async def test_continue_runs_before_any_message_even_those_sent_in_init() -> None:
    """GS-010, GS-037: and it may chain."""
    story: list[Any] = []
    async with open_supervisor([child(Starter, story, Continue(1))]) as sup:
        assert await sup.server(Starter, "Starter").call(Starter.ping) == "pong"
    continues = [("continue", 1), ("continue", 0)]
    assert story == ["made", "init", *continues, "sent in init", "terminate"]


@pytest.mark.trio
async def test_continue_with_runs_right_after_the_handler_and_its_answer() -> None:
    """GS-037."""
    story: list[Any] = []
    async with open_supervisor([child(Starter, story)]) as sup:
        ref = sup.server(Starter, "Starter")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ref.call, Starter.go_on)
            await trio.testing.wait_all_tasks_blocked()
            ref.cast(Starter.note, "later")
        await ref.call(Starter.ping)
    assert story == ["made", "init", ("continue", 0), "later", "terminate"]


@pytest.mark.trio
async def test_a_continue_without_a_handler_is_a_crash() -> None:
    """GS-038."""
    async with open_supervisor([], max_restarts=0) as sup:
        pass
    with pytest.raises(Exception, match="gave up") as caught:
        async with open_supervisor([child(NoContinue)], max_restarts=0):
            await trio.sleep_forever()
    assert isinstance(caught.value.__cause__, NotImplementedError)
    del sup


@pytest.mark.trio
async def test_a_failing_init_is_a_failed_start_and_terminate_does_not_run() -> None:
    """GS-003, GS-061."""
    async with open_supervisor([]) as sup:
        story: list[Any] = []
        with pytest.raises(StartFailed) as caught:
            await sup.start_child(child(Starter, story, ValueError("no")))
        assert isinstance(caught.value.__cause__, ValueError)
        assert caught.value.exit.kind == "crashed"
        assert story == ["made", "init"]
        assert sup.which_children() == []


@pytest.mark.trio
async def test_a_failing_constructor_is_a_failed_start() -> None:
    class Broken(GenServer):
        def __init__(self) -> None:
            raise ValueError("no")

    async with open_supervisor([]) as sup:
        with pytest.raises(StartFailed) as caught:
            await sup.start_child(child(Broken))
        assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.trio
async def test_ignore_is_no_error() -> None:
    """GS-002, SUP-027: a static spec stays, without a process."""
    story: list[Any] = []
    spec = child(Starter, story, Ignore(), id="lazy")
    async with open_supervisor([spec]) as sup:
        assert [(c.id, c.status) for c in sup.which_children()] == [("lazy", "stopped")]
        with pytest.raises(NoProcess):
            await sup.server(Starter, "lazy").call(Starter.ping)
        with pytest.raises(StartIgnored):
            await sup.start_child(child(Starter, story, Ignore(), restart="temporary"))
        assert "terminate" not in story


@pytest.mark.trio
async def test_stop_in_init_is_a_failed_start_without_a_crash() -> None:
    """GS-002, the quiet variant."""
    async with open_supervisor([]) as sup:
        with pytest.raises(StartFailed) as caught:
            await sup.start_child(child(Starter, [], Stop("no license")))
        assert caught.value.exit.kind == "shutdown"
        assert caught.value.exit.reason == "no license"


@pytest.mark.trio
async def test_the_name_is_free_again_when_a_failed_start_is_reported() -> None:
    """GS-004: a hundred times in a row."""
    async with open_supervisor([]) as sup:
        for _ in range(100):
            with pytest.raises(StartFailed):
                await sup.start_child(child(Starter, [], ValueError(), name="it"))
        await sup.start_child(child(Starter, [], name="it"))
        assert current_node().registry.lookup("it", Starter).status == "running"


@pytest.mark.trio
async def test_a_start_that_takes_too_long_is_cancelled_and_fails(
    autojump_clock: MockClock,
) -> None:
    """GS-006."""
    async with open_supervisor([]) as sup:
        story: list[Any] = []
        with pytest.raises(StartFailed) as caught:
            await sup.start_child(child(Starter, story, 9, start_timeout=2))
        assert trio.current_time() == 2
        assert isinstance(caught.value.__cause__, trio.TooSlowError)
        assert story == ["made", "init"]


@pytest.mark.trio
async def test_callers_that_wait_for_a_start_that_fails_are_answered(
    autojump_clock: MockClock,
) -> None:
    async with open_supervisor([]) as sup, trio.open_nursery() as nursery:
        spec = child(Starter, [], 9, id="slow", start_timeout=2)

        async def start() -> None:
            with pytest.raises(StartFailed):
                await sup.start_child(spec)

        nursery.start_soon(start)
        await trio.testing.wait_all_tasks_blocked()
        ref = sup.server(Starter, "slow")
        with pytest.raises(ServerExit):
            await ref.call(Starter.ping)
        assert trio.current_time() == 2


@pytest.mark.trio
async def test_a_full_mailbox_and_a_slow_start_together(
    autojump_clock: MockClock,
) -> None:
    """Peer trap 21: the calls still get through, what found no room is told so."""
    from trio_sup import Mailbox, MailboxFull

    story: list[Any] = []
    async with open_supervisor([]) as sup, trio.open_nursery() as nursery:
        spec = child(Starter, story, 5, id="slow", mailbox=Mailbox(2))
        nursery.start_soon(sup.start_child, spec)
        await trio.testing.wait_all_tasks_blocked()
        ref = sup.server(Starter, "slow")
        ref.cast(Starter.note, 1)
        ref.cast(Starter.note, 2)
        with pytest.raises(MailboxFull):
            ref.cast(Starter.note, 3)
        nursery.start_soon(ref.cast_wait, Starter.note, 4)
        assert await ref.call(Starter.ping) == "pong"
        assert trio.current_time() == 5
    assert story == ["made", "init", 1, 2, 4, "terminate"]


@pytest.mark.trio
async def test_a_server_knows_itself_from_init_on() -> None:
    class Self(GenServer):
        async def init(self) -> None:
            self.known = (self.id, self.path, self.life, self.key)
            self.me, self.boss = self.ref, self.supervisor

        @call
        async def know(self) -> Any:
            return self.known, self.me, self.boss

    async with open_supervisor([child(Self, id="me", name="address")]) as sup:
        ref = sup.server(Self, "me")
        known, me, boss = await ref.call(Self.know)
        assert known == ("me", ("root", "me"), 1, "address")
        assert me == ref
        assert boss == sup


def test_outside_of_a_supervisor_a_server_says_that_it_does_not_run() -> None:
    class Plain(GenServer):
        def __init__(self) -> None:
            self.ref  # noqa: B018 - the property raises

    with pytest.raises(RuntimeError, match="from init on"):
        Plain()
    server = Starter([])
    for name in ("ref", "id", "path", "life", "key", "supervisor"):
        with pytest.raises(RuntimeError, match="does not run"):
            getattr(server, name)
    with pytest.raises(RuntimeError, match="does not run"):
        server.send_info_after(1, "x")


@pytest.mark.trio
async def test_each_life_is_a_fresh_object() -> None:
    class Counting(GenServer):
        def __init__(self) -> None:
            self.count = 0

        @call
        async def up(self) -> Any:
            self.count += 1
            return self.count

    async with open_supervisor([child(Counting)]) as sup:
        ref = sup.server(Counting, "Counting").when_running()
        assert [await ref.call(Counting.up) for _ in range(2)] == [1, 2]
        await ref.stop()
        assert await ref.call(Counting.up) == 1


def test_a_spec_for_ever_is_the_default() -> None:
    assert child(Starter, []).start_timeout == math.inf

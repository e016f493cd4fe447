"""attach: the present task as a child with a mailbox."""

from typing import Any

import pytest
import trio
import trio.testing

from trio_sup import (
    AlreadyRegistered,
    Attached,
    Down,
    GenServer,
    MailboxFull,
    NoProcess,
    Registry,
    Stop,
    attach,
    call,
    child,
    current_node,
    monitor,
    open_supervisor,
)


class Room(GenServer):
    """Sends to whoever joined, and forgets those who left."""

    def __init__(self) -> None:
        self.viewers: list[Any] = []

    @call
    async def join(self, viewer: Any) -> None:
        self.viewers.append(viewer)
        self.monitor(viewer)

    @call
    async def say(self, text: Any) -> Any:
        for viewer in self.viewers:
            viewer.send(text)
        return len(self.viewers)

    async def handle_info(self, message: Any) -> None:
        self.viewers.remove(message.target)


@pytest.mark.trio
async def test_an_attached_task_is_a_viewer_like_any_other() -> None:
    async with open_supervisor([child(Room)]) as sup:
        room = sup.server(Room, "Room")
        async with attach() as me:
            await room.call(Room.join, me)
            assert await room.call(Room.say, "one") == 1
            assert await room.call(Room.say, "two") == 1
            assert [await me.receive(), await me.receive()] == ["one", "two"]
        await trio.testing.wait_all_tasks_blocked()
        assert await room.call(Room.say, "three") == 0


@pytest.mark.trio
async def test_it_is_found_by_its_name_as_long_as_the_block_lasts() -> None:
    registry = Registry()
    async with attach(name=registry.via("me")) as me:
        found = registry.get("me", Attached)
        assert found == me
        found.send("hello")
        assert await me.receive() == "hello"
        with pytest.raises(AlreadyRegistered):
            async with attach(name=registry.via("me")):
                pass
    assert registry.get("me") is None
    async with attach(name="mine") as me:
        assert current_node().registry.get("mine", Attached) == me


@pytest.mark.trio
async def test_iteration_ends_with_the_block_and_sending_too() -> None:
    heard: list[Any] = []

    async def listen(me: Any) -> None:
        heard.extend([message async for message in me])
        heard.append("over")

    async with trio.open_nursery() as nursery:
        async with attach() as me:
            nursery.start_soon(listen, me)
            me.send(1)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(trio.BusyResourceError):
                await me.receive()
    assert heard == [1, "over"]
    with pytest.raises(NoProcess, match="gone"):
        me.send(2)
    with pytest.raises(trio.EndOfChannel):
        await me.receive()


@pytest.mark.trio
async def test_its_mailbox_is_bounded() -> None:
    async with attach(capacity=2) as me:
        me.send(1)
        me.send(2)
        with pytest.raises(MailboxFull):
            me.send(3)
        assert me.waiting == 2
    async with attach(capacity=2, when_full="drop_oldest") as me:
        for number in (1, 2, 3):
            me.send(number)
        assert me.dropped == 1
        assert await me.receive() == 2


@pytest.mark.trio
@pytest.mark.parametrize(
    ("error", "kind"), [(None, "normal"), (ValueError(), "crashed"), (Stop(), "normal")]
)
async def test_others_hear_how_its_block_ended(error: Any, kind: Any) -> None:
    kinds: list[Any] = []

    async def watch(handle: Any) -> None:
        async with monitor(handle) as exits:
            kinds.extend([down.exit.kind async for down in exits])

    async with trio.open_nursery() as nursery:
        block = attach()
        me = await block.__aenter__()
        nursery.start_soon(watch, me)
        await trio.testing.wait_all_tasks_blocked()
        swallowed = await block.__aexit__(type(error) if error else None, error, None)
        assert not swallowed
    assert kinds == [kind]
    assert me.status == "gone"
    assert me.last_exit is not None
    assert me.last_exit.error is error or error is None or kind == "normal"


@pytest.mark.trio
async def test_a_cancelled_block_is_a_shutdown() -> None:
    with trio.CancelScope() as scope:
        async with attach() as me:
            scope.cancel()
            await trio.sleep_forever()
    assert me.last_exit is not None
    assert me.last_exit.kind == "shutdown"


@pytest.mark.trio
async def test_it_can_monitor_others_into_its_own_mailbox() -> None:
    async with open_supervisor([child(Room)]) as sup:
        async with attach(name="viewer") as me:
            watch = me.monitor(sup.child("Room"))
            await sup.terminate_child("Room")
            down = await me.receive()
            assert isinstance(down, Down)
            assert down.exit.kind == "shutdown"
            watch.cancel()
        assert me.path == ("attached", "viewer")
        assert me.life == 1


@pytest.mark.trio
async def test_inside_the_block_names_are_registered_for_it() -> None:
    registry = Registry()
    async with attach() as me:
        registry.register("a further name")
        assert registry.get("a further name", Attached) == me
    assert registry.get("a further name") is None
    with pytest.raises(NoProcess):
        registry.register("nobody")

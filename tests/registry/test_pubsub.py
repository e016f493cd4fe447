"""publish() to servers and to streams, and what becomes of slow ones."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_sup import (
    Exit,
    GenServer,
    Mailbox,
    Published,
    Registry,
    attach,
    call,
    child,
    open_supervisor,
)


class Listener(GenServer):
    def __init__(self, registry: Registry, *topics: str) -> None:
        self.registry = registry
        self.topics = topics
        self.heard: list[object] = []

    async def init(self) -> None:
        for topic in self.topics:
            self.registry.register(topic)

    async def handle_info(self, message: object) -> None:
        self.heard.append(message)

    @call
    async def what(self) -> list[object]:
        return self.heard


class Stuck(Listener):
    """Never gets to its messages."""

    async def init(self) -> None:
        await super().init()
        self.continue_with()

    async def handle_continue(self) -> None:
        await trio.sleep_forever()


@pytest.mark.trio
async def test_publish_reaches_every_server_of_the_topic_in_order(
    autojump_clock: trio.abc.Clock,
) -> None:
    topics = Registry("duplicate")
    specs = [
        child(Listener, topics, "news", id="a"),
        child(Listener, topics, "news", "sport", id="b"),
        child(Listener, topics, "sport", id="c"),
    ]
    async with open_supervisor(specs) as sup:
        assert topics.publish("news", 1) == Published(delivered=2, dropped=0)
        assert topics.publish("sport", 2) == Published(delivered=2, dropped=0)
        assert topics.publish("nobody", 3) == Published(delivered=0, dropped=0)
        heard = {id: await sup.server(Listener, id).call(Listener.what) for id in "abc"}
    assert heard == {"a": [1], "b": [1, 2], "c": [2]}


@pytest.mark.trio
async def test_publish_works_with_unique_keys_and_skips_what_is_no_server(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()

    async def mute() -> None:
        await trio.sleep_forever()

    specs = [
        child(Listener, registry, id="a", name=registry.via("a")),
        child(mute, name=registry.via("mute")),
    ]
    async with open_supervisor(specs) as sup:
        assert registry.publish("a", "hi").delivered == 1
        assert registry.publish("mute", "hi") == Published(0, 0)
        assert await sup.server(Listener, "a").call(Listener.what) == ["hi"]


@pytest.mark.trio
async def test_publish_reaches_an_attached_task(
    autojump_clock: trio.abc.Clock,
) -> None:
    topics = Registry("duplicate")
    async with attach(id="viewer") as me:
        topics.register("news")
        assert topics.publish("news", 1) == Published(1, 0)
        assert await me.receive() == 1
    assert topics.publish("news", 2) == Published(0, 0)


@pytest.mark.trio
async def test_a_full_mailbox_costs_the_publisher_nothing(
    autojump_clock: trio.abc.Clock,
) -> None:
    topics = Registry("duplicate")
    specs = [
        child(Stuck, topics, "t", id="full", mailbox=Mailbox(1), shutdown=0),
        child(Listener, topics, "t", id="fine"),
    ]
    async with open_supervisor(specs) as sup:
        results = [topics.publish("t", n) for n in range(3)]
        assert results == [Published(2, 0), Published(1, 1), Published(1, 1)]
        assert await sup.server(Listener, "fine").call(Listener.what) == [0, 1, 2]


@pytest.mark.trio
async def test_a_server_on_its_way_down_counts_as_dropped(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Lingering(Listener):
        async def terminate(self, exit: Exit) -> None:
            assert topics.publish("t", "late") == Published(0, 1)

    topics = Registry("duplicate")
    async with open_supervisor([child(Lingering, topics, "t", id="a")]) as sup:
        await sup.terminate_child("a")
        assert sup.child("a").last_exit == Exit(
            "shutdown", "supervisor root: terminate_child"
        )


@pytest.mark.trio
async def test_a_plain_task_reads_a_topic_as_a_stream(
    autojump_clock: trio.abc.Clock,
) -> None:
    topics = Registry("duplicate")
    topics.publish("t", "before anybody listens")
    with topics.subscribe("t") as feed:
        assert topics.publish("t", 1) == Published(1, 0)
        topics.publish("other", 99)
        topics.publish("t", 2)
        assert feed.waiting == 2
        got = []
        async for message in feed:
            got.append(message)
            if len(got) == 2:
                break
        assert feed.receive_nowait() is None
    assert got == [1, 2]
    assert topics.publish("t", 3) == Published(0, 0)
    assert topics._subscribers == {}
    with pytest.raises(trio.ClosedResourceError):
        await anext(feed)


@pytest.mark.trio
async def test_a_waiting_reader_is_woken(autojump_clock: trio.abc.Clock) -> None:
    topics = Registry("duplicate")
    got: list[int] = []

    async def read() -> None:
        with topics.subscribe("t", int) as feed:
            got.append(await anext(feed))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        # Another class passes by without a trace.
        assert topics.publish("t", "text") == Published(0, 0)
        assert topics.publish("t", 7) == Published(1, 0)
    assert got == [7]


@pytest.mark.trio
async def test_drop_oldest_keeps_the_newest(autojump_clock: trio.abc.Clock) -> None:
    topics = Registry()
    with topics.subscribe("t", int, capacity=2) as feed:
        results = [topics.publish("t", n) for n in range(5)]
        assert results == [Published(1, 0)] * 5
        assert feed.dropped == 3
        assert [feed.receive_nowait(), feed.receive_nowait()] == [3, 4]


@pytest.mark.trio
async def test_drop_newest_keeps_the_oldest(autojump_clock: trio.abc.Clock) -> None:
    topics = Registry()
    with topics.subscribe("t", capacity=2, when_full="drop_newest") as feed:
        results = [topics.publish("t", n) for n in range(3)]
        assert results == [Published(1, 0), Published(1, 0), Published(0, 1)]
        assert feed.dropped == 1
        assert [feed.receive_nowait(), feed.receive_nowait()] == [0, 1]


@pytest.mark.trio
async def test_disconnect_ends_a_slow_subscription_after_what_was_queued(
    autojump_clock: trio.abc.Clock,
) -> None:
    topics = Registry()
    with topics.subscribe("t", capacity=1, when_full="disconnect") as feed:
        topics.publish("t", "kept")
        assert topics.publish("t", "too much") == Published(0, 1)
        assert topics.publish("t", "nobody there") == Published(0, 0)
        assert await anext(feed) == "kept"
        with pytest.raises(trio.BrokenResourceError, match="full"):
            await anext(feed)


@pytest.mark.trio
async def test_a_subscription_ends_with_its_block_even_when_cancelled(
    autojump_clock: trio.abc.Clock,
) -> None:
    topics = Registry()
    with trio.move_on_after(1):
        with topics.subscribe("t") as feed:
            await anext(feed)
    assert topics._subscribers == {}


def test_a_subscription_refuses_bad_options() -> None:
    topics = Registry()
    for size in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="capacity"):
            topics.subscribe("t", capacity=size)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'disconnect'"):
        topics.subscribe("t", when_full="block")  # type: ignore[call-overload]


@pytest.mark.trio
async def test_a_subscription_is_opened_once_only() -> None:
    feed = Registry().subscribe("t")
    with feed:
        pass
    with pytest.raises(RuntimeError, match="once"):
        with feed:
            pass

"""Trees of what stands beside servers, and who uses it: names, monitors, tasks, topics."""

from __future__ import annotations

from typing import Any

import trio

from trio_sup import (
    AlreadyRegistered,
    ChildSpec,
    Down,
    GenServer,
    Mailbox,
    NoSuchChild,
    Registry,
    Supervisor,
    call,
    cast,
    child,
    dynamic_supervisor,
    monitor,
    supervisor,
    whereis,
)
from trio_sup.testing import World

from .using import again, all_of
from .work_ground import ALLOWED, jobs, picks, shards, works

# Names.


class Clerk(GenServer):
    """Takes further names, changes what stands beside them, gives them up."""

    def __init__(self, books: Books) -> None:
        self.books = books

    async def init(self) -> None:
        await trio.sleep(0.125)
        self.books.many.register("clerks", self.life)
        self.books.many.register("clerks", -self.life)
        for key in ("desk", self.id), "chair":
            try:
                self.books.one.register(key, self.life)
            except AlreadyRegistered:
                pass

    @call
    async def count(self) -> int:
        key = ("desk", self.id)
        try:
            new, _ = self.books.one.update_value(key, lambda old: old + 1)
        except NoSuchChild:
            return 0
        return int(str(new))

    @cast
    async def leave(self) -> None:
        self.books.many.unregister_match("clerks", lambda value: value < 0)
        self.books.one.unregister(("desk", "b" if self.id == "a" else "a"))
        if self.life % 2:
            self.books.one.unregister(("desk", self.id))

    async def handle_info(self, message: object) -> None:
        await trio.sleep(0.25)


class Books:
    def __init__(self) -> None:
        self.one = Registry(name="one")
        self.many = Registry("duplicate", name="many")
        self.heard: list[object] = []

    def listen(self, notice: object) -> None:
        self.heard.append(notice)


def offices() -> tuple[ChildSpec[Supervisor], Books]:
    from trio_sup import Backoff

    books = Books()
    keep = Mailbox(2)
    backoff = Backoff(initial=0.5, jitter=0, immediate_first=False)
    clerks = [
        child(Clerk, books, id="a", name="a", mailbox=keep, backoff=backoff),
        child(Clerk, books, id="b", name=books.one.via("b", 0), mailbox=keep),
        dynamic_supervisor(id="rooms", max_restarts=5),
    ]
    return supervisor(clerks, max_restarts=6, id="offices"), books


async def calls_offices(world: World) -> None:
    books: Books = world.app
    books.one.add_listener(books.listen)
    rooms = world.root.dynamic("rooms")
    room = child(Clerk, books, name="room", restart="transient")

    async def counts() -> None:
        await whereis_or_wait(world, "a").call(Clerk.count)
        clerk = whereis("a", Clerk)
        if clerk is not None:
            clerk.try_cast(Clerk.leave)

    async def waits() -> None:
        ref = await books.one.wait_for(("desk", "b"), Clerk)
        await ref.call(Clerk.count)

    async def waits_too() -> None:
        ref = await books.one.wait_for("b", Clerk)
        ref.try_cast(Clerk.leave)

    async def rents() -> None:
        ref = await rooms.get_or_start(room)
        await ref.call(Clerk.count)
        await trio.sleep(0.5)
        await rooms.terminate_child(ref)

    async def asks_somebody() -> None:
        ref = await rooms.get_or_start(child(Clerk, books, name="a"))
        await ref.call(Clerk.count)

    async def takes_over() -> None:
        await rooms.start_child(child(Clerk, books, name="a", restart="temporary"))

    async def locks() -> None:
        async with books.one.lock("k"):
            await trio.sleep(0.25)

    async def gives_up() -> None:
        with trio.move_on_after(0.125):
            await locks()

    await all_of(
        lambda: again(counts, 0.5),
        lambda: again(waits, 0.75),
        lambda: again(waits, 0.5),
        lambda: again(waits_too, 0.5),
        lambda: again(rents, 0.75),
        lambda: again(asks_somebody, 0.375),
        lambda: again(takes_over, 1.5),
        lambda: again(locks, 0.125),
        lambda: again(locks, 0.25),
        lambda: again(gives_up, 0.375),
    )


def whereis_or_wait(world: World, id: str) -> Any:
    return world.root.server(Clerk, id).when_running()


# Topics.


class Board(GenServer):
    """Hears of news, slowly."""

    def __init__(self, topics: Registry) -> None:
        self.topics = topics

    async def init(self) -> None:
        self.topics.register("news")

    async def handle_info(self, message: object) -> None:
        await trio.sleep(0.25)


def boards() -> tuple[ChildSpec[Supervisor], Registry]:
    topics = Registry("duplicate", name="topics")
    boxes = Mailbox(2, when_full="reject"), Mailbox(2, when_full="drop_oldest")
    specs = [
        child(Board, topics, id=f"b{number}", mailbox=mailbox)
        for number, mailbox in enumerate(boxes)
    ]
    return supervisor(specs, max_restarts=6, id="boards"), topics


async def publishes(world: World) -> None:
    topics: Registry = world.app

    async def speaks() -> None:
        for number in range(4):
            topics.publish("news", number)
        topics.publish("news", "words")

    async def reads(policy: Any, seconds: float) -> None:
        with topics.subscribe("news", int, capacity=3, when_full=policy) as news:
            left = 6
            async for _ in news:
                await trio.sleep(seconds)
                left -= 1
                if not left:
                    return

    async def reads_on(policy: Any, seconds: float) -> None:
        while True:
            try:
                await reads(policy, seconds)
            except trio.BrokenResourceError:
                await trio.sleep(0.5)

    await all_of(
        lambda: again(speaks, 0.5),
        lambda: reads_on("drop_oldest", 0.375),
        lambda: reads_on("drop_newest", 0.375),
        lambda: reads_on("disconnect", 0.25),
    )


# Monitors.


class Watcher(GenServer):
    """Watches the others, and gives it up at times."""

    async def init(self) -> None:
        self.downs: list[Down] = []
        self.watched: list[Any] = []

    @cast
    async def watch(self, target: Any) -> None:
        while len(self.watched) > 2:
            self.watched.pop(0).cancel()
        self.watched.append(self.monitor(target))
        self.watched.append(self.monitor(target, until="stopped"))

    @cast
    async def rest(self) -> None:
        await trio.sleep(0.25)

    @cast
    async def give_up(self) -> None:
        await trio.sleep(0.25)
        while self.watched:
            self.watched.pop().cancel()

    async def handle_info(self, message: object) -> None:
        if isinstance(message, Down):
            self.downs.append(message)
        await trio.sleep(0.125)


async def short(seconds: float) -> None:
    await trio.sleep(seconds)


async def fails_after(seconds: float) -> None:
    await trio.sleep(seconds)
    raise trio.TooSlowError


def guards() -> ChildSpec[Supervisor]:
    return supervisor(
        [
            child(Watcher, id="w", mailbox=Mailbox(2)),
            child(short, 1.5, id="t", restart="transient"),
            child(short, 0.75, id="p"),
            dynamic_supervisor(id="pool", max_restarts=20),
        ],
        max_restarts=20,
        id="guards",
    )


async def watches(world: World) -> None:
    pool = world.root.dynamic("pool")
    seen: list[Any] = [world.root.child("t"), world.root.child("p")]

    async def asks() -> None:
        watcher = world.root.server(Watcher, "w")
        for target in seen[-2:]:
            watcher.try_cast(Watcher.watch, target)
        await trio.sleep(0.25)
        watcher.try_cast(Watcher.give_up)

    async def starts() -> None:
        spec = child(short, 0.5, restart="temporary")
        seen.append(await pool.start_child(spec))
        watcher = world.root.server(Watcher, "w")
        watcher.try_cast(Watcher.watch, seen[-1])
        del seen[:-3]
        for pause in 0.375, 0.0625, 0:  # full when that child ends
            await trio.sleep(pause)
            watcher.try_cast(Watcher.rest)

    async def reads() -> None:
        async with monitor(world.root.child("p")) as exits:
            for pause in 0.75, 2.0, 0:  # meanwhile several ends come
                await anext(exits)
                await trio.sleep(pause)

    async def reads_last() -> None:
        for target in seen:
            async with monitor(target, until="stopped") as exits:
                async for _ in exits:
                    pass

    await all_of(
        lambda: again(asks, 0.75),
        lambda: again(starts, 0.75),
        lambda: again(reads, 0.25),
        lambda: again(reads_last, 0.25),
    )


BESIDE_TREES: list[Any] = [
    ("offices", offices, calls_offices),
    ("boards", boards, publishes),
    ("guards", guards, watches),
    ("jobs", jobs, works, ALLOWED),
    ("shards", shards, picks),
]

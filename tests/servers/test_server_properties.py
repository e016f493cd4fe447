"""Laws of servers, whatever senders, crashes, stops and suspensions do.

Several senders send a drawn mixture of messages, one after the other, to one server;
an operator suspends, resumes, stops and looks at it meanwhile. Under virtual time,
with a drawn schedule. Afterwards the log of what was served is compared with what
each sender was told.
"""

import itertools
import math
from collections import Counter
from typing import Any, TypeAlias

import attrs
import trio
from hypothesis import given, strategies as st
from trio.testing import MockClock

from tests.injection.faults import scheduled
from trio_sup import (
    Backoff,
    Caller,
    GenServer,
    Mailbox,
    MailboxFull,
    NoProcess,
    ServerExit,
    ServerRef,
    Stop,
    call,
    cast,
    child,
    open_supervisor,
)
from trio_sup.testing._run.quiet import quiet_log

Id: TypeAlias = tuple[int, int]
"""A message: its sender, and its number there."""


class Declared(Exception):
    pass


@attrs.define
class Log:
    """What happened in one run."""

    served: list[tuple[int, Id]] = attrs.Factory(list[tuple[int, Id]])
    """Life and message, as its handler began."""
    sent: dict[Id, int] = attrs.Factory(dict[Id, int])
    """The life that each message was sent to, where that is known."""
    told: dict[Id, str] = attrs.Factory(dict[Id, str])
    """How each message ended for its sender."""
    wrong: list[str] = attrs.Factory(list[str])


class Subject(GenServer):
    """Does with each message what the message says."""

    def __init__(self, log: Log, init_time: float) -> None:
        self.log = log
        self.init_time = init_time
        self.kept: list[Caller[Id]] = []

    async def init(self) -> None:
        await trio.sleep(self.init_time)

    async def serve(self, id: Id, seconds: float, end: str) -> Id:
        self.log.served.append((self.life, id))
        if seconds:
            await trio.sleep(seconds)
        if end == "crash":
            raise ValueError(id)
        if end == "stop":
            raise Stop
        if end == "declared":
            raise Declared(id)
        if end == "flush":
            for caller in self.kept:
                caller.reply((-1, -1))
                caller.reply(id)  # the first answer wins
            self.kept.clear()
        return id

    @call(raises=(Declared,))
    async def ask(self, id: Id, seconds: float, end: str) -> Id:
        return await self.serve(id, seconds, end)

    @call.deferred(raises=(Declared,))
    async def ask_later(
        self, caller: Caller[Id], id: Id, seconds: float, end: str
    ) -> None:
        await self.serve(id, seconds, end)
        self.kept.append(caller)

    @cast
    async def tell(self, id: Id, seconds: float, end: str) -> None:
        await self.serve(id, seconds, "" if end == "declared" else end)

    async def handle_info(self, message: Any) -> None:
        await self.tell(*message)


KINDS = ("call", "call", "deferred", "cast", "send", "try_cast", *["cast_wait"] * 3)
ENDS = ("", "", "", "", "declared", "flush", "crash", "stop")
TIMES = st.sampled_from((0, 0, 0, 0.5, 1, 3))


@attrs.frozen
class Message:
    kind: str
    pause: float
    seconds: float
    end: str
    timeout: float
    view: str


MESSAGES = st.builds(
    Message,
    kind=st.sampled_from(KINDS),
    pause=TIMES,
    seconds=TIMES,
    end=st.sampled_from(ENDS),
    timeout=st.sampled_from((0, 0.5, 1, 2, math.inf, math.inf)),
    view=st.sampled_from(("", "with_timeout", "expiring", "when_running")),
)

OPERATIONS = st.tuples(
    st.sampled_from(("suspend", "resume", "resume", "look", "stop", "state")), TIMES
)

MAILBOXES = st.builds(
    Mailbox,
    st.sampled_from((1, 1, 2, 5, math.inf)),
    when_full=st.sampled_from(("reject", "reject", "drop_oldest", "drop_newest")),
    on_crash=st.sampled_from(("fail", "keep")),
)


async def send_one(ref: ServerRef[Subject], log: Log, id: Id, message: Message) -> str:
    """Send one message and return how it ended for its sender."""
    payload = (id, message.seconds, message.end)
    match message.kind:
        case "send":
            ref.send(payload)
        case "cast":
            ref.cast(Subject.tell, *payload)
        case "try_cast":
            return "queued" if ref.try_cast(Subject.tell, *payload) else "refused"
        case "cast_wait":
            await ref.cast_wait(Subject.tell, *payload)
        case "call":
            answer = await ref.call(Subject.ask, *payload)
            if answer != id:
                log.wrong.append(f"{id} got the answer {answer}")
            return "answered"
        case _:
            answer = await ref.call(Subject.ask_later, *payload)
            if answer != (-1, -1):
                log.wrong.append(f"{id} got the answer {answer}")
            return "answered"
    return "queued"


async def send_all(
    ref: ServerRef[Subject], log: Log, sender: int, messages: list[Message]
) -> None:
    for number, message in enumerate(messages):
        await trio.sleep(message.pause)
        id, view, told = (sender, number), ref, "cancelled"
        if message.view in ("with_timeout", "expiring"):
            view = getattr(ref, message.view)(message.timeout)
        elif message.view:
            view = ref.when_running()
        if message.view != "when_running" and message.kind != "cast_wait":
            log.sent[id] = ref.life
        try:
            with trio.move_on_after(message.timeout):
                told = await send_one(view, log, id, message)
        except Declared as error:
            told = "declared" if error.args == (id,) else f"wrong {error.args}"
        except (NoProcess, ServerExit, MailboxFull, trio.TooSlowError) as error:
            told = type(error).__name__
        if id in log.told:
            log.wrong.append(f"{id} ended twice")
        log.told[id] = told
        check_mailbox(ref)


async def operate(
    ref: ServerRef[Subject], log: Log, operations: list[tuple[str, float]]
) -> None:
    for operation, pause in operations:
        await trio.sleep(pause)
        try:
            match operation:
                case "suspend":
                    await ref.suspend()
                case "resume":
                    await ref.resume()
                case "state":
                    state = await ref.get_state()
                    assert state["log"] is log
                case "stop":
                    with trio.move_on_after(1):
                        await ref.stop()
                case _:
                    check_mailbox(ref)
        except (NoProcess, ServerExit):
            pass


async def look_after(ref: ServerRef[Subject]) -> None:
    """See to it that every call can end: nobody may wait for ever.

    Patiently: what has to end by itself must not be rescued by this.
    """
    for turn in itertools.count():
        await trio.sleep(7)
        try:
            await ref.when_running().resume()
            payload = ((-2, turn), 0, "flush")
            await ref.when_running().with_timeout(50).call(Subject.ask, *payload)
        except (ServerExit, trio.TooSlowError):
            pass


def check_mailbox(ref: ServerRef[Subject]) -> None:
    queue = ref.mailbox
    items = [*queue.batch, *queue.inbox]
    kinds = Counter(type(item).__name__ for item in items)
    assert queue.bounded == kinds["CastNote"] + kinds["InfoNote"] <= queue.capacity
    assert queue.stops == kinds["StopNote"]
    if queue.blocked:
        assert queue.bounded == queue.capacity
        assert queue.accepting, "a sender waits for room that cannot come"
    assert queue.peak >= queue.depth == len(items)


def check_log(log: Log, mailbox: Mailbox) -> None:
    assert log.wrong == []
    served = [id for _, id in log.served]
    assert len(served) == len(set(served)), "a message was served twice"
    for sender in {sender for sender, _ in served}:
        numbers = [number for one, number in served if one == sender]
        assert numbers == sorted(numbers), "messages of one sender changed places"
    lives = [life for life, _ in log.served]
    assert lives == sorted(lives), "lives overlapped"
    for life, id in log.served:
        sent = log.sent.get(id, life)
        assert sent <= life
        assert sent == life or mailbox.on_crash == "keep", "it outlived its life"
    seen = set(served)
    for id, told in log.told.items():
        if told in ("NoProcess", "MailboxFull", "refused"):
            assert id not in seen, f"{id} was served though its sender got {told}"
        if told in ("answered", "declared"):
            assert id in seen, f"{id} was answered without being served"
        assert "wrong" not in told


@given(
    st.lists(st.lists(MESSAGES, max_size=8), min_size=1, max_size=4),
    st.lists(OPERATIONS, max_size=8),
    MAILBOXES,
    st.sampled_from((0, 0, 1)),
    st.sampled_from((None, Backoff(initial=1, jitter=0, immediate_first=False))),
    st.integers(0, 2**16),
)
def test_every_message_ends_in_exactly_one_way_and_in_order(
    senders: list[list[Message]],
    operations: list[tuple[str, float]],
    mailbox: Mailbox,
    init_time: float,
    backoff: Backoff | None,
    seed: int,
) -> None:
    log = Log()

    async def main() -> None:
        spec = child(
            Subject,
            log,
            init_time,
            id="subject",
            mailbox=mailbox,
            backoff=backoff,
            shutdown=math.inf,
        )
        with trio.fail_after(1000):
            async with open_supervisor([spec], max_restarts=999) as sup:
                ref = sup.server(Subject, "subject")
                async with trio.open_nursery() as above:
                    above.start_soon(look_after, ref)
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(operate, ref, log, operations)
                        for sender, messages in enumerate(senders):
                            nursery.start_soon(send_all, ref, log, sender, messages)
                    above.cancel_scope.cancel()
                check_mailbox(ref)
                await settle(ref)
                now = ref.statistics()
                if mailbox.on_crash == "fail" and mailbox.when_full == "reject":
                    assert now.received == now.handled
                    assert now.dropped == 0
            queue = ref.mailbox
            left = (queue.deferred, queue.outgoing, queue.blocked, queue.system)
            assert not any(left)
            assert not any((queue.batch, queue.inbox, queue.bounded, queue.stops))
            assert queue.current is None
            assert queue.parked is None

    # Each crash would be logged with its traceback, thousands of times.
    with quiet_log(), scheduled(str(seed)):
        trio.run(main, clock=MockClock(autojump_threshold=0))
    check_log(log, mailbox)
    assert len(log.told) == sum(map(len, senders)), "somebody was left without an end"


async def settle(ref: ServerRef[Subject]) -> None:
    """Wait until the server is idle."""
    while True:
        try:
            await ref.when_running().resume()
            while ref.statistics().mailbox or ref.mailbox.current is not None:
                await trio.sleep(1)
            await ref.when_running().call(Subject.ask, (-1, id(object())), 0, "")
            return
        except ServerExit:
            continue

"""attach: the present task as a child with a mailbox, under no supervisor."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Hashable
from contextlib import suppress
from functools import partial
from typing import Any, cast

import trio
from trio.lowlevel import current_task, enable_ki_protection

from trio_sup._children.current import Attachment, attachment
from trio_sup._children.life import PlainBody, note_exit
from trio_sup._children.naming import (
    hide_names,
    release_name,
    reserve_name,
    show_name,
)
from trio_sup._children.record import Child, Record
from trio_sup._children.watching import Until
from trio_sup._core.exits import NORMAL, Exit
from trio_sup._core.judge import classify
from trio_sup._core.policies import Mailbox, WhenFull
from trio_sup._core.specs import ChildSpec, Runs
from trio_sup._node.attached import PATH, AttachedRecord
from trio_sup._node.node import node_for
from trio_sup._servers.mailbox import MailQueue
from trio_sup._servers.messages import DownNote, InfoNote
from trio_sup._servers.monitors import Monitor, watch_for_server
from trio_sup._trio.blocks import async_block
from trio_sup._trio.last_resort import report_fault
from trio_sup._trio.life_scope import new_scope
from trio_sup._trio.protect import protected


@protected
class _Box(MailQueue, PlainBody):
    """The body of a task that others run: it has messages, and no more."""

    __slots__ = ()

    @property
    def mailbox(self) -> Any:
        """Its messages."""
        return self


@protected
class Attached(Child):
    """A task that `attach` made a child: others send to it and monitor it.

    It is iterated over by its own task: ``async for message in me``. Nobody supervises
    or restarts it; whoever looks at the node sees it under ``attached``.
    """

    __slots__ = ()

    @classmethod
    def of(cls, record: Record) -> Attached:
        """Make the handle of a record; not for users."""
        return cls._create(record)

    @property
    def path(self) -> tuple[Hashable, ...]:
        """``attached``, and its id."""
        return PATH, self.record.id

    @property
    def queue(self) -> MailQueue:
        """Its messages; not for users."""
        queue: MailQueue = self.record.mailbox
        return queue

    def send(self, message: object) -> None:
        """Put any object into its mailbox. Never blocks, no checkpoint.

        Raises:
            NoProcess: its block has been left.
            MailboxFull: no room (unless the mailbox drops instead).
            WrongRun: called from a thread or from another Trio run.
        """
        self.queue.put_note(InfoNote(message))

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return self.queue.depth

    @property
    def dropped(self) -> int:
        """How many messages were forgotten because the mailbox was full."""
        return self.queue.dropped

    def monitor(self, target: Child, *, until: Until = "life") -> Monitor:
        """Hear of the ends of a child: each puts a `Down` into this mailbox.

        As `GenServer.monitor`; ends with the block.
        """
        return watch_for_server(self.record, target, until)

    async def receive(self) -> Any:
        """Wait for the next message and return it. A checkpoint.

        Raises:
            trio.EndOfChannel: the block has been left.
            trio.BusyResourceError: another task waits here already.
            WrongRun: called from a thread or from another Trio run.
        """
        queue = self.queue
        home = self.record.node.home
        home.check_if_going("attached.receive", self.path_text, waits=True)
        await trio.lowlevel.checkpoint()
        while True:
            item = queue.take()
            if isinstance(item, InfoNote) or (
                isinstance(item, DownNote) and item.monitor.wants()
            ):
                return item.message
            if item is None:
                if not self.record.alive:
                    raise trio.EndOfChannel
                if queue.parked is not None:
                    raise trio.BusyResourceError("another task waits for messages")
                await queue.park()
            else:
                queue.took(0, gone=1)  # nobody wants it

    def __aiter__(self) -> Attached:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None


@async_block
@enable_ki_protection
async def attach(
    *,
    name: Hashable | None = None,
    id: Hashable | None = None,
    capacity: float = 1024,
    when_full: WhenFull = "reject",
) -> AsyncGenerator[Attached, None]:
    """Make the present task a child with a mailbox, for the length of the block.

    For a task that somebody else started, such as the handler of a websocket:
    inside, others find it by its name, send to it and monitor it, and
    `Registry.register` registers it. It is not supervised: an error goes up as
    usual, after those who watch have heard of it.

    Args:
        name: An address, as for `child`; free again at the end of the block.
        id: The last part of its path, under ``attached``; by default the name's key,
            or ``attached-`` and a number.
        capacity: How many messages may wait.
        when_full: What becomes of a message without room, as for `Mailbox`.

    Raises:
        AlreadyRegistered: the name is in use.
        ChildSpecError: an invalid argument.
    """
    me = _begin(name, id, Mailbox(capacity, when_full=when_full))
    record = me.record
    assert isinstance(record, AttachedRecord)
    before = attachment.set(Attachment(me.record, attachment.get()))
    exit = NORMAL
    try:
        yield me
    except BaseException as error:
        exit = _exit_for(me.record, error)
        raise
    finally:
        # First what others wait for. The block may be left in another context than it
        # was entered in: by the one who closes an async generator, or by Trio when
        # nobody does. There is nothing to reset then; what is over counts as gone.
        _end(record, exit)
        with suppress(ValueError):
            attachment.reset(before)


def _begin(name: Hashable | None, id: Hashable | None, mailbox: Mailbox) -> Attached:
    spec: ChildSpec[Attached] = ChildSpec(
        kind="task",
        target="attached",
        id=id,
        name=name,
        restart="temporary",
        runs=Runs(handle=Attached.of, body=partial(_Box, policy=mailbox)),
    )
    node = node_for("attach", 'async with attach(name="me") as me: ...')
    if id is None:
        id = getattr(name, "key", name)
    record = AttachedRecord(spec, id, node, node.attached)
    me = cast("Attached", record.handle)
    reserve_name(record)
    record.life = record.started_life = 1
    record.life_began = trio.current_time()
    record.scope = new_scope()  # never entered: the task is somebody else's
    record.task = current_task()
    record.ready = True
    record.enter("ready")
    me.queue.open()
    show_name(record)
    record.begin()
    return me


def _end(record: AttachedRecord, exit: Exit) -> None:
    queue: MailQueue | None = record.mailbox
    assert queue is not None
    parked = queue.parked
    record.life_done()
    record.ready = False
    record.enter("forgotten")
    hide_names(record)
    release_name(record)
    if parked is not None:
        queue.wake()
    queue.life_over(exit)
    note_exit(record, exit, trio.current_time())
    record.end()


def _exit_for(record: Record, error: BaseException) -> Exit:
    """Return how the block ended: what cancels it is not known here, but it was meant."""
    ends = (trio.Cancelled, GeneratorExit)  # the latter: its generator is closed
    exit, _, fault = classify(record.ending, error, ends, cancelled=True, ready=True)
    if fault is not None:
        report_fault(record.path_text, fault)
    return exit

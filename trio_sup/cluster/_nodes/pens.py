"""Who writes the states of durable servers of one node, and by which right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
from attrs import define

from trio_sup._children.current import present_record
from trio_sup._trio.protect import protected
from trio_sup.cluster._backends.link import LinkDown
from trio_sup.cluster._nodes.names import DurableVia, GlobalNames
from trio_sup.cluster._nodes.states import dump
from trio_sup.cluster._rules.words import Kept

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup.cluster._nodes.names import Held


@define(eq=False)
class Pen:
    """The right of one life to write the state of its name."""

    held: Held
    written: tuple[str | None, bytes] | None = None
    """What was written last, and to which memory of the engine."""


@protected
class Pens:
    """Reads and writes states, with the token of whose they are.

    What cannot be written is tried again, as it harms nobody to write it twice: until it
    is written, or until the lease is over and the life with it.
    """

    def __init__(self, names: GlobalNames) -> None:
        self._names = names
        self._pens: dict[int, Pen] = {}

    async def read(self, record: Record) -> bytes | None:
        """Return the state of a child's name, and be who writes it from now on."""
        held = self._names.held_by(record)
        while held is not None and held.session.valid():
            session = held.session
            try:
                answer = await session.ask(
                    session.link.states.open(held.name, held.token)
                )
            except LinkDown:
                await trio.sleep(session.lease.next_beat(0.0, answered=False))
                continue
            if isinstance(answer, Kept):
                self._pens[record.uid] = Pen(held)
                return answer.data
            break
        await self._superseded(record)
        return None

    async def write(self, record: Record, data: bytes) -> None:
        """Write the state of a child's name, unless it is written like that."""
        pen = self._pens[record.uid]
        session = pen.held.session
        while session.valid():
            mark = (session.holdings.generation, data)
            if pen.written == mark:
                return
            try:
                done = await session.ask(
                    session.link.states.write(pen.held.name, pen.held.token, data)
                )
            except LinkDown:
                await trio.sleep(session.lease.next_beat(0.0, answered=False))
                continue
            if done:
                pen.written = mark
                return
            break
        await self._superseded(record)

    async def write_last(self, record: Record, data: bytes) -> None:
        """Write what a life leaves that ends in order, if it may still be written."""
        pen = self._pens.get(record.uid)
        if pen is None or not pen.held.session.valid():
            return
        # Also if the life was cancelled: to hand over is why it ends.
        with trio.move_on_after(pen.held.session.lease.patience, shield=True):
            await self.write(record, data)

    def forget(self, record: Record) -> None:
        """A child is at rest."""
        self._pens.pop(record.uid, None)

    async def _superseded(self, record: Record) -> None:
        """The name is another's: this life ends here."""
        self._names.give_up(record)
        await trio.sleep_forever()


async def save_state() -> None:
    """Write the state of the present child now. A checkpoint.

    For servers that are durable, whenever their state is written otherwise. Returns when
    it is written; if the name was lost meanwhile, the life ends here.

    Raises:
        RuntimeError: the present task is not that of a server which is durable.
        NotPortable: the state cannot be kept.
    """
    record = present_record()
    name = None if record is None else record.spec.name
    if record is None or not isinstance(name, DurableVia):
        raise RuntimeError(
            "save_state() is for servers that are durable: "
            "child(..., name=cluster.name(key, durable=...))"
        )
    await name.keeper.write(record, dump(record.mailbox.server))

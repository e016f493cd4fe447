"""What comes to a node: it is read, counted, and given to whom it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from attrs import Factory, define

from trio_sup._trio.log import Log
from trio_sup._trio.protect import protected
from trio_sup.cluster._rules.frames import (
    Again,
    Answer,
    Ask,
    BadFrame,
    LifeEnded,
    Look,
    Message,
    Post,
    Seen,
    Unwatch,
    Watch,
    decode,
)
from trio_sup.cluster._rules.sequence import Incoming
from trio_sup.cluster._rules.words import (
    Frame,
    Freed,
    Posted,
    Push,
    Recorded,
    Reset,
    Undelivered,
)

if TYPE_CHECKING:
    from trio_sup.cluster._nodes.calls import Calls
    from trio_sup.cluster._nodes.inbox import Inbox
    from trio_sup.cluster._nodes.looking import Looks
    from trio_sup.cluster._nodes.monitors import Monitors
    from trio_sup.cluster._nodes.outbox import Outbox
    from trio_sup.cluster._nodes.session import Session
    from trio_sup.cluster._nodes.shelves import Shelves
    from trio_sup.cluster._nodes.topics import Subscriptions

_log: Final = Log("trio_sup.cluster")


class Own(Protocol):
    """The parts of a node that something may be for."""

    name: str
    casts_lost: int
    outbox: Outbox
    calls: Calls
    monitors: Monitors
    inbox: Inbox
    shelves: Shelves
    topics: Subscriptions
    looks: Looks

    def chance(self) -> None:
        """What could not be done may be possible now."""


@define(eq=False)
class Mail:
    """What comes to one node, over all its incarnations."""

    own: Own
    _longest: int
    """More bytes than this are no message."""
    incoming: Incoming = Factory(Incoming)
    malformed: int = 0
    unexpected: int = 0

    def take(self, session: Session, push: Push) -> None:
        """Take one thing that the engine sends. No checkpoint."""
        own = self.own
        match push:
            case Frame(data):  # first, as most are messages
                message = self._decoded(data)
                if message is not None:
                    self._read(session, message)
            case Freed():
                session.freed.wake()
                own.chance()
            case Recorded():
                own.shelves.recorded(push)
            case Posted():
                own.topics.take(push)
            case Reset():
                self._link_changed(session)
            case Undelivered(_, data):
                message = self._decoded(data)
                if message is not None:
                    self._came_back(message)

    def _decoded(self, data: bytes) -> Message | None:
        """Read a message; None, and counted, if it is none."""
        try:
            if len(data) > self._longest:
                raise BadFrame(f"{len(data)} bytes are too long")
            return decode(data)
        except BadFrame as bad:
            self.malformed += 1
            _log.debug("node %s: a bad message: %s", self.own.name, bad)
            return None

    def _link_changed(self, session: Session) -> None:
        own = self.own
        own.calls.link_changed()
        own.topics.link_changed()
        # Those, too, who came since the last heartbeat.
        others = {*session.holdings.members, *self.incoming.senders()}
        for id in others - {session.info.id}:
            own.outbox.tell(id, Again)

    def _came_back(self, message: Message) -> None:
        own = self.own
        match message:
            case Ask(call=0):
                own.outbox.forget_holder(message.name)
                own.casts_lost += 1
            case Ask():
                own.calls.undelivered(message)
            case Watch():
                own.outbox.forget_holder(message.name)
                own.monitors.heard(
                    LifeEnded(
                        0,
                        message.to,
                        message.sender,
                        message.watch,
                        0,
                        "noproc",
                        "its node listens no more",
                        True,
                    )
                )
            case _:
                pass  # whoever waits for it is gone

    def _read(self, session: Session, message: Message) -> None:
        own = self.own
        if message.to != session.info.id:
            self.unexpected += 1
            if isinstance(message, Ask):
                own.inbox.take(message)  # which refuses it: its sender is to know
            return
        if self.incoming.admit(message.sender, message.sequence):
            self.hand_on(message)

    def hand_on(self, message: Message) -> None:
        """Give a message to the part that it is for. No checkpoint."""
        own = self.own
        match message:
            case Ask():
                own.inbox.take(message)
            case Answer():
                self.unexpected += not own.calls.take(message)
            case Watch():
                own.monitors.take(message)
            case Unwatch():
                own.monitors.drop(message)
            case LifeEnded():
                self.unexpected += not own.monitors.heard(message)
            case Look():
                own.looks.take(message)
            case Seen():
                self.unexpected += not own.looks.heard(message)
            case Post():
                self.malformed += 1  # on a topic it would be one
            case Again():
                own.calls.link_changed(message.sender)


protected(Mail)

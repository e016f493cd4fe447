"""The body that a judged run gives to its servers: their own, seen from all sides.

What the mailbox, the loop and the ends of a life do is the library's, the quick ways
too. In between stand: the list in which messages arrive, the attribute that says which
one is in hand, the handlers, and the ways into the user's callbacks. Nothing of this is
in a server that nobody judges.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

import trio

from trio_sup._core.errors import MailboxFull, NoProcess
from trio_sup._core.exits import Exit
from trio_sup._servers.messages import (
    CastNote,
    DownNote,
    InfoNote,
    Item,
    Request,
    StopNote,
    SystemRequest,
    TickNote,
    name_of,
)
from trio_sup._servers.queue import Queue
from trio_sup._servers.runs import ServerBody
from trio_sup._servers.state_machine import StateMachine
from trio_sup._trio.protect import enter_user, protected
from trio_sup.testing._beside.laws import CANCELLED
from trio_sup.testing._servers import laws
from trio_sup.testing._servers.handling import Handling
from trio_sup.testing._servers.machine import WatchedMachine
from trio_sup.testing._servers.model import Message, ServerModel, capacity_of
from trio_sup.testing._servers.servers import Servers

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._core.policies import Mailbox
    from trio_sup._servers.callbacks import ServerBase

_INBOX: Any = vars(Queue)["inbox"]
_CURRENT: Any = vars(Queue)["current"]
_SERVER: Any = vars(Queue)["server"]

ROUNDING = 1e-6
"""Seconds."""


class WatchedInbox(list[Item]):
    """Tells of each message that arrives."""

    __slots__ = ("_arrived",)

    def __init__(
        self, items: Iterable[Item], arrived: Callable[[Item], object]
    ) -> None:
        super().__init__(items)
        self._arrived = arrived

    def append(self, item: Item, /) -> None:
        """Take a message."""
        super().append(item)
        self._arrived(item)


@protected
class WatchedServer(ServerBody):
    """A server's mailbox and loop, with a model of it that sees what they do."""

    __slots__ = ("_handling", "_machine", "_servers", "_system_seen", "model")

    def __init__(self, record: Record, servers: Servers) -> None:
        policy = record.spec.mailbox
        self.model = ServerModel(
            capacity_of(policy.capacity),
            policy.when_full,
            _keeps(policy),
            lambda law, what: servers.broken(law, record, what),
        )
        self._servers = servers
        self._handling = Handling(
            self.model, self._broken, lambda: self.current, self._look_for_more
        )
        self._system_seen: list[SystemRequest] = []
        self._machine: WatchedMachine | None = None
        super().__init__(record)
        servers.add(self)

    # What arrives.

    @property
    def inbox(self) -> list[Item]:
        """What has arrived, in the library's own slot."""
        items: list[Item] = _INBOX.__get__(self)
        return items

    @inbox.setter
    def inbox(  # pyright: ignore[reportIncompatibleVariableOverride]
        self, items: list[Item]
    ) -> None:
        _INBOX.__set__(self, WatchedInbox(items, self._arrived))

    def _arrived(self, item: Item) -> None:
        self._servers.beside.endings.inside(self.record, "a message is put in line")
        self.model.arrive(self._message(item))
        if isinstance(item, Request | CastNote):
            item.handler = self._handling.handler(item.handler)
        if isinstance(item, Request):
            self._servers.called(item, self)
        elif isinstance(item, DownNote):
            self._servers.beside.watches.arrived(item.monitor, item.message)

    def _message(self, item: Item) -> Message:
        match item:
            case Request():
                return Message(item, "call", name_of(item))
            case CastNote():
                tick = isinstance(item, TickNote)
                return Message(item, "cast", name_of(item), item.timer_of, tick)
            case InfoNote():
                return Message(item, "info", "handle_info", item.timer_of)
            case DownNote():
                return Message(item, "down", "handle_info")
            case StopNote():
                return Message(item, "stop", "stop")

    def put_note(self, note: CastNote | InfoNote) -> bool:
        """Queue a cast or send, and see that its policy is kept."""
        model, beside = self.model, self._servers.beside
        expected, came = model.offer(), "refused"
        beside.timers.rings(note)
        if model.when_full == "drop_oldest":
            beside.timers.left(model.make_room())
        try:
            came = "taken" if super().put_note(note) else "dropped"
        except NoProcess:
            came = "closed"
            raise
        except MailboxFull:
            raise
        except BaseException:
            came = expected  # from another thread or run
            raise
        finally:
            model.offered(expected, came)
            if isinstance(note, InfoNote):
                taken = came in ("taken", "dropped")
                beside.topics.came(self.record, note.message, taken=taken)
        return came == "taken"

    async def put_waiting(self, note: CastNote | InfoNote) -> None:
        """Queue a cast or send as soon as there is room, and see that it gets it."""
        model = self.model
        if model.offer() == "refused":
            model.wait_for_room(note)
        got_in = False
        try:
            room = f"room for {name_of(note)} in {self.record.path_text}"
            with self._servers.beside.waits.waiting(room, lambda: self.record):
                await super().put_waiting(note)
            got_in = True
        finally:
            if model.wait_no_more(note) and got_in:
                self._broken(laws.ROOM, "who waited for room goes on without")

    def put_system(self, request: SystemRequest) -> None:
        """Queue a request to the machinery, and see that it is answered."""
        super().put_system(request)
        self._system_seen.append(request)

    def unanswered(self) -> list[SystemRequest]:
        """Return the requests to the machinery whose callers still wait."""
        seen = self._system_seen
        self._system_seen = [each for each in seen if each.task is not None]
        return self._system_seen

    def leaves(self, item: Item) -> None:
        """A message was taken out of the line."""
        self.model.leave(item)
        super().leaves(item)

    # What is served.

    @property
    def current(self) -> Item | None:
        """What is in hand, in the library's own slot."""
        item: Item | None = _CURRENT.__get__(self)
        return item

    @current.setter
    def current(  # pyright: ignore[reportIncompatibleVariableOverride]
        self, item: Item | None
    ) -> None:
        before: Item | None = None
        try:
            before = _CURRENT.__get__(self)
        except AttributeError:
            pass  # it is just made
        _CURRENT.__set__(self, item)
        if item is before:
            return
        if before is not None:
            self._handling.done(before)
        if item is not None:
            self._take(item)

    def _take(self, item: Item) -> None:
        model = self.model
        self._servers.beside.timers.left(item)
        inner = None if self.server is None else self.server.__inner__
        own = isinstance(item, CastNote) and item.timer_of == model.life
        if isinstance(item, CastNote) and own and not model.knows(item):
            model.idle(item, trio.current_time())
            item.handler = self._handling.handler(item.handler)
            return
        sent = item.timer_of if isinstance(item, CastNote | InfoNote) else 0
        model.take(item, self._servers.rounds(), sent)
        if inner is not None:
            model.message_comes(inner.idle)

    # The user's callbacks.

    async def enter(
        self, callback: Callable[..., Awaitable[Any]], /, *args: Any
    ) -> Any:
        """Enter a callback of the user's."""
        model, name = self.model, getattr(callback, "__name__", "")
        match name:
            case "handle_continue":
                model.continues = False
            case "terminate":
                self._enter_terminate(args[0])
            case "handle_info" if model.in_hand is not None:
                model.in_hand.entered = True
                self._see_wanted(model.in_hand.item)
            case _:
                pass
        life = model.life
        model.inside += 1
        try:
            value = await enter_user(callback, *args)
        except BaseException as error:
            if model.life == life and name != "terminate":
                model.doomed = f"{name} raised {type(error).__name__}"
            raise
        finally:
            if model.life == life:
                model.inside -= 1
        if name == "_init":
            model.ready = True
        self._look_for_more()
        return value

    def _see_wanted(self, item: object) -> None:
        watches = self._servers.beside.watches
        if isinstance(item, DownNote) and watches.is_void(item.monitor):
            words = f"a Down of {item.message.target.path_text} comes all the same"
            self._broken(CANCELLED, words)

    def _look_for_more(self) -> None:
        inner = None if self.server is None else self.server.__inner__
        if inner is not None and inner.to_continue is not None:
            self.model.continues = True

    def _enter_terminate(self, exit: Exit) -> None:
        record, model = self.record, self.model
        scope, ending = record.scope, record.ending
        cut = scope is not None and scope.cancel_called
        kept = self._keeps(exit)
        if exit.error is not None:
            if exit.error is self._handling.declared:
                self._broken(laws.DECLARED, f"{exit.error!r} ends the life")
            self._all_told(kept=kept)
        model.enter_terminate(
            brutal=ending.brutal,
            cut=cut,
            failed=exit.error is not None,
            closes=not kept,
        )
        grace = record.spec.shutdown
        if isinstance(grace, int | float) and grace != math.inf and not cut:
            most = trio.current_time() + grace + ROUNDING
            if ending.deadline > most:
                self._broken(laws.GRACE, f"terminate begins, and {grace:g} s do not")

    def _all_told(self, *, kept: bool) -> None:
        """It crashed: see that no caller waits who cannot hope."""
        waiting: list[Any] = [*self.deferred, *self.unanswered(), self.current]
        if not kept:
            waiting += [message.item for message in self.model.line]
        for item in waiting:
            if isinstance(item, Request) and item.task is not None:
                self._broken(laws.TOLD, f"the caller of {item.handler.name} waits")

    def _keeps(self, exit: Exit) -> bool:
        asked = self.record.ending.asked is not None
        return self.model.keeps and exit.kind in ("crashed", "killed") and not asked

    # Lives.

    @property
    def server(self) -> ServerBase | None:
        """The object of the present life, in the library's own slot."""
        server: ServerBase | None = _SERVER.__get__(self)
        return server

    @server.setter
    def server(  # pyright: ignore[reportIncompatibleVariableOverride]
        self, server: ServerBase | None
    ) -> None:
        _SERVER.__set__(self, server)
        machine: Any = server
        if isinstance(server, StateMachine) and server.__inner__ is not None:
            watched = WatchedMachine(machine, server.__inner__, self._broken)
            server.__inner__.machine = self._machine = watched

    def begin_life(self) -> None:
        """A life begins."""
        self._machine = None
        self.model.begin(self.record.life)
        self._handling.begin()
        super().begin_life()

    def request_stop(self) -> None:
        """The supervisor asks."""
        self.model.asked()
        super().request_stop()

    def close(self) -> None:
        """Take no more messages."""
        self.model.close()
        if self.record.ending.brutal:  # its loop has ended, without `terminate`
            self.model.open = False
        super().close()

    def suspend(self, suspended: bool) -> None:
        """Let messages wait, or no longer."""
        self.model.suspended = suspended
        super().suspend(suspended)

    def over(self, exit: Exit) -> None:
        """A life has ended."""
        lost = self.model.end(kept=self._keeps(exit), brutal=self.record.ending.brutal)
        super().over(exit)
        self._see_told([*(message.item for message in lost), *self.unanswered()])

    def at_rest(self, exit: Exit | None) -> None:
        """No life will come by itself."""
        lost = self.model.lose()
        super().at_rest(exit)
        self._see_told(message.item for message in lost)

    def drain(self) -> tuple[int, int]:
        """Drop what waits."""
        model = self.model
        for each in model.line:
            self._servers.beside.timers.left(each.item)
        model.line = type(model.line)(
            each for each in model.line if each.kind in ("down", "stop")
        )
        model.bounded = 0
        return super().drain()

    def _see_told(self, items: Iterable[object]) -> None:
        for item in items:
            if isinstance(item, Request) and item.task is not None:
                self._broken(laws.OWED, f"the caller of {item.handler.name} waits")

    # Asked when nothing more happens.

    def settled(self, *, held_up: bool) -> None:
        """Nothing more happens by itself."""
        model, now = self.model, trio.current_time()
        model.settled(held_up=held_up or self.record.scope is None)
        idles = model.ready and not (model.inside or held_up or model.in_hand)
        if idles and self.record.alive:
            for request in self.unanswered():
                words = f"{request.handler.name} waits, and the server does nothing"
                self._broken(laws.SERVED, words)
            if not (model.suspended or self.record.asked is not None):
                model.see_idle(now)
                if self._machine is not None:
                    self._machine.settled(now)

    def _broken(self, law: str, what: str) -> None:
        self._servers.broken(law, self.record, what)


def _keeps(policy: Mailbox) -> bool:
    """Whether a mailbox keeps; one of a class of the user's may not know."""
    try:
        return policy.on_crash == "keep"
    except Exception:  # noqa: BLE001 - the mailbox reports it when it asks
        return False

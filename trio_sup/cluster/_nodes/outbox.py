"""Messages on their way out: to whom, in which order, and what came of them.

Messages for one name go out in the order in which they were given, also while its holder
is being looked up. Nothing is sent twice, but for a call that was surely not executed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from attrs import Factory, define

from trio_sup._trio.protect import protected
from trio_sup.cluster._backends.link import LinkDown
from trio_sup.cluster._rules.frames import Message, encode
from trio_sup.cluster._rules.sequence import Outgoing
from trio_sup.cluster._rules.words import Name, NodeId, Taken
from trio_sup.cluster.errors import EngineUnavailable, NotRegistered, Overloaded

if TYPE_CHECKING:
    from trio_sup.cluster._nodes.session import Session

MOST_WAITING: Final = 10_000
"""How many messages may wait for one name to be looked up."""


class Letter(Protocol):
    """Something for the holder of a name."""

    def sealed(self, number: int, sender: NodeId, holder: Taken) -> Message:
        """Return it as it is sent, to that holder."""
        ...

    def failed(self, error: Exception) -> None:
        """It was not sent."""


@define(eq=False)
class Route:
    """The way to the holder of one name."""

    holder: Taken | None = None
    waiting: list[Letter] | None = None
    """What waits for a look-up, if one is under way."""
    posted: int = 0
    """How many letters there were: a newer one may not be overtaken."""


@define(eq=False)
class Outbox:
    """What one node sends."""

    session: Callable[[], Session]
    """The present session; raises `EngineUnavailable` without one."""
    spawn: Callable[..., None]
    """Begins a task beside."""
    numbers: Outgoing = Factory(Outgoing)
    _routes: dict[Name, Route] = Factory(dict[Name, Route])

    def route(self, name: Name) -> Route:
        """Return the way to a name."""
        return self._routes.setdefault(name, Route())

    def post(self, key: object, name: Name, letter: Letter) -> int:
        """Send something to whoever holds a name; return its place. No checkpoint.

        Raises:
            EngineUnavailable: it was not sent.
            Overloaded: too many wait for the same name.
        """
        session = self.session()
        route = self.route(name)
        if route.waiting is not None:
            if len(route.waiting) >= MOST_WAITING:
                raise Overloaded(f"{MOST_WAITING} messages wait for {key!r}")
            route.waiting.append(letter)
        elif route.holder is not None:
            self._send(session, route.holder, letter)
        else:
            route.waiting = [letter]
            self.spawn(self._look_up, key, name, route)
        route.posted += 1
        return route.posted

    async def _look_up(self, key: object, name: Name, route: Route) -> None:
        error: Exception | None = None
        session: Session | None = None
        try:
            session = self.session()
            route.holder = await session.ask(session.link.lookup(name))
        except (LinkDown, EngineUnavailable) as down:
            error = EngineUnavailable(str(down))
        if error is None and route.holder is None:
            error = NotRegistered(key)
        waiting, route.waiting = route.waiting or [], None
        for letter in waiting:
            if error is not None or route.holder is None or session is None:
                letter.failed(error or NotRegistered(key))
            else:
                try:
                    self._send(session, route.holder, letter)
                except (EngineUnavailable, TypeError, ValueError) as failure:
                    letter.failed(failure)
        if route.holder is None:
            self._routes.pop(name, None)

    def _send(self, session: Session, holder: Taken, letter: Letter) -> None:
        to = holder.owner
        number = self.numbers.number(to)
        self.send(session, letter.sealed(number, session.info.id, holder))

    def send(self, session: Session, message: Message) -> None:
        """Send a message that has its number already.

        Raises:
            EngineUnavailable: it was not sent.
        """
        try:
            session.link.send(message.to, encode(message))
        except LinkDown as down:
            raise EngineUnavailable(str(down)) from down

    def tell(self, to: NodeId, make: Callable[..., Message], *fields: Any) -> None:
        """Send an answer or a notice, if it can be sent."""
        try:
            session = self.session()
            number = self.numbers.number(to)
            self.send(session, make(number, session.info.id, to, *fields))
        except EngineUnavailable:
            pass  # whoever waits learns that this node is gone

    def forget_holder(self, name: Name) -> None:
        """Look the name up again before the next letter."""
        route = self._routes.get(name)
        if route is not None:
            route.holder = None
            if route.waiting is None and route.posted == 0:
                del self._routes[name]

    def forget_node(self, node: NodeId) -> None:
        """A node is gone: whatever it held, others may hold."""
        self.numbers.forget(node)
        for name, route in list(self._routes.items()):
            if route.holder is not None and route.holder.owner == node:
                self.forget_holder(name)

    def forget_all(self) -> None:
        """This node is another incarnation from now on: all is looked up again."""
        self.numbers = Outgoing()
        for route in self._routes.values():
            route.holder = None


protected(Outbox)

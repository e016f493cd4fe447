"""Messages on their way out: to whom, in which order, and what came of them.

Messages for one name go out in the order in which they were given, also while its holder
is being looked up, and also if that turns out to be this node. Nothing is sent twice, but
for a call that was surely not executed.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
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
MOST_ROUTES: Final = 10_000
"""How many names have a way that is remembered; the oldest are looked up anew."""


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
    last: int = 0
    """The place of the last message for the name: it may not be overtaken."""


@define(eq=False)
class Outbox:
    """What one node sends."""

    session: Callable[[], Session]
    """The present session; raises `EngineUnavailable` without one."""
    spawn: Callable[..., None]
    """Begins a task beside."""
    here: Callable[[Message], None]
    """Takes a message to this node itself; synchronous."""
    numbers: Outgoing = Factory(Outgoing)
    _routes: dict[Name, Route] = Factory(dict[Name, Route])
    _places: int = 0

    def route(self, name: Name) -> Route:
        """Return the way to a name."""
        route = self._routes.get(name)
        if route is None:
            route = self._routes[name] = Route()
            self._forget_the_oldest()
        return route

    def _forget_the_oldest(self) -> None:
        if len(self._routes) > MOST_ROUTES:
            for name, route in list(islice(self._routes.items(), 8)):
                if route.waiting is None:
                    del self._routes[name]

    def goes_straight(self, name: Name) -> bool:
        """Whether a message for a name held here overtakes nothing; then it is noted."""
        route = self._routes.get(name)
        if route is not None:
            if route.waiting is not None:
                return False
            self._take_place(route)
        return True

    def _take_place(self, route: Route) -> int:
        self._places += 1
        route.last = self._places
        return self._places

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
        return self._take_place(route)

    async def _look_up(self, key: object, name: Name, route: Route) -> None:
        """Find out who holds a name, and send what has waited for that."""
        try:
            session = self.session()
            holder = await session.ask(session.link.lookup(name))
            if self.session() is not session:
                raise EngineUnavailable("this node lost its lease meanwhile")
        except (LinkDown, EngineUnavailable) as down:
            self._give_back(route, EngineUnavailable(str(down)))
        else:
            if holder is None:
                self._give_back(route, NotRegistered(key))
            else:
                self._send_all(session, route, holder)
        if route.holder is None and route.waiting is None:
            self._routes.pop(name, None)

    def _give_back(self, route: Route, error: Exception) -> None:
        waiting, route.waiting = route.waiting or [], None
        for letter in waiting:
            letter.failed(error)

    def _send_all(self, session: Session, route: Route, holder: Taken) -> None:
        waiting, route.waiting = route.waiting or [], None
        if holder.owner != session.info.id:  # what is held here goes straight
            route.holder = holder
        for letter in waiting:
            try:
                self._send(session, holder, letter)
            except (EngineUnavailable, TypeError, ValueError) as failure:
                letter.failed(failure)

    def _send(self, session: Session, holder: Taken, letter: Letter) -> None:
        me, to = session.info.id, holder.owner
        if to == me:
            # Not by the engine: what is given to it here would be there first.
            self.here(letter.sealed(0, me, holder))
            return
        self.send(session, letter.sealed(self.numbers.number(to), me, holder))

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
            me = session.info.id
            if to == me:
                self.here(make(0, me, me, *fields))
                return
            self.send(session, make(self.numbers.number(to), me, to, *fields))
        except EngineUnavailable:
            pass  # whoever waits learns that this node is gone

    def forget_holder(self, name: Name) -> None:
        """Look the name up again before the next letter."""
        route = self._routes.get(name)
        if route is not None:
            route.holder = None

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

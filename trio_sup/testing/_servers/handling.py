"""What the handlers of one server make of its messages, and what its callers get of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trio_sup._core.errors import SupervisionError
from trio_sup._core.exits import Stop
from trio_sup._servers.handlers import Handler
from trio_sup._servers.messages import DownNote, Item, Request
from trio_sup.testing._servers import laws
from trio_sup.testing._servers.agents import watch_of
from trio_sup.testing._servers.model import Message, ServerModel


class Handling:
    """Stands around the handlers of one server.

    Args:
        model: What is told of all of it.
        broken: Told of a law that is broken, and how.
        current: Returns the message in hand.
        returned: Called when a handler has returned.
    """

    def __init__(
        self,
        model: ServerModel,
        broken: Callable[[str, str], object],
        current: Callable[[], Item | None],
        returned: Callable[[], object],
    ) -> None:
        self._model = model
        self._broken = broken
        self._current = current
        self._returned = returned
        self.declared: BaseException | None = None
        """The last declared error, which must not end the life."""
        # What the handler in hand made of its call: its value, or its error.
        self._made: tuple[str, Any] | None = None
        # The handlers that stand for those of the class, by the identity of these.
        self._watched: dict[int, tuple[Handler, Handler]] = {}

    def begin(self) -> None:
        """A life begins."""
        self.declared = self._made = None

    def handler(self, handler: Handler) -> Handler:
        """Return what stands for a handler, and notes what comes of it."""
        found = self._watched.get(id(handler))
        if found is not None:
            return found[1]

        async def handle(server: object, /, *args: object, **kwargs: object) -> Any:
            return await self._enter(handler, server, args, kwargs)

        watched = Handler(
            handler.name,
            handle,
            handler.raises,
            handler.deferred,
            handler.is_call,
            handler.shape,
        )
        self._watched[id(handler)] = handler, watched
        self._watched[id(watched)] = watched, watched
        return watched

    async def _enter(
        self, handler: Handler, server: object, args: Any, kwargs: Any
    ) -> Any:
        item, model = self._current(), self._model
        if model.in_hand is not None:
            model.in_hand.entered = True
        model.inside += 1
        life = model.life
        agent = watch_of(server, handler.name)
        if agent is not None and len(args) == 1:
            args = (agent.watched(args[0]),)
        try:
            value = await handler.enter(server, *args, **kwargs)
        except BaseException as error:
            if model.life == life:
                model.inside -= 1
                self._raised(item, handler, error)
            raise
        if model.life == life:
            model.inside -= 1
            self._returned()
            for words in () if agent is None else agent.complaints(value):
                self._broken(laws.AGENT, words)
            if isinstance(item, Request) and item.task is not None:
                self._made = ("deferred" if handler.deferred else "returned", value)
        return value

    def _raised(
        self, item: Item | None, handler: Handler, error: BaseException
    ) -> None:
        if (
            isinstance(item, Request)
            and isinstance(error, Exception)
            and isinstance(error, handler.raises)
            and not isinstance(error, SupervisionError | Stop)
        ):
            self.declared = error
            if item.task is not None:
                self._made = ("raised", error)
        else:
            self._model.doomed = f"{handler.name} raised {type(error).__name__}"

    def done(self, item: Item) -> None:
        """A message is in hand no more: see what its caller got."""
        made, self._made = self._made, None
        in_hand, self._model.in_hand = self._model.in_hand, None
        if in_hand is None or in_hand.item is not item:
            return
        if in_hand.entered:
            if made is not None and isinstance(item, Request):
                self._see_answer(in_hand, item, *made)
        elif not self._model.doomed and _is_wanted(item):
            self._broken(laws.SERVED, f"{in_hand} is put away without its handler")

    def _see_answer(
        self, message: Message, request: Request, what: str, value: object
    ) -> None:
        if what == "deferred":
            if request.task is None:
                words = f"{message} was deferred, and is answered all the same"
                self._broken(laws.DEFERRED, words)
        elif request.task is not None:
            self._broken(laws.ANSWER, f"{message} was handled, and its caller waits")
        elif (request.error if what == "raised" else request.result) is not value:
            self._broken(laws.ANSWER, f"the caller of {message} got something else")


def _is_wanted(item: Item) -> bool:
    if isinstance(item, DownNote):
        return item.monitor.wants()
    return not (isinstance(item, Request) and item.expired)

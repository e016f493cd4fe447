"""A server that remembers what it served."""

from typing import Any

import trio
import trio.testing

from trio_sup import (
    Caller,
    GenServer,
    ServerExit,
    call,
    cast,
    child,
    open_supervisor,
)


class Refused(Exception):
    pass


class Log(GenServer):
    """Remembers what it served, in order."""

    def __init__(self, log: Any = None) -> None:
        self.log = [] if log is None else log
        self.gate = trio.Event()

    @call
    async def add(self, item: Any) -> Any:
        self.log.append(item)
        return len(self.log)

    @call
    async def items(self) -> Any:
        return list(self.log)

    @call
    async def sleep(self, seconds: Any, item: Any = "slept") -> Any:
        await trio.sleep(seconds)
        self.log.append(item)
        return item

    @call
    async def wait(self) -> None:
        await self.gate.wait()

    @call(raises=(Refused, LookupError))
    async def refuse(self, error: Any) -> None:
        self.log.append("refusing")
        raise error

    @call
    async def crash(self, error: Any) -> None:
        raise error

    @call.deferred
    async def later(self, caller: Caller[Any], item: Any) -> None:
        self.log.append(caller)
        if item is not None:
            caller.reply(item)

    @call.deferred(raises=(Refused,))
    async def later_refused(self, caller: Caller[Any]) -> None:
        raise Refused

    @cast
    async def note(self, item: Any) -> None:
        self.log.append(item)

    async def handle_info(self, message: Any) -> None:
        self.log.append(("info", message))


def notes_of(error: ServerExit) -> list[str]:
    return getattr(error.__cause__, "__notes__", [])


def tree(*args: Any, **options: Any) -> Any:
    return open_supervisor([child(Log, *args, id="log", **options)])

"""What bites whoever looks at it, and who is bitten, for the law of `test_ends_always_end`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, NoReturn

import trio

from tests.supervision.traps import (
    OF_GROUPS,
    Bite,
    chained,
    deep,
    doubled,
    trapped,
)
from trio_sup import (
    Child,
    Exit,
    GenServer,
    NoProcess,
    Registry,
    ServerExit,
    Stop,
    call,
    cast,
    graceful_stop,
)

GRACE = 5.0
"""The grace of a child, in seconds, and so of a tree with one that is slow."""


def bite() -> Exception:
    return Bite("a helper's fault")


def overflow() -> Exception:
    return RecursionError("a helper's fault")


FAULTS = (bite, overflow)


SHAPES: dict[str, Callable[[Exception], Exception]] = {
    "alone": lambda error: error,
    "in a group": lambda error: ExceptionGroup("g", [error, ValueError("v")]),
    "deep": deep,
    "doubled": doubled,
    "chained": chained,
}


def biting(attribute: str, fault: Callable[[], BaseException]) -> Exception:
    """Make an exception that raises when that of it is looked at."""
    if attribute in OF_GROUPS:
        group: Callable[..., Exception] = trapped(ExceptionGroup, attribute, fault)
        return group("m", [ValueError("v")])
    alone: Callable[..., Exception] = trapped(Exception, attribute, fault)
    return alone("said")


class Rec:
    """What one run leaves behind."""

    def __init__(self) -> None:
        self.terminated: list[Exit] = []


class Server(GenServer):
    """Crashes as it is told."""

    def __init__(self, rec: Rec, keys: dict[Registry, Any] | None = None) -> None:
        self.rec = rec
        self.keys: dict[Registry, Any] = {} if keys is None else keys

    async def init(self) -> None:
        while self.keys:  # in the first life only
            registry, key = self.keys.popitem()
            registry.register(key)

    @call
    async def boom(self, error: BaseException) -> None:
        raise error

    @call(raises=(ZeroDivisionError,))
    async def narrow(self, error: BaseException) -> None:
        raise error

    @cast
    async def note(self, error: BaseException) -> None:
        raise error

    async def handle_info(self, message: Any) -> None:
        raise message

    @call
    async def leave(self, error: Exception) -> None:
        raise Stop(error)

    @call
    async def ping(self) -> str:
        return "pong"

    async def terminate(self, exit: Exit) -> None:
        self.rec.terminated.append(exit)


async def answer(
    ask: Callable[[], Any], into: list[object], task_status: trio.TaskStatus[None]
) -> None:
    task_status.started()
    try:
        into.append(await ask())
    except (ServerExit, NoProcess) as error:
        into.append(error)


def once(error: BaseException) -> Callable[[], Any]:
    """Return a function that raises it in its first life."""
    left = [error]

    async def target() -> None:
        await trio.sleep(0.1)
        if left:
            raise left.pop()
        await trio.sleep_forever()

    return target


def once_in_a_nursery(error: BaseException) -> Callable[[], Any]:
    left = [error]

    async def target() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            await trio.sleep(0.1)
            if left:
                raise left.pop()

    return target


def once_in_order(error: BaseException) -> Callable[[], Any]:
    """Raise it inside `graceful_stop`."""
    left = [error]

    async def target() -> None:
        with graceful_stop() as asked:
            await trio.sleep(0.1)
            if left:
                raise left.pop()
            await asked.wait()

    return target


async def end_of(handle: Child) -> BaseException | None:
    """Return the error of the first life, when the second runs."""
    ended = await handle.wait_exit(1)
    await handle.wait_running()
    assert handle.life == 2
    return ended.error


ASKS: dict[str, Callable[[Any, BaseException], Any]] = {
    "a call": lambda ref, error: ref.call(Server.boom, error),
    "a declared call": lambda ref, error: ref.call(Server.narrow, error),
}


TELLS: dict[str, Callable[[Any, BaseException], None]] = {
    "a cast": lambda ref, error: ref.cast(Server.note, error),
    "a message": lambda ref, error: ref.send(error),
}


TARGETS: dict[str, Callable[[BaseException], Any]] = {
    "a function": once,
    "a nursery": once_in_a_nursery,
    "graceful_stop": once_in_order,
}


PLACES = (*TARGETS, *ASKS, *TELLS)


class BitingHandler(logging.Handler):
    """A handler that raises instead of writing."""

    def __init__(self, fault: Callable[[], BaseException]) -> None:
        super().__init__()
        self.fault = fault

    def emit(self, record: logging.LogRecord) -> NoReturn:
        raise self.fault()


@contextmanager
def biting_log(fault: Callable[[], BaseException]) -> Generator[None]:
    logger, handler = logging.getLogger("trio_sup"), BitingHandler(fault)
    before, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before

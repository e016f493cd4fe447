"""Exceptions and keys that bite whoever looks at them, and a run with a watchdog."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import trio
from trio.testing import MockClock

PROPERTIES = (
    "__cause__",
    "__class__",
    "__context__",
    "__notes__",
    "__suppress_context__",
    "__traceback__",
)
METHODS = (
    "__bool__",
    "__eq__",
    "__format__",
    "__getattr__",
    "__getattribute__",
    "__hash__",
    "__len__",
    "__reduce__",
    "__repr__",
    "__setattr__",
    "__str__",
    "add_note",
    "with_traceback",
)
OF_GROUPS = ("derive", "split", "subgroup", "exceptions", "message")
ATTRIBUTES = (*PROPERTIES, *METHODS)
"""What of an exception may be code of the user's."""


class Bite(Exception):
    """What a trap raises: the fault of a helper, never the story."""


def trapped(
    base: type[BaseException], attribute: str, fault: Callable[[], BaseException]
) -> Any:
    """Return a class of exceptions one attribute of which raises."""

    def bite(*_: object, **__: object) -> NoReturn:
        raise fault()

    is_property = attribute in (*PROPERTIES, "exceptions", "message")
    value = property(bite, bite, bite) if is_property else bite
    return type(f"Trap_{attribute.strip('_')}", (base,), {attribute: value})


@dataclass(frozen=True)
class Frozen(Exception):
    """Takes no note, no context and no traceback from Python code."""

    code: int


class LyingGroup(ExceptionGroup[Exception]):
    """Its `derive` makes something else of it."""

    def derive(self, excs: Any, /) -> Any:
        return ExceptionGroup("lie", [Bite("not what was there")])


def deep(error: Exception, levels: int = 1_100) -> Exception:
    """Nest an exception in groups, deeper than the stack."""
    for _ in range(levels):
        error = ExceptionGroup("again", [error])
    return error


def doubled(error: Exception, levels: int = 60) -> Exception:
    """Nest it in groups that hold the same group twice: 2 ** 60 leaves."""
    for _ in range(levels):
        error = ExceptionGroup("twice", [error, error])
    return error


def chained(error: Exception, length: int = 20_000) -> Exception:
    """Give it a long row of causes."""
    last: BaseException | None = None
    for number in range(length):
        cause = Bite(number)
        BaseException.__dict__["__cause__"].__set__(cause, last)
        last = cause
    BaseException.__dict__["__cause__"].__set__(error, last)
    return error


class Key:
    """A key that is sound when it is registered, and then turns."""

    def __init__(self, what: str, how: str, fault: Callable[[], BaseException]) -> None:
        self.what, self.how, self.fault = what, how, fault
        self.turned = False

    def turn(self) -> None:
        """Be unsound from now on."""
        self.turned = True

    def _bites(self, where: str) -> bool:
        if self.turned and self.what == where:
            if self.how == "raises":
                raise self.fault()
            return True
        return False

    def __hash__(self) -> int:
        return 2 if self._bites("hash") else 1

    def __eq__(self, other: object) -> bool:
        return (self is other) is not self._bites("eq")

    def __repr__(self) -> str:
        return "\x1b[2J" if self._bites("repr") else "key"

    __str__ = __repr__


class Hung(BaseException):
    """A run that did not end."""


@contextmanager
def watchdog(seconds: int = 100) -> Generator[None]:
    """Fail a run that keeps the loop busy; one that waits for ever see `run`."""

    def bark(*_: object) -> NoReturn:
        raise Hung(f"still busy after {seconds} s")

    before = signal.signal(signal.SIGALRM, bark)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(main: Callable[[], Awaitable[object]], within: float) -> None:
    """Run a program in virtual time; it must end by itself.

    Args:
        main: The program.
        within: How long it may take, in virtual seconds: its graces and its own
            waiting.
    """

    async def hung() -> None:
        await trio.sleep(within)
        raise Hung(f"still there after {within} s")

    async def program() -> None:
        trio.lowlevel.spawn_system_task(hung)
        await main()

    with watchdog():
        trio.run(program, clock=MockClock(autojump_threshold=0))

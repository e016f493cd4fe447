"""SIGTERM and SIGINT as wishes to stop, from the first line of `run` to its last.

The handlers stand before the event loop begins and until after it has ended, so that
no signal finds the default action in force, which would kill the program in the middle
of its clean-up. A handler only notes the signal; a task beside the tree acts on it.

The end of the program is covered, too. A signal that comes while the interpreter shuts
down is ignored if signals have ended the tree. And if several have, more SIGTERMs are
likely to come: for a second the handler of SIGTERM stays in place and lets them be, and
the first one after that finds the former handler. That of SIGINT is put back in any
case: Trio protects itself from Ctrl-C only where it finds Python's own handler.
"""

from __future__ import annotations

import atexit
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self, TypeAlias

import trio

Handler: TypeAlias = Callable[[int, FrameType | None], Any] | int

NUMBERS: Final = (signal.SIGTERM, signal.SIGINT)
RELOAD: Final[int | None] = getattr(signal, "SIGHUP", None)
"""The signal to reload by; None where the system has none."""
AFTERWARDS: Final = 1.0
"""Seconds after the end of a tree that several signals have ended, in which further
SIGTERMs count as part of the same wish."""
LINGER: Final = 0.01
"""Seconds in which a storm shows: signals that are pending are one to the receiver,
so that of many only one may have been seen."""


class Signals:
    """The signals of one tree, in order of arrival; caught inside its ``with`` block.

    The block needs the main thread. A signal that is ignored stays ignored, as
    ``nohup`` and shells want it.

    Args:
        reloads: Whether SIGHUP is caught, too; it is no wish to stop.
    """

    def __init__(self, *, reloads: bool = False) -> None:
        caught = [*NUMBERS, RELOAD] if reloads else NUMBERS
        self._caught = [number for number in caught if number is not None]
        self._came: deque[int] = deque()
        # How many have come, with those that were received already.
        self._count = 0
        # Who handled them before.
        self.former: dict[int, Handler] = {}
        self._token: trio.lowlevel.TrioToken | None = None
        self._bell = trio.Event()
        self.ended: float | None = None

    async def receive(self) -> int:
        """Wait for the next signal and return its number."""
        # From here on the handler rings; what came before is found without.
        self._token = trio.lowlevel.current_trio_token()
        while not self._came:
            self._bell = trio.Event()
            await self._bell.wait()
        return self._came.popleft()

    def __enter__(self) -> Self:
        for number in self._caught:
            former = _former(number)
            # None: the handler of a program around Python; it could not be put back.
            if former not in (None, signal.SIG_IGN):
                self.former[number] = former
                signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        global _wish_to_end
        if self._count:
            _wish_to_end = True
        if self._count == 1:
            time.sleep(LINGER)
        with _held(self.former):
            self.ended = time.monotonic()
            for number, former in self.former.items():
                stays = number == signal.SIGTERM and self._count > 1
                if signal.getsignal(number) == self._handle and not stays:
                    signal.signal(number, former)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.ended is not None:
            self._after_the_end(number, self.ended)
            return
        if number != RELOAD:
            self._count += 1
        self._came.append(number)
        if self._token is not None:
            try:
                self._token.run_sync_soon(self._ring, idempotent=True)
            except trio.RunFinishedError:
                pass

    def _ring(self) -> None:
        self._bell.set()

    def _after_the_end(self, number: int, ended: float) -> None:
        if number == RELOAD:
            return  # nothing is left to be reloaded
        if time.monotonic() - ended >= AFTERWARDS:
            signal.signal(number, self.former[number])
            signal.raise_signal(number)


_wish_to_end = False


def can_be_caught() -> bool:
    """Whether this thread may catch signals: only the main thread of Python may."""
    return threading.current_thread() is threading.main_thread()


def _former(number: int) -> Any:
    """Return who handles a signal; for one whose tree has ended, who did before."""
    handler = signal.getsignal(number)
    owner = getattr(handler, "__self__", None)
    while isinstance(owner, Signals) and owner.ended is not None:
        handler = owner.former[number]
        owner = getattr(handler, "__self__", None)
    return handler


@contextmanager
def _held(numbers: Iterable[int]) -> Generator[None]:
    """Hold signals back while their handlers change, where the system can.

    One that came in between would be reported as "ignored due to race condition".
    """
    mask: Any = getattr(signal, "pthread_sigmask", None)
    if mask is None:  # pragma: no cover - Windows
        yield
        return
    before = mask(signal.SIG_BLOCK, list(numbers))
    try:
        yield
    finally:
        mask(signal.SIG_SETMASK, before)


@atexit.register
def ignore_while_exiting() -> None:
    """Let a program that signals have ended come to its end.

    From here on the interpreter takes itself apart, and puts the default action in
    the place of every handler that is written in Python. Registered on import, so
    that most other exit handlers come first.
    """
    if not _wish_to_end or not can_be_caught():
        return
    while True:
        try:
            _ignore_defaults()
        except KeyboardInterrupt:  # one more of a storm: it must not open the way
            continue
        return


def _ignore_defaults() -> None:
    with _held(NUMBERS):
        for number in NUMBERS:
            if _former(number) in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(number, signal.SIG_IGN)

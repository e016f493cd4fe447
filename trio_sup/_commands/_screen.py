"""The whole terminal for a moment: plain lines painted over each other."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Final

from trio_sup._commands.output import paint
from trio_sup._core.clean import Clean

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
_ENTER = "\x1b[?1049h\x1b[?25l"
_LEAVE = "\x1b[?25h\x1b[?1049l"
_HOME, _END_OF_LINE, _BELOW = "\x1b[H", "\x1b[K", "\x1b[J"


class Screen:
    """What `taken` gives."""

    def paint(self, lines: Iterable[Clean], size: os.terminal_size) -> None:
        """Show lines, cut to the terminal's size; what was there before is gone."""
        shown = [Clean(line[: size.columns]) for line in islice(lines, size.lines - 1)]
        paint(_HOME, shown, f"{_END_OF_LINE}\r\n", _BELOW)

    def quit(self) -> bool:
        """Whether ``q`` was typed, or there is nobody left to type it."""
        stdin = sys.stdin.fileno()
        while select.select([stdin], [], [], 0)[0]:
            typed = os.read(stdin, 64)
            if not typed or b"q" in typed:
                return True
        return False


@contextmanager
def taken() -> Generator[Screen, None, None]:
    """Take the terminal for the block, and give it back as it was.

    Also on SIGTERM and SIGHUP, and for as long as Ctrl-Z stops the command.
    """
    stdin = sys.stdin.fileno()
    before = termios.tcgetattr(stdin)

    def take() -> None:
        tty.setcbreak(stdin)
        paint(_ENTER, (), "", "")

    def give_back() -> None:
        # A terminal that hung up takes nothing back.
        with suppress(OSError, termios.error):
            paint(_LEAVE, (), "", "")
        with suppress(OSError, termios.error):
            termios.tcsetattr(stdin, termios.TCSADRAIN, before)

    def pause(number: int, frame: object) -> None:
        give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        take()

    def end(number: int, frame: object) -> None:
        sys.exit(128 + number)

    handlers = {
        **dict.fromkeys(ENDING, end),
        signal.SIGTSTP: pause,
    }
    others = {kind: signal.signal(kind, does) for kind, does in handlers.items()}
    try:
        take()
        yield Screen()
    finally:
        give_back()
        for kind, handler in others.items():
            signal.signal(kind, handler)

"""Who may call in: only code of the Trio run that something belongs to.

Everything here relies on one thread: a change of state by another one, or a wake-up
into another Trio run, would break both. So a call from elsewhere is refused before it
changes anything. The hot paths compare the number of the thread alone; a thread has
one Trio run at a time.
"""

from __future__ import annotations

import sys
from threading import current_thread, get_ident
from typing import Any

import trio
from trio.lowlevel import RunVar, TrioToken, current_trio_token

from trio_sup._core.errors import WrongRun


def present_token() -> TrioToken | None:
    """Return the token of the present Trio run, or None outside of one."""
    try:
        return current_trio_token()
    except RuntimeError:
        return None


class Home:
    """One Trio run, as others can tell whether they are in it."""

    __slots__ = ("thread", "token")

    def __init__(self) -> None:
        self.thread: int = get_ident()
        self.token: TrioToken = current_trio_token()

    def here(self) -> bool:
        """Whether the present code runs in it."""
        return get_ident() == self.thread and present_token() is self.token

    def abroad(self) -> bool:
        """Whether the present code is part of another Trio run."""
        token = present_token()
        return token is not None and token is not self.token

    @property
    def over(self) -> bool:
        """Whether it has ended. Slow: it asks Trio to do nothing."""
        try:
            self.token.run_sync_soon(_nothing, idempotent=True)
        except trio.RunFinishedError:
            return True
        return False

    def check(self, call: str, whose: str, *, waits: bool = False) -> None:
        """Refuse a call from elsewhere, also when the run has ended.

        Args:
            call: What was called, as people write it: ``ref.cast``.
            whose: What it was called for.
            waits: Whether it is async.

        Raises:
            WrongRun: the present code is not part of the run.
        """
        if not self.here():
            raise self.refusal(call, whose, waits=waits)

    def check_if_going(self, call: str, whose: str, *, waits: bool = False) -> None:
        """As `check`, but accept everything once the run has ended.

        For what then changes nothing any more: reading, giving up, taking back.
        """
        if not self.here() and not self.over:
            raise self.refusal(call, whose, waits=waits)

    def refusal(self, call: str, whose: str, *, waits: bool = False) -> WrongRun:
        """Return the error for a call from elsewhere."""
        if self.over:
            return WrongRun(call, whose, _place(), "That run has ended.")
        return elsewhere(call, whose, waits=waits)


def elsewhere(call: str, whose: str = "", *, waits: bool = False) -> WrongRun:
    """Return the error for a call from the present place, which is the wrong one."""
    enter = "trio.from_thread.run" if waits else "trio.from_thread.run_sync"
    foreign = f"{enter}({call}, ..., trio_token=token)"
    if present_token() is None:
        remedy = f"Write {enter}({call}, ...); in a thread that Trio did not start, {foreign}."
    elif waits:
        remedy = f"Write, in a thread, {foreign}, with the token of that run."
    else:
        remedy = f"Write token.run_sync_soon({call}, ...), with the token of that run."
    return WrongRun(call, whose, _place(), remedy)


def _place() -> str:
    name = current_thread().name
    if present_token() is None:
        return f"in thread {name!r}, outside of Trio"
    return f"in another Trio run, in thread {name!r}"


def _nothing() -> None:
    """What is asked of a run to see whether it goes on."""


_home: RunVar[Home] = RunVar("trio_sup home")


def present_home() -> Home | None:
    """Return the Trio run that the present code is part of, or None."""
    try:
        return _home.get()
    except LookupError:
        home = Home()
        _home.set(home)
        return home
    except RuntimeError:
        return None


def own_home(call: str, line: str) -> Home:
    """Return the Trio run that the present code is part of.

    Args:
        call: What was called.
        line: How that is written where it works.

    Raises:
        WrongRun: it is not part of any.
    """
    home = present_home()
    if home is not None:
        return home
    if _in_trio_thread():
        raise elsewhere(call)
    raise WrongRun(
        call, "", "", "", message=f"{call}() {_MISSING}{_loop()}" + _way(line)
    )


_MISSING = (
    "was called where no Trio run is: there are no children and no names here, and "
    "nothing was done. "
)


def _way(line: str) -> str:
    return (
        "Call it in an async function that Trio runs:\n\n"
        "    async def main() -> None:\n"
        f"        {line}\n\n"
        "    trio.run(main)\n"
    )


def _in_trio_thread() -> bool:
    """Whether the present thread was started by Trio, and can call back into it."""
    try:
        trio.from_thread.check_cancelled()
    except RuntimeError:
        return False
    except trio.Cancelled:
        pass
    return True


def _loop() -> str:
    """Say what runs here instead of Trio, if asyncio does."""
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is None:
        return ""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return ""
    return (
        "An asyncio loop runs here, which trio-sup cannot use: see the page "
        "'Coming from asyncio' of its documentation. "
    )

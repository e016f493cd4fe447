"""When a program counts as started: by a line, an open port, a word to a socket."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import trio
from attrs import field, frozen

from trio_sup._core.checks import ChildSpecError
from trio_sup._core.errors import SupervisionError

if TYPE_CHECKING:
    from trio_sup._processes.handle import Process

KNOCK_EVERY: Final = 0.05
"""Seconds between two attempts to reach a port."""


def _pattern(value: str | re.Pattern[str]) -> re.Pattern[str]:
    if isinstance(value, re.Pattern):
        return value
    try:
        return re.compile(value)
    except (re.error, TypeError) as error:
        accepted = f"a regular expression ({error})"
        raise ChildSpecError("OnLine.pattern", value, accepted) from None


@frozen
class OnLine:
    """Ready when a line matches, of stdout or stderr; `value` of the handle is the line."""

    pattern: re.Pattern[str] = field(converter=_pattern)
    """A regular expression, looked for anywhere in the line."""


def _checked_port(_: object, __: object, value: Any) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (whole and 1 <= value <= 65535):
        raise ChildSpecError("OnPort.port", value, "a whole number from 1 to 65535")


@frozen
class OnPort:
    """Ready when somebody listens on a TCP port."""

    port: int = field(validator=_checked_port)
    host: str = "127.0.0.1"


@frozen
class OnNotify:
    """Ready when it says ``READY=1`` to the socket in `NOTIFY_SOCKET`, as with systemd.

    What it says of its ``STATUS=`` is shown by the inspector.
    """


ReadyFunction: TypeAlias = "Callable[[Process], Awaitable[object]]"
Ready: TypeAlias = "OnLine | OnPort | OnNotify | ReadyFunction"
"""When a program counts as started. An async function is given its handle, and the
program is ready when that returns; what it returns is the handle's `value`."""


def checked_ready(value: object, owner: object) -> Ready | None:
    """Return what was given for `ready`.

    Raises:
        ChildSpecError: it is nothing of that kind.
    """
    if value is None or isinstance(value, OnLine | OnPort | OnNotify):
        return value
    if callable(value) and not isinstance(value, type):
        return value
    accepted = "OnLine(...), OnPort(...), OnNotify(), an async function, or None"
    if isinstance(value, str):
        accepted += f" (for a line: OnLine({value!r}))"
    elif isinstance(value, int):
        accepted += f" (for a port: OnPort({value!r}))"
    elif isinstance(value, type):
        accepted += f" (write {value.__name__}())"
    raise ChildSpecError("ready", value, accepted, owner)


class PortTaken(SupervisionError):
    """Somebody listens on the port before the program has begun: not the program."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        super().__init__(
            f"somebody else listens on {host}:{port} already; when the program had "
            "started, nobody could say whose port it is"
        )


async def check_port_free(ready: OnPort) -> None:
    """Refuse a port on which somebody listens already.

    Raises:
        PortTaken: somebody does.
    """
    if await _answers(ready):
        raise PortTaken(ready.host, ready.port)


async def wait_port(ready: OnPort) -> None:
    """Wait until somebody listens."""
    while not await _answers(ready):  # noqa: ASYNC110 - a port has no event
        await trio.sleep(KNOCK_EVERY)


async def _answers(ready: OnPort) -> bool:
    try:
        with trio.move_on_after(1) as patience:
            stream = await trio.open_tcp_stream(ready.host, ready.port)
            await trio.aclose_forcefully(stream)
    except OSError:
        return False
    return not patience.cancelled_caught

"""Port: a server that asks a program, over its stdin and stdout."""

from __future__ import annotations

import math
import signal
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

import trio
from attrs import field, frozen

from trio_sup._core.checks import ChildSpecError, is_number
from trio_sup._core.specs import Runs
from trio_sup._processes.command import Command
from trio_sup._processes.framing import Framing, UnfitRequest
from trio_sup._processes.outputs import Output, checked_output
from trio_sup._processes.port_body import PortBody, port_handle
from trio_sup._processes.signals import Signal, signal_number
from trio_sup._servers.genserver import GenServer
from trio_sup._servers.operations import call

if TYPE_CHECKING:
    from trio_sup._processes.link import Link
    from trio_sup._servers.ref import ServerRef

Q = TypeVar("Q")
R = TypeVar("R")
# For the static methods: those of a class that is not parametrised are called.
A = TypeVar("A")
B = TypeVar("B")


def _timeout(_: object, __: object, value: Any) -> None:
    if not is_number(value) or math.isnan(value) or value <= 0:
        raise ChildSpecError("reply_timeout", value, "a number of seconds > 0")


def _signal(value: Signal) -> int:
    number = signal_number(value)
    if number is None:
        raise ChildSpecError("stop", value, "a signal, such as 'SIGTERM'")
    return number


def _output(_: object, __: object, value: object) -> None:
    checked_output("stderr", value, None)


@frozen
class PortOptions:
    """How a `Port` treats its program."""

    reply_timeout: float = field(default=math.inf, validator=_timeout)
    """Seconds in which an answer must come; if none does, that is a crash."""
    stop: int = field(default=signal.SIGTERM, converter=_signal)
    """The signal for a program that does not end when its stdin is closed."""
    stderr: Output = field(default="log", validator=_output)
    """Where its stderr goes; as for `process`."""


class Port(GenServer, Generic[Q, R]):
    """A server with a program behind it: a request goes to its stdin, a reply comes back.

    ``child(Port, command("bc", "-q"), Lines())`` is enough; `Port.ask` asks it. A
    subclass makes operations of its own out of `exchange`::

        class Calculator(Port[str, str]):
            @call
            async def add(self, a: int, b: int) -> int:
                return int(await self.exchange(f"{a} + {b}"))

    One request is under way at a time; the others wait in the mailbox. If the program
    ends, by itself or by a signal, or says what is no message, that is a crash of the
    server: whoever waits gets `ServerExit`, with `ProgramExit` or `PortError` as its cause.

    To stop it, its stdin is closed; after half of the `shutdown` seconds it gets a
    signal, after all of them SIGKILL, with all of its process group.

    Args:
        command: What to run, in each life; `trio_sup.command` makes it.
        framing: How messages are cut: `Lines`, `JsonLines`, `LengthPrefixed`.
        options: How to treat it.
    """

    __runs__: ClassVar[Runs | None] = Runs(handle=port_handle, body=PortBody)

    def __init__(
        self,
        command: Command,
        framing: Framing[Q, R],
        options: PortOptions = PortOptions(),
    ) -> None:
        self.command = command
        self.framing = framing
        self.options = options

    async def __begin__(self) -> None:
        """Start the program, if `init` has not."""
        await self._linked()

    async def exchange(self, request: Q) -> R:
        """Send a request to the program and return its reply. For handlers.

        Also in `init`, which runs before the program is started otherwise.

        Raises:
            UnfitRequest: the request cannot be written; nothing was sent.
            PortError: the two are out of step, as when a former exchange was cancelled
                half way; or what came is no reply.
            ProgramExit: the program has ended.
            trio.TooSlowError: no reply came within `PortOptions.reply_timeout`.
        """
        data = self.framing.encode(request)
        link = await self._linked()
        if link is None:
            return await self.stand_in(request)
        with trio.fail_after(self.options.reply_timeout):
            answer = await link.exchange(data)
        return self.framing.decode(answer)

    async def receive(self) -> R:
        """Return what the program says next without being asked: a greeting, say.

        Raises:
            PortError: that is no message.
            ProgramExit: the program has ended.
            trio.TooSlowError: nothing came within `PortOptions.reply_timeout`.
        """
        link = await self._linked()
        if link is None:
            raise NotImplementedError("under the harness no program says anything")
        with trio.fail_after(self.options.reply_timeout):
            answer = await link.receive()
        return self.framing.decode(answer)

    async def stand_in(self, request: Q) -> R:
        """Answer in place of the program, where `check_supervision` runs the tree.

        There time is virtual, and no program runs. Override it to test such a tree.
        """
        raise NotImplementedError(
            f"under check_supervision() no program runs: {type(self).__qualname__} needs "
            "a stand_in() that answers in its place"
        )

    async def _linked(self) -> Link | None:
        """Return the link to the program, which is started with its first use."""
        body: object = self._own().record.body
        if not isinstance(body, PortBody):
            return None
        link = body.link
        assert link is not None
        if link.running is None:
            await link.start(self.command, self.framing.cutter(), self.options.stderr)
            body.stop = self.options.stop
        return link

    @staticmethod
    async def ask(port: ServerRef[Port[A, B]], request: A) -> B:
        """Send a request to the program behind a port and return its reply.

        Errors and deadlines are those of `ServerRef.call`.

        Raises:
            UnfitRequest: the request cannot be written; nothing was sent.
        """
        reply = await port.call(Port[Any, Any].run_ask, request)
        return cast("B", reply)

    @call(raises=(UnfitRequest,))
    async def run_ask(self, request: Q) -> R:
        """For `ask`."""
        return await self.exchange(request)

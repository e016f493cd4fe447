"""One connection to Redis: commands and what is pushed, on one socket, in order.

Over Trio's streams and hiredis' parser. Nothing is repeated: whoever asked and got no
answer does not know whether it was done, and that is what it is told.
"""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

import hiredis
import outcome
import trio
from attrs import field, frozen
from trio.lowlevel import Abort, Task, current_task, reschedule, wait_task_rescheduled

from trio_sup._trio.beside import Beside
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Waiters
from trio_sup.cluster._backends.breaking import breaks_once, first_of
from trio_sup.cluster._backends.link import LinkDown

MOST_UNSENT: Final = 32 * 1024 * 1024
"""Bytes that may wait to be sent; Redis closes subscribers that are as far behind."""

_ESCAPED: Final = "in a password / ? # @ are written as %2F %3F %23 %40"
_CHUNK: Final = 65_536
_PUBLISH: Final = b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"


@frozen
class Address:
    """Where a Redis is, and how to be let in."""

    host: str
    port: int
    path: str | None
    user: str | None
    password: str | None = field(repr=False)
    database: int
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, url: str, tls: ssl.SSLContext | None) -> Address:
        """Read a URL.

        Raises:
            ValueError: it is no URL of a Redis.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise ValueError(
                f"a Redis is at redis://, rediss:// or unix://, not {parts.scheme!r}"
            )
        secure = parts.scheme == "rediss"
        if secure and tls is None:
            tls = ssl.create_default_context()
        is_unix = parts.scheme == "unix"
        number = "" if is_unix else parts.path.strip("/")
        if number and not number.isdecimal():
            # Of what holds an @ a part may be that of a password.
            said = _ESCAPED if "@" in number else f"not {number!r}"
            raise ValueError(f"the database of a Redis is a number; {said}")
        try:
            port = parts.port or 6379
        except ValueError:
            said = f"a number from 0 to 65535; {_ESCAPED}"
            raise ValueError(f"the port of {parts.hostname!r}: {said}") from None
        return cls(
            parts.hostname or "localhost",
            port,
            parts.path if is_unix else None,
            None if parts.username is None else unquote(parts.username),
            None if parts.password is None else unquote(parts.password),
            int(number or 0),
            tls if secure else None,
        )

    async def connect(self) -> trio.abc.Stream:
        """Open a stream; raises `OSError` or `trio.BrokenResourceError`."""
        if self.path is not None:
            return await trio.open_unix_socket(self.path)
        stream = await trio.open_tcp_stream(self.host, self.port)
        if self.tls is None:
            return stream
        secure = trio.SSLStream(
            stream, self.tls, server_hostname=self.host, https_compatible=True
        )
        try:
            await secure.do_handshake()
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return secure


# Typed for 1-tuples.
_packed: Final[Callable[[tuple[Any, ...]], bytes]] = cast("Any", hiredis).pack_command


class _Reply:
    """Who waits for the answer to a command."""

    __slots__ = ("task",)

    def __init__(self, task: Task) -> None:
        self.task: Task | None = task

    def abort(self, _: object) -> Abort:
        """The asker was cancelled; the answer is thrown away when it comes."""
        self.task = None
        return Abort.SUCCEEDED

    def give(self, came: outcome.Outcome[Any]) -> None:
        """Hand over what came."""
        task, self.task = self.task, None
        if task is not None:
            reschedule(task, came)


Taker = Callable[[Any], None]
"""What is told of an answer nobody waits for: a plain function, that does not raise."""


@protected
class Wire:
    """An open connection.

    Args:
        stream: Where it goes.
        pushed: Called with each message that is pushed.
        patience: After how many seconds of silence, while an answer is due, the other
            side counts as dead.
    """

    def __init__(
        self, stream: trio.abc.Stream, pushed: Callable[[Any], None], patience: float
    ) -> None:
        self._stream = stream
        self._pushed = pushed
        self._patience = patience
        self._parser: Any = hiredis.Reader(replyError=LinkDown)
        self._due: deque[_Reply | Taker] = deque()
        self._unsent: list[bytes] = []
        self._size = 0
        self._wake = Waiters()
        self._heard = trio.current_time()
        self._broken = trio.Event()
        self.down: LinkDown | None = None

    def publish(self, channel: str, data: bytes, taker: Taker) -> None:
        """Publish; how many took it goes to a function. Never blocks.

        Raises:
            LinkDown: the connection is down, or too much waits to be sent.
        """
        # By hand: what each message takes is a third of what the parser's packer does.
        name = channel.encode()
        packed = _PUBLISH % (len(name), name, len(data), data)
        self._put(packed, taker)

    def tell(self, command: tuple[Any, ...]) -> None:
        """Send a command that is answered by what is pushed. Never blocks."""
        if self.down is not None:
            raise LinkDown(str(self.down))
        self._unsent.append(_packed(command))
        self._wake.wake()

    async def ask(self, *command: Any) -> Any:
        """Send a command, and wait for its answer.

        Raises:
            LinkDown: the connection is down or went down, or Redis refuses.
        """
        reply = _Reply(current_task())
        self._put(_packed(command), reply)
        answer: Any = await wait_task_rescheduled(reply.abort)
        if isinstance(answer, LinkDown):
            raise answer
        return answer

    def _put(self, data: bytes, due: _Reply | Taker) -> None:
        if self.down is not None:
            raise LinkDown(str(self.down))
        if self._size > MOST_UNSENT:
            raise LinkDown("too much waits to be sent")
        if not self._due:
            self._heard = trio.current_time()  # nothing was due: silence begins now
        self._due.append(due)
        self._unsent.append(data)
        self._size += len(data)
        self._wake.wake()

    # The tasks.

    async def serve(self) -> None:
        """Be connected.

        Raises:
            LinkDown: it is no more; whoever waited has been told.
        """
        why = LinkDown("the connection was given up")
        try:
            async with trio.open_nursery() as nursery:
                for task in (self._write, self._read, self._watch):
                    nursery.start_soon(task)
                await self._broken.wait()
                raise why
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as broke:
            why = LinkDown(f"the connection to Redis broke: {first_of(broke)}")
        except* hiredis.ProtocolError as error:
            why = LinkDown(f"no protocol of Redis: {first_of(error)}")
        except* LinkDown as down:
            why = first_of(down)
        self.fail(why)
        raise LinkDown(str(why))

    async def _write(self) -> None:
        """Send what is given, as much as there is at a time."""
        while True:
            if not self._unsent:
                await self._wake.wait()
                continue
            data = b"".join(self._unsent)
            self._unsent, self._size = [], 0
            await self._stream.send_all(data)

    async def _read(self) -> None:
        """Hand out what comes."""
        while True:
            data = await self._stream.receive_some(_CHUNK)
            if not data:
                raise LinkDown("Redis closed the connection")
            self._heard = trio.current_time()
            self._parser.feed(data)
            while (answer := self._parser.gets()) is not False:
                self._take(answer)

    def _take(self, answer: Any) -> None:
        if isinstance(answer, hiredis.PushNotification):
            self._pushed(answer)
            return
        due = self._due.popleft()
        if isinstance(due, _Reply):
            due.give(outcome.Value(answer))
        else:
            due(answer)

    async def _watch(self) -> None:
        """Notice that nothing comes although something is due."""
        while True:
            await trio.sleep(self._patience / 4)
            silent = trio.current_time() - self._heard
            if self._due and silent > self._patience:
                raise LinkDown(f"no answer of Redis for {silent:.1f} s")

    def close(self) -> None:
        """End the connection, as something is wrong with it."""
        self._broken.set()

    def fail(self, why: LinkDown) -> None:
        """The connection is down: nobody is left waiting."""
        self.down = why
        while self._due:
            due = self._due.popleft()
            if isinstance(due, _Reply):
                due.give(outcome.Value(why))
            else:
                due(why)


@asynccontextmanager
async def open_wire(
    address: Address, pushed: Callable[[Any], None], patience: float
) -> AsyncGenerator[Wire]:
    """Connect, for the length of a block, which is cancelled if the connection breaks.

    Raises:
        LinkDown: there is no connection, or no more.
    """
    try:
        with trio.fail_after(patience):
            stream = await address.connect()
    except (OSError, trio.BrokenResourceError, trio.TooSlowError) as error:
        why = str(error.__cause__ or error) or "no answer in time"
        raise LinkDown(f"cannot connect to Redis: {why}") from error
    wire = Wire(stream, pushed, patience)
    try:
        with breaks_once():
            async with Beside(wire.serve):
                yield wire
    finally:
        wire.fail(wire.down or LinkDown("the connection is closed"))
        await trio.aclose_forcefully(stream)

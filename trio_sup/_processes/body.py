"""One life of a program: it starts, is ready, and ends, by itself or on request."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any

import trio

from trio_sup._children.life import PlainBody
from trio_sup._core.specs import Runs
from trio_sup._processes.errors import ProgramExit
from trio_sup._processes.handle import Process
from trio_sup._processes.notify import NotifySocket, notify_socket
from trio_sup._processes.outputs import sink_of
from trio_sup._processes.pump import Pump, destination
from trio_sup._processes.readiness import (
    OnLine,
    OnNotify,
    OnPort,
    check_port_free,
    wait_port,
)
from trio_sup._processes.running import RunningProgram
from trio_sup._processes.signals import end_in_words
from trio_sup._processes.usage import usage_facts
from trio_sup._processes.users import user_number
from trio_sup._trio.beside import bare
from trio_sup._trio.protect import enter_user, protected

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._processes.spec import Program

FACT_LINES = 5
"""Lines of stderr that an operator is shown."""
READS_ON = 1.0
"""Seconds without any more output until it is given up, once the program has ended:
somebody outside of its process group may hold the pipe."""
TAKES_ON = 30.0
"""Seconds in which a function must take a line, if there is more to be read."""


@protected
class ProcessBody(PlainBody):
    """The body of a program: what is known of it, over all its lives."""

    __slots__ = ("_notify", "_running", "_stderr", "path", "returncode", "spec")

    def __init__(self, record: Record) -> None:
        self.spec: Program = record.spec.target
        self.path = record.path_text
        self.returncode: int | None = None
        self._running: RunningProgram | None = None
        self._stderr: Pump | None = None
        self._notify: NotifySocket | None = None

    # What others see of it.

    @property
    def pid(self) -> int | None:
        """The number of the process; None if there is none."""
        return None if self._running is None else self._running.pid

    @property
    def status_text(self) -> str:
        """What it said of itself."""
        return "" if self._notify is None else self._notify.status

    def stderr_lines(self) -> Sequence[str]:
        """The last lines of stderr, of this life or the last."""
        return () if self._stderr is None else self._stderr.tail.lines()

    def signal(self, number: int) -> bool:
        """Signal its process group; return whether there is one."""
        return self._running is not None and self._running.signal(number)

    def facts(self) -> Iterator[tuple[str, str]]:
        """What an operator is shown of it: names and texts."""
        running = self._running
        if running is not None:
            yield from program_facts(
                running.pid, None, self.status_text, self.stderr_lines()
            )
        else:
            yield from program_facts(0, self.returncode, "", self.stderr_lines())

    # What the supervisor does with it.

    def ask(self, record: Record, reason: str) -> bool:
        """Send the signal that ends it; cancel a life that has no process yet."""
        if self.signal(self.spec.stop):
            return False
        self.cancel(record, reason)
        return True

    def cancel(self, record: Record, reason: str) -> None:
        """Kill it: nothing of the user's that still runs beside it holds that up."""
        if self._running is not None:
            self._running.kill_group()
        super().cancel(record, reason)

    def run(self, record: Record) -> Awaitable[Any]:
        """Return what the life consists of, to be awaited."""
        return self._live(record)

    async def _live(self, record: Record) -> None:
        """Run the program once.

        Raises:
            ProgramExit: it ended as it should not.
            ProgramNotStarted: it could not be started.
        """
        self._stderr = self._notify = None
        failure: BaseException | None = None
        async with AsyncExitStack() as stack:
            try:
                await self._begin(stack)
                assert self._running is not None
                async with trio.open_nursery() as nursery:
                    life = _Life(record, self, self._running, nursery)
                    await life.run(self._notify)
            except BaseExceptionGroup as group:
                failure = bare(group)
        if failure is not None:
            try:
                raise failure
            finally:
                del failure  # else it and this frame keep each other

    async def _begin(self, stack: AsyncExitStack) -> None:
        """Start the program; what is to be undone at its end goes to the stack."""
        program, more = self.spec, dict[str, str]()
        if isinstance(program.ready, OnPort):
            await check_port_free(program.ready)
        if isinstance(program.ready, OnNotify):
            user = await user_number(program.command.user)
            self._notify = stack.enter_context(notify_socket(user))
            more["NOTIFY_SOCKET"] = self._notify.address
        with ExitStack() as files:
            self._running = await RunningProgram.start(
                program.command,
                stdout=destination(program.stdout, files),
                stderr=destination(program.stderr, files),
                more_env=more,
            )
        stack.push_async_callback(self._end)

    async def _end(self) -> None:
        """Leave nothing of it; whatever has happened."""
        running = self._running
        assert running is not None
        await running.close()
        self.returncode = running.returncode
        self._running = None

    def took_stderr(self, pump: Pump) -> None:
        """The stderr of this life is read here."""
        self._stderr = pump


def program_facts(
    pid: int, returncode: int | None, says: str, stderr: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """What an operator is shown of a program: names and texts.

    Args:
        pid: Its number; 0 if it has none.
        returncode: How it ended; None as long as it runs.
        says: What it says of itself.
        stderr: The last lines of that.
    """
    if pid and returncode is None:
        yield "pid", str(pid)
        yield from usage_facts(pid)
    if says:
        yield "says", says
    if returncode is not None:
        yield "last end", end_in_words(returncode)
    for line in stderr[-FACT_LINES:]:
        yield "stderr", line


class _Life:
    """One life of a program that has been started."""

    def __init__(
        self,
        record: Record,
        body: ProcessBody,
        running: RunningProgram,
        nursery: trio.Nursery,
    ) -> None:
        self._record = record
        self._body = body
        self._spec = body.spec
        self._running = running
        self._nursery = nursery
        self._reading = 0
        self._read = trio.Event()
        self._pumps: list[Pump] = []

    async def run(self, notify: NotifySocket | None) -> None:
        """Go through the life, and raise if it was not as it should be."""
        self._begin_reading()
        if notify is not None:
            self._nursery.start_soon(notify.run)
        if self._spec.ready is None:
            self._is_ready()
        else:
            self._nursery.start_soon(self._become_ready, notify)
        code = await self._running.wait()
        if self._record.asked is not None:
            # The others of its group have the rest of the grace; then all is killed.
            await self._running.wait_group()
        else:
            self._running.kill_group()
        await self._read_on()
        self._nursery.cancel_scope.cancel("the program has ended")
        self._judge(code)

    def _judge(self, code: int) -> None:
        """Raise if the program ended as it should not."""
        record = self._record
        if record.asked is not None or (record.ready and code in self._spec.ok_codes):
            return
        raise ProgramExit(
            self._spec.command.argv[0],
            code,
            self._body.stderr_lines(),
            pid=self._running.pid,
            when="" if record.ready else "before it was ready",
        )

    # What it writes.

    def _begin_reading(self) -> None:
        process, spec = self._running.process, self._spec
        path = self._record.path_text
        if process.stdout is not None:
            pump = Pump(sink_of(spec.stdout, path, "stdout"))
            self._read_soon(pump, process.stdout)
        if process.stderr is not None:
            pump = Pump(sink_of(spec.stderr, path, "stderr"))
            self._body.took_stderr(pump)
            self._read_soon(pump, process.stderr)

    def _read_soon(self, pump: Pump, stream: trio.abc.ReceiveStream) -> None:
        self._pumps.append(pump)
        self._reading += 1
        if isinstance(self._spec.ready, OnLine):
            pump.watch = self._look_at_line
        self._nursery.start_soon(self._read_all, pump, stream)

    async def _read_all(self, pump: Pump, stream: trio.abc.ReceiveStream) -> None:
        await pump.run(stream)
        self._reading -= 1
        if not self._reading:
            self._read.set()

    async def _read_on(self) -> None:
        """Read what is left, as long as there is any and somebody takes it."""
        before, idle = -1, 0.0
        while self._reading and idle < TAKES_ON:
            handed_over = sum(pump.handed_over for pump in self._pumps)
            idle = idle + READS_ON if handed_over == before else 0.0
            # A machine that is busy with others lets time pass and nothing be read.
            if idle and not any(pump.is_behind() for pump in self._pumps):
                return
            before = handed_over
            with trio.move_on_after(READS_ON):
                await self._read.wait()

    def _look_at_line(self, line: str) -> None:
        assert isinstance(self._spec.ready, OnLine)
        if self._spec.ready.pattern.search(line) is not None:
            for pump in self._pumps:
                pump.watch = None
            self._is_ready(line)

    # Readiness.

    def _is_ready(self, value: object = None) -> None:
        if not self._record.ready:
            self._record.value = value
            self._record.become_ready()

    async def _become_ready(self, notify: NotifySocket | None) -> None:
        match self._spec.ready:
            case None | OnLine():
                pass  # it is ready; or the readers look for it
            case OnPort() as port:
                await wait_port(port)
                self._is_ready()
            case OnNotify():
                assert notify is not None
                await notify.ready.wait()
                self._is_ready()
            case function:
                handle = self._record.handle
                assert isinstance(handle, Process)
                self._is_ready(await enter_user(function, handle))


PROCESS = Runs(handle=Process._create, body=ProcessBody)  # pyright: ignore[reportPrivateUsage]
"""How a program comes to life."""

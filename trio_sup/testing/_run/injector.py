"""The seam into a running tree: the bodies that a node gives to new children.

For one Trio run the node makes bodies that tell the injector of lives and of calls. So
children of all kinds are reached, those started later too, and their specifications
stay as they are; what another run does is not touched.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import trio
from trio.lowlevel import Task

from trio_sup._children.functions import FunctionBody
from trio_sup._children.record import Record
from trio_sup._node.node import Node
from trio_sup._servers.genserver import GenServer
from trio_sup._servers.handlers import Handler
from trio_sup._servers.mailbox import MailQueue
from trio_sup._servers.messages import CastNote, Request
from trio_sup._trio.protect import protected
from trio_sup._trio.stacks import await_stack
from trio_sup.testing._beside.beside import Beside
from trio_sup.testing._beside.laws import SWALLOWED
from trio_sup.testing._run.disturbance import Disturbance
from trio_sup.testing._run.driven_life import DrivenLife
from trio_sup.testing._run.keyboard import Keyboard
from trio_sup.testing._run.stand_in import StandIn
from trio_sup.testing._servers.servers import Servers
from trio_sup.testing._servers.watched import WatchedServer
from trio_sup.testing.faults import (
    AtCheckpoint,
    FailStart,
    Fault,
    Flood,
    InjectedCrash,
)

PLAYER = "harness: faults"
"""The task that plays the script. What it does is no step of the tree, and no schedule
moves it: it runs behind all that are ready with it."""


class Injector:
    """Carries faults into lives, and sees what the library does not tell."""

    def __init__(
        self,
        script: Sequence[Fault],
        note_hit: Callable[[Fault], None],
        place: Callable[[], int],
        felt: Disturbance,
        name: Callable[[str], str],
        broken: Callable[[str, str], object],
        rounds: Callable[[], int],
    ) -> None:
        self._name = name
        self._script = script
        self._felt = felt
        self._place = place
        self._note_hit = note_hit
        self.present: dict[str, DrivenLife] = {}
        self.lives: list[DrivenLife] = []
        # How many lives have begun at each path.
        self._begun: dict[str, int] = {}
        # How lives ended: path, number, whether by an exception, and how many events
        # there had been.
        self.ends: list[tuple[str, int, bool, int]] = []
        self.overlaps: list[tuple[str, int, int]] = []
        self.records: dict[Record, None] = {}
        # Calls that wait for an answer, and where.
        self.requests: dict[Request, MailQueue] = {}
        self.failed_starts: list[BaseException] = []
        # What programs died of.
        self.program_ends: list[BaseException] = []
        # Numbers of flood messages that were handled, by path.
        self.flooded: dict[str, list[int]] = {}
        self.steps = 0
        self.on_step: Callable[[int], None] | None = None
        # Whose lives are driven; in an undisturbed run all are, to count their waits.
        self._aimed_at = {fault.path for fault in script}
        self._failing = [fault for fault in script if isinstance(fault, FailStart)]
        # The faults at a checkpoint, by path and life.
        self._planned: dict[tuple[str, int], list[AtCheckpoint]] = {}
        for fault in script:
            if isinstance(fault, AtCheckpoint) and fault.at is None:
                place_of = (fault.path, fault.life)
                self._planned.setdefault(place_of, []).append(fault)
        self._flood_number = 0
        self.keyboard = Keyboard()
        self.beside = Beside(broken, name, place)
        self.servers = Servers(
            broken, name, self._called, self._lags, rounds, self.beside
        )

    def _called(self, request: Request, queue: MailQueue) -> None:
        self.requests[request] = queue

    def _lags(self, record: Record) -> bool:
        """Whether a child goes on later, though what it waited for has come."""
        life = self.present.get(self._name(record.path_text))
        return life is not None and life.belongs_to(record) and life.lags

    def take_place(self, node: Node) -> None:
        """Reach all children that a node gets from now on."""
        original = node.bodies

        def body_of(record: Record) -> Any:
            match record.spec.kind:
                case "task":
                    return _DrivenFunction(self)
                case "server":
                    return _DrivenServer(record, self)
                case "process":
                    return StandIn(record, self)
                case "supervisor" | "dynamic":
                    shell = original(record)
                    run = shell.run

                    def run_noted(record: Record) -> Awaitable[None]:
                        self.records[record] = None
                        self.beside.begins(record)
                        awaitable: Awaitable[None] = run(record)
                        return awaitable

                    shell.run = run_noted
                    return shell

        node.bodies = body_of

    @contextmanager
    def counting(self) -> Generator[None]:
        """Count the steps of tasks, where it matters, in a block inside of the run."""
        if self._script and self.on_step is None:
            yield
            return
        steps = _Steps(self)
        trio.lowlevel.add_instrument(steps)
        try:
            yield
        finally:
            trio.lowlevel.remove_instrument(steps)

    # Lives.

    async def run(
        self, record: Record, original: Callable[[Record], Awaitable[None]]
    ) -> None:
        """Run one life of a function or server, under its faults."""
        self.records[record] = None
        self.beside.begins(record)
        life = self._begin(record)
        failed = True
        try:
            if self._script and life.path not in self._aimed_at:
                await original(record)
            else:
                await self._drive(life, record, original)
            failed = record.ending.cut_short is not None
        finally:
            self.beside.endings.over(record)
            self.ends.append((life.path, life.life, failed, self._place()))
            if self.present.get(life.path) is life:
                del self.present[life.path]

    async def _drive(
        self,
        life: DrivenLife,
        record: Record,
        original: Callable[[Record], Awaitable[None]],
    ) -> None:
        if life.late_start():
            await life.lag()
        self._fail_start(life)
        await life.drive(original(record))  # type: ignore[arg-type]
        if record.spec.kind == "task" and life.cancellations > 1:
            words = f"it was cancelled {life.cancellations} times, and returned"
            self.beside.broken(SWALLOWED, record.path_text, words)

    def _begin(self, record: Record) -> DrivenLife:
        path = self._name(record.path_text)
        ordinal = self._begun[path] = self._begun.get(path, 0) + 1
        planned = self._planned.get((path, ordinal), ())
        life = DrivenLife(record, planned, self._note_hit, self._felt, ordinal, path)
        before = self.present.get(path)
        if before is not None:
            self.overlaps.append((path, before.life, record.life))
        self.present[path] = life
        self.lives.append(life)
        return life

    def _fail_start(self, life: DrivenLife) -> None:
        for fault in self._failing:
            first = fault.life
            if fault.path == life.path and first <= life.ordinal < first + fault.times:
                error = InjectedCrash(f"{life.path} fails to start")
                self.failed_starts.append(error)
                self._note_hit(fault)
                raise error

    def told(self, record: Record) -> None:
        """A child has been cancelled."""
        life = self.present.get(self._name(record.path_text))
        if life is not None and life.belongs_to(record):
            life.told()

    def flood(self, fault: Flood) -> bool:
        """Fill a mailbox; return whether there was one to fill."""
        record = self.living_server(fault.path)
        if record is None:
            return False
        handler = self._drop_handler(fault.path)
        for _ in range(fault.count):
            self._flood_number += 1
            note = CastNote(handler, (self._flood_number,))
            try:
                record.mailbox.put_note(note)
            except Exception:  # noqa: BLE001 - full, or not taking any: the flood ends
                break
        return True

    def _drop_handler(self, path: str) -> Handler:
        async def handle(server: GenServer, number: int) -> None:
            del server
            self.flooded.setdefault(path, []).append(number)

        return Handler("flood", handle, (), deferred=False, is_call=False)

    def living(self, path: str) -> Record | None:
        """Return who lives at a path, if anybody does."""
        for record in self.records:
            if record.alive and self._name(record.path_text) == path:
                return record
        return None

    def living_server(self, path: str) -> Record | None:
        """Return the living server at a path, if there is one."""
        record = self.living(path)
        return None if record is None or record.mailbox is None else record

    def stack_of(self, record: Record) -> str:
        """Format where a child waits."""
        life = self.present.get(self._name(record.path_text))
        if life is not None and (own := life.stack()):
            return own
        return "" if record.task is None else await_stack(record.task)

    def forgotten_callers(self) -> list[str]:
        """Return the calls that wait for an answer that nobody will give."""
        if not self.requests:
            return []
        self.requests = {r: q for r, q in self.requests.items() if r.task is not None}
        return [
            f"{queue.record.path_text}: {request.handler.name} waits for ever"
            for request, queue in self.requests.items()
            if not (
                request is queue.current
                or request in queue.deferred
                or queue.holds(request)
            )
        ]

    def thrown(self) -> list[BaseException]:
        """All exceptions that the harness made."""
        made = [*self.failed_starts, *self.program_ends, *self.keyboard.pressed]
        for life in self.lives:
            made += life.thrown
        return made


class _DrivenFunction(FunctionBody):
    """A function under the injector's eyes."""

    __slots__ = ("_injector",)

    only_cancelled = False  # the injector is told of that

    def __init__(self, injector: Injector) -> None:
        self._injector = injector

    def run(self, record: Record) -> Awaitable[Any]:
        """Return what the life consists of, to be awaited."""
        self._injector.beside.endings.inside(record, "a life begins")
        return self._injector.run(record, super().run)

    def ask(self, record: Record, reason: str) -> bool:
        """Ask it to stop: what is cancelled by that is slow no more."""
        self._injector.beside.endings.inside(record, "it is asked to end")
        cancelled = super().ask(record, reason)
        if cancelled:
            self._injector.told(record)
        return cancelled

    def cancel(self, record: Record, reason: str) -> None:
        """End it at once, however slow it is."""
        super().cancel(record, reason)
        self._injector.told(record)


@protected
class _DrivenServer(WatchedServer):
    """A server under the injector's eyes."""

    __slots__ = ("_injector",)

    def __init__(self, record: Record, injector: Injector) -> None:
        super().__init__(record, injector.servers)
        self._injector = injector

    def run(self, record: Record) -> Awaitable[Any]:
        """Return what the life consists of, to be awaited."""
        return self._injector.run(record, super().run)

    def cancel(self, record: Record, reason: str) -> None:
        """End it at once, however slow it is."""
        super().cancel(record, reason)
        self._injector.told(record)


class _Steps(trio.abc.Instrument):
    """Counts task steps: an instrument of its own, since each step pays for it."""

    def __init__(self, injector: Injector) -> None:
        self._injector = injector

    def before_task_step(self, task: Task) -> None:
        """A task is about to run."""
        if task.name == PLAYER:
            return
        injector = self._injector
        injector.steps += 1
        if injector.on_step is not None:
            injector.on_step(injector.steps)

"""One run of a tree under a script and a schedule: one `trio.run`, virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from typing import Any

import trio
import trio.testing
from attrs import evolve, frozen
from trio.lowlevel import Task

from trio_sup._children.refusals import StartFailed
from trio_sup._core.anatomy import is_a, leaves
from trio_sup._core.errors import RestartLimitExceeded, SupervisionError
from trio_sup._node.node import current_node
from trio_sup._tree.open import open_supervisor
from trio_sup._tree.supervisor import Supervisor
from trio_sup.testing import invariants
from trio_sup.testing._monitor.error_line import told
from trio_sup.testing._run.aftermath import aftermath
from trio_sup.testing._run.by_hand import by_hand
from trio_sup.testing._run.injector import Injector
from trio_sup.testing._run.quiet import quiet_log
from trio_sup.testing._run.watchdog import Watchdog, all_tasks, sweep
from trio_sup.testing.faults import (
    AtCheckpoint,
    CancelClient,
    CutTree,
    Deaf,
    Fault,
    Flood,
    StartAgain,
    Terminate,
)
from trio_sup.testing.invariants import Invariant
from trio_sup.testing.monitor import ConformanceMonitor, Violation
from trio_sup.testing.problems import Hit, Problem
from trio_sup.testing.schedule import scheduled
from trio_sup.testing.world import BuildTree, Unassumed, World, present_world, unpack

PATIENCE = 3600.0
"""Virtual seconds after which a tree that does not stop is called stuck."""

Client = Callable[[World], Awaitable[object]]


@frozen(kw_only=True)
class Options:
    """How to run examples of one tree."""

    build_tree: BuildTree
    client: Client | None = None
    invariants: tuple[Invariant, ...] = ()
    allow: tuple[type[BaseException], ...] = ()
    duration: float = 10.0


def run_example(
    options: Options, script: Sequence[Fault] = (), codes: Sequence[int] = ()
) -> World:
    """Run one example; what is wrong with it is in `World.problems`."""
    watchdog = Watchdog(codes)
    example = _Example(options, script, watchdog)
    clock = trio.testing.MockClock(autojump_threshold=0)
    with scheduled(schedule=watchdog), quiet_log():
        try:
            trio.run(example.main, clock=clock)
        except Unassumed:
            pass  # by `build_tree`
        except BaseExceptionGroup as group:
            if example.is_real_interrupt(group):
                raise KeyboardInterrupt from group
            raise
        except trio.TrioInternalError as error:
            if watchdog.halt is None:
                raise
            example.problem("the tree comes to rest", watchdog.halt)
            del error
            sweep(watchdog.left, watchdog.busy)
    world = example.world
    if example.is_real_interrupt(world.error):
        raise KeyboardInterrupt from world.error
    world.contested = watchdog.contested
    if not world.assumed:
        world.problems.clear()
    return world


class _Example:
    def __init__(
        self, options: Options, script: Sequence[Fault], watchdog: Watchdog
    ) -> None:
        self.options = options
        self.script = script
        self.watchdog = watchdog
        self.world = World(script=script)
        self.injector = Injector(script, self._hit, lambda: len(self.world.events))
        self.monitor = ConformanceMonitor(on_violation=self.violation)
        self.cut = trio.CancelScope()
        self.client_scope = trio.CancelScope()
        self.over = trio.Event()
        self.now = 0.0
        # How many events there had been when the registry was looked at last.
        self._looked_at = -1

    # Findings.

    def problem(self, name: str, what: str, at: float | None = None) -> None:
        """Note that something is wrong."""
        at = self.now if at is None else at
        place = len(self.world.events)
        self.world.problems.append(Problem(at, name, what, place))

    def violation(self, found: Violation) -> None:
        """Take what the monitor found."""
        self.problem(found.rule, f"{found.path}: {found.what}", found.at)

    def _hit(self, fault: Fault) -> None:
        place = len(self.world.events)
        self.world.hits.append(Hit(trio.current_time(), fault, place=place))

    def is_real_interrupt(self, error: BaseException | None) -> bool:
        """Whether somebody pressed Ctrl-C: then it is over, it is no outcome."""
        if error is None:
            return False
        made = {id(each) for each in self.injector.thrown()}
        return any(
            is_a(leaf, KeyboardInterrupt) and not invariants.stems_from(leaf, made)
            for leaf in leaves(error)
        )

    def hook(self, event: Any) -> None:
        """Take an event of the node."""
        self.world.events.append(event)
        self.monitor.take(event)

    # The run.

    async def main(self) -> None:
        node = self.world.node_ = current_node()
        self.injector.take_place(node)
        present_world.set(self.world)
        before = set(all_tasks())
        spec, self.world.app = unpack(self.options.build_tree())
        self.world.records_ = self.injector.records
        self.monitor.join(node)
        node.add_hook(self.hook)
        cutters = [f for f in self.script if isinstance(f, CutTree) and f.step]
        if cutters:
            self.injector.on_step = lambda step: self._cut_at(step, cutters)
        with self.injector.counting():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._play, name="harness: faults")
                await self._run_tree(spec)
                self.over.set()
                nursery.cancel_scope.cancel()
            self.now = self.world.end = trio.current_time()
            await trio.testing.wait_all_tasks_blocked()
            self._after(before)

    def _cut_at(self, step: int, cutters: list[CutTree]) -> None:
        for fault in cutters:
            if fault.step == step and not self.cut.cancel_called:
                self._hit(fault)
                self.cut.cancel("cut by the harness")

    async def _lose_patience(self) -> None:
        stacks = [
            f"{record.path_text} waits:\n{self.injector.stack_of(record)}"
            for record in self.world.records_
            if record.alive
        ]
        why = (
            f"it did not end within {PATIENCE:g} s; virtual time passes while all tasks "
            "wait, for a thread or a process, too\n"
        )
        self.watchdog.halt = why + "\n".join(stacks)
        await trio.lowlevel.checkpoint()

    async def _run_tree(self, spec: Any) -> None:
        world = self.world
        error: BaseException | None = None
        try:
            with self.cut:
                async with open_supervisor(spec) as root:
                    world.root_ = root
                    await self._body()
                world.outcome = "stopped"
        except BaseException as caught:  # noqa: BLE001 - judged below
            error = caught
        if self.cut.cancelled_caught:
            world.outcome = "cut"
        if error is not None:
            self._judge_end(error)
        world.error = error
        del error

    async def _body(self) -> None:
        if self.options.client is None:
            await self.over.wait()
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._client, name="harness: client")
            await self.over.wait()
            nursery.cancel_scope.cancel()

    async def _client(self) -> None:
        assert self.options.client is not None
        error: BaseException | None = None
        try:
            with self.client_scope:
                used = self.options.client(self.world)
                if not isawaitable(used):
                    name = getattr(self.options.client, "__name__", "it")
                    raise TypeError(f"a client must be async; {name} returned {used!r}")
                await used
        except Exception as caught:  # noqa: BLE001 - judged below
            error = caught
        if error is None:
            return
        self.now = trio.current_time()
        kinds = (*invariants.CONSEQUENCES, *self.options.allow)
        excused = self.world.disturbed and all(
            is_a(leaf, kinds) for leaf in leaves(error)
        )
        if not excused:
            self.problem("the client gets along", told(error))

    def _judge_end(self, error: BaseException) -> None:
        world = self.world
        self.now = trio.current_time()
        kinds = {type(leaf) for leaf in leaves(error)}
        made = {id(each) for each in self.injector.thrown()}
        ours = all(invariants.stems_from(leaf, made) for leaf in leaves(error))
        if KeyboardInterrupt in kinds and ours:
            world.outcome = "interrupted"
        elif kinds == {RestartLimitExceeded}:
            world.outcome = "gave_up"
            if not world.disturbed:
                self.problem("an undisturbed tree goes on", str(error))
        elif kinds == {StartFailed} or (
            world.root_ is None and all(issubclass(k, SupervisionError) for k in kinds)
        ):
            world.outcome = "not_started"
            if not world.disturbed:
                self.problem("an undisturbed tree starts", str(error))
        else:
            world.outcome = "failed"
            self.problem("the tree ends in order", told(error))

    # Faults.

    async def _play(self) -> None:
        timed = [fault for fault in self.script if fault.at is not None]
        timed.sort(key=lambda fault: fault.at or 0.0)
        await self._settle()
        struck: set[str] = set()
        for fault in timed:
            if fault.at is not None and fault.at > trio.current_time():
                await self._settle()
                await trio.sleep_until(fault.at)
                struck.clear()
            # Faults of one moment hit together; those of one child after each other.
            if not struck or fault.path in struck:
                await self._settle()
                struck.clear()
            struck.add(fault.path)
            self._strike(fault)
        await self._settle()
        await self._demand()
        await trio.sleep_until(self.options.duration)
        await self._settle()
        self.over.set()
        pause = 1 / 16
        while trio.current_time() < self.options.duration + PATIENCE:
            await trio.sleep(pause)
            await self._settle()
            pause *= 1.5
        await self._lose_patience()

    def _strike(self, fault: Fault) -> None:
        hit, hits = True, self.world.hits
        position = len(hits)
        self._hit(fault)
        match fault:
            case AtCheckpoint():
                life = self.injector.present.get(fault.path)
                hit = life is not None
                if life is not None:
                    life.strike(fault)
            case Deaf():
                life = self.injector.present.get(fault.path)
                hit = life is not None
                if life is not None:
                    life.deaf = fault.seconds
            case Flood():
                hit = self.injector.flood(fault)
            case CancelClient():
                self.client_scope.cancel("cancelled by the harness")
            case CutTree():
                self.cut.cancel("cut by the harness")
            case Terminate() | StartAgain():
                hit = self._by_hand(fault)
            case _:
                hit = False
        if not hit:
            hits[position] = evolve(hits[position], missed=True)

    def _by_hand(self, fault: Terminate | StartAgain) -> bool:
        for record in self.world.records_:
            parent = None if record.parent is None else record.parent.record.handle
            if record.path_text == fault.path and isinstance(parent, Supervisor):
                admin = by_hand(parent, record, fault)
                trio.lowlevel.spawn_system_task(admin, name="harness: by hand")
                return True
        return False

    async def _settle(self) -> None:
        """Wait until nothing more happens by itself, then look."""
        await trio.testing.wait_all_tasks_blocked()
        self.now = trio.current_time()
        self.monitor.settled(self.now)
        self._quiet_checks()

    def _quiet_checks(self) -> None:
        happened = len(self.world.events)
        if happened != self._looked_at:
            self._looked_at = happened
            for text in invariants.registry_problems(self.world):
                self.problem("the registry equals the living children", text)
        for text in self.injector.forgotten_callers():
            self.problem("every caller is answered", text)
        for text in invariants.mailbox_problems(self.world):
            self.problem("the counts of mailboxes add up", text)
        if self.world.root_ is not None and self.world.outcome == "running":
            self._check("quiet")

    async def _demand(self) -> None:
        for demand in self.options.invariants:
            going = (
                self.world.root_ is not None and self.world.root_.status == "running"
            )
            if demand.when != "eventually" or not going or self.cut.cancel_called:
                continue
            why = await invariants.becomes_true(demand, self.world)
            self.now = trio.current_time()
            going = (
                self.world.root_ is not None and self.world.root_.status == "running"
            )
            if why is not None and going:
                self.problem(demand.name, why)

    def _check(self, when: str) -> None:
        for each in self.options.invariants:
            if each.when != when:
                continue
            why = None
            try:
                if each(self.world) is False:
                    why = "it is false"
            except Exception as error:  # noqa: BLE001 - the user's verdict
                why = told(error)
            if why is not None:
                self.problem(each.name, why)

    # Afterwards.

    def _after(self, before: set[Task]) -> None:
        world, injector = self.world, self.injector
        world.steps = injector.steps
        for life in injector.lives:
            world.checkpoints[life.path, life.life] = life.checkpoints
        for name, text in aftermath(world, injector, set(all_tasks()) - before):
            self.problem(name, text)
        self._looked_at = -1
        self._quiet_checks()
        found = invariants.unexpected_crashes(
            world, injector.thrown(), self.options.allow
        )
        for at, path, error in found:
            name = "no child fails without a fault that explains it"
            self.problem(name, f"{path}: {told(error)}", at)
        self._check("end")

"""One run of a tree under a script and a schedule: one `trio.run`, virtual time."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from inspect import isawaitable
from typing import Any

import trio
import trio.testing

from trio_sup._children.refusals import StartFailed
from trio_sup._core.anatomy import is_a, leaves
from trio_sup._core.errors import RestartLimitExceeded, SupervisionError
from trio_sup._node.node import current_node
from trio_sup._supervisors.shell import jitter
from trio_sup._tree.open import open_supervisor
from trio_sup.testing import invariants
from trio_sup.testing._beside.beside import STAND_INS
from trio_sup.testing._beside.laws import RAISED
from trio_sup.testing._beside.stand_ins import judged, stand_ins
from trio_sup.testing._monitor.error_line import told
from trio_sup.testing._monitor.facts import ENDS
from trio_sup.testing._monitor.naming import Naming
from trio_sup.testing._run.injector import PLAYER
from trio_sup.testing._run.options import Options
from trio_sup.testing._run.player import PATIENCE, Player
from trio_sup.testing._run.quiet import quiet_log
from trio_sup.testing._run.watchdog import (
    ENOUGH,
    Watchdog,
    all_tasks,
    instruments_in,
    sweep,
)
from trio_sup.testing.faults import CtrlC, CutTree, Fault
from trio_sup.testing.schedule import scheduled
from trio_sup.testing.world import Unassumed, World, present_world, unpack


def run_example(
    options: Options,
    script: Sequence[Fault] = (),
    codes: Sequence[int] = (),
    order: Watchdog | None = None,
) -> World:
    """Run one example; what is wrong with it is in `World.problems`.

    Args:
        options: How to run it.
        script: What goes wrong.
        codes: Its schedule.
        order: What decides who goes on, in the place of `codes`.
    """
    watchdog = Watchdog(codes) if order is None else order
    example = _Example(options, script, watchdog)
    clock = trio.testing.MockClock(autojump_threshold=0)
    beside = example.injector.beside
    with (
        scheduled(schedule=watchdog),
        quiet_log(),
        stand_ins(STAND_INS),
        same_jitter(),
        judged(beside),
    ):
        try:
            trio.run(example.main, clock=clock, instruments=instruments_in(order))
        except Unassumed:
            pass  # by `build_tree`
        except BaseExceptionGroup as group:
            if example.is_real_interrupt(group):
                raise KeyboardInterrupt from group
            raise
        except trio.TrioInternalError as error:
            if watchdog.halt is None:
                raise
            if watchdog.halt is not ENOUGH:
                example.judge.problem("the tree comes to rest", watchdog.halt)
            del error
            sweep(watchdog.left, watchdog.busy)
    world = example.world
    if example.is_real_interrupt(world.error):
        raise KeyboardInterrupt from world.error
    world.contested = watchdog.contested
    if not world.assumed:
        world.problems.clear()
    return world


@contextmanager
def same_jitter() -> Generator[None]:
    """Let delays be drawn alike in each run: script and schedule decide all of it."""
    before = jitter.getstate()
    jitter.seed(0)
    try:
        yield
    finally:
        jitter.setstate(before)


class _Example:
    def __init__(
        self, options: Options, script: Sequence[Fault], watchdog: Watchdog
    ) -> None:
        self.options = options
        self.watchdog = watchdog
        self.world = World(script=script)
        watchdog.found = self.world.problems
        self.block_raised = False
        self.cut = trio.CancelScope()
        self.client_scope = trio.CancelScope()
        self.player = Player(
            options, self.world, self.cut, self.client_scope, lambda: watchdog.rounds
        )
        self.injector = self.player.injector
        self.judge = self.player.judge

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
        self.world.name_of(event.path)  # whose it is can be told now
        self.judge.monitor.take(event)
        if event.kind in ENDS:
            self.injector.beside.take(event)

    # The run.

    async def main(self) -> None:
        node = self.world.node_ = current_node()
        self.world.names_ = Naming(node.trees)
        self.injector.take_place(node)
        present_world.set(self.world)
        before = set(all_tasks())
        spec, self.world.app = unpack(self.options.build_tree())
        self.world.records_ = self.injector.records
        self.world.waits_ = self.injector.beside.waits
        self.judge.monitor.join(node)
        node.add_hook(self.hook)
        if any(isinstance(f, CutTree) and f.step for f in self.world.script):
            self.injector.on_step = self.player.cut_at
        with self.injector.counting():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.player.play, self._lose_patience, name=PLAYER)
                if any(isinstance(fault, CtrlC) for fault in self.world.script):
                    await self.injector.keyboard.drive(self._run_tree(spec))
                else:
                    await self._run_tree(spec)
                nursery.cancel_scope.cancel()
            self.judge.now = self.world.end = trio.current_time()
            await trio.testing.wait_all_tasks_blocked()
            self.judge.afterwards(set(all_tasks()) - before)
        for name, (at, place, why) in self.player.demands.findings():
            self.judge.found(name, at, place, why)

    def _lose_patience(self) -> None:
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

    async def _run_tree(self, spec: Any) -> None:
        world = self.world
        error: BaseException | None = None
        try:
            with self.cut:
                async with open_supervisor(spec) as root:
                    world.root_ = root
                    self.player.felt.hit(trio.current_time())  # demands count from here
                    try:
                        await self._body()
                    finally:
                        self.player.block_left = True
                    if self.player.block_error is not None:
                        self.block_raised = True
                        raise self.player.block_error
                world.outcome = "stopped"
        except BaseException as caught:  # noqa: BLE001 - judged below
            error = caught
        if self.cut.cancelled_caught:
            world.outcome = "cut"
        if error is not None:
            self._judge_end(error)
        self._see_block_error(error)
        world.error = error
        del error

    def _see_block_error(self, error: BaseException | None) -> None:
        meant = self.player.block_error
        if meant is None or not self.block_raised:
            return
        if error is None or meant not in set(leaves(error)):
            self.judge.now = trio.current_time()
            self.judge.problem(RAISED, f"it was raised, and came out as {error!r}")

    async def _body(self) -> None:
        if self.options.client is None:
            await self.player.over.wait()
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._client, name="harness: client")
            await self.player.over.wait()
            nursery.cancel_scope.cancel()

    async def _client(self) -> None:
        assert self.options.client is not None
        error: BaseException | None = None
        self.player.client_runs = True
        try:
            with self.client_scope:
                used = self.options.client(self.world)
                if not isawaitable(used):
                    name = getattr(self.options.client, "__name__", "it")
                    raise TypeError(f"a client must be async; {name} returned {used!r}")
                await used
        except Exception as caught:  # noqa: BLE001 - judged below
            error = caught
        finally:
            self.player.client_runs = False
        if error is None:
            return
        self.judge.now = trio.current_time()
        kinds = (*invariants.CONSEQUENCES, *self.options.allow)
        excused = self.world.disturbed and all(
            is_a(leaf, kinds) for leaf in leaves(error)
        )
        if not excused:
            self.judge.problem("the client gets along", told(error))

    def _judge_end(self, error: BaseException) -> None:
        world = self.world
        self.judge.now = trio.current_time()
        kinds = {type(leaf) for leaf in leaves(error)}
        block_error = self.player.block_error
        made = {id(each) for each in (*self.injector.thrown(), block_error)}
        ours = all(
            invariants.stems_from(leaf, made) or is_a(leaf, RestartLimitExceeded)
            for leaf in leaves(error)
        )
        if KeyboardInterrupt in kinds and ours:
            world.outcome = "interrupted"
        elif block_error is not None and block_error in set(leaves(error)):
            world.outcome = "failed"
        elif kinds == {RestartLimitExceeded}:
            world.outcome = "gave_up"
            if not world.disturbed:
                self.judge.problem("an undisturbed tree goes on", str(error))
        elif kinds == {StartFailed} or (
            world.root_ is None and all(issubclass(k, SupervisionError) for k in kinds)
        ):
            world.outcome = "not_started"
            if not world.disturbed:
                self.judge.problem("an undisturbed tree starts", str(error))
        else:
            world.outcome = "failed"
            self.judge.problem("the tree ends in order", told(error))

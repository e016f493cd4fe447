"""Plays a script: each fault at its time, and a look whenever nothing more happens."""

from __future__ import annotations

from collections.abc import Callable

import trio
from attrs import evolve

from trio_sup._tree.dynamic import DynamicSupervisor
from trio_sup._tree.supervisor import Supervisor
from trio_sup.testing._run.by_hand import BY_HAND, by_hand
from trio_sup.testing._run.demands import Demands
from trio_sup.testing._run.disturbance import Disturbance
from trio_sup.testing._run.injector import Injector
from trio_sup.testing._run.judge import Judge
from trio_sup.testing._run.options import Options
from trio_sup.testing._run.traffic import Traffic
from trio_sup.testing._run.visitors import Visitors
from trio_sup.testing.faults import (
    Ask,
    AtCheckpoint,
    CancelClient,
    CtrlC,
    CutTree,
    Deaf,
    FailBlock,
    Fault,
    Flood,
    InjectedCrash,
    Newcomer,
    Onlooker,
    Resize,
    Rush,
    StartAgain,
    StopServer,
    Suspend,
    Terminate,
    Work,
)
from trio_sup.testing.problems import Hit
from trio_sup.testing.world import World

PATIENCE = 3600.0
"""Virtual seconds after which a tree that does not stop is called stuck."""

ADMINISTERED = (Supervisor, DynamicSupervisor)
"""Those whose children can be stopped and started by hand."""


class Player:
    """The faults of one run.

    Args:
        options: How to run it.
        world: The run.
        cut: What cancels the whole tree.
        client: What cancels its client.
        rounds: Returns the number of the scheduler's present round.
    """

    def __init__(
        self,
        options: Options,
        world: World,
        cut: trio.CancelScope,
        client: trio.CancelScope,
        rounds: Callable[[], int],
    ) -> None:
        self._options = options
        self._world = world
        self._cut = cut
        self._client = client
        self.felt = Disturbance()
        self.judge: Judge
        self.injector = Injector(
            world.script,
            self.hit,
            lambda: len(world.events),
            self.felt,
            world.name_of,
            self._broken,
            rounds,
        )
        self._traffic = Traffic(
            self._broken,
            self.felt,
        )
        self.judge = Judge(options, world, self.injector)
        self.demands = Demands(
            options.invariants, world, self.felt, options.duration / 2
        )
        self.over = trio.Event()
        """The run has lasted long enough: its tree is to be stopped."""
        self.client_runs = False
        """Whether there is a client to cancel, at present."""
        self.block_left = False
        """Whether who waits for the tree waits for its end."""
        self.block_error: InjectedCrash | None = None
        """What the block around the tree is to raise."""
        self._visitors = Visitors(
            self.injector.living,
            self._broken,
            self.injector.failed_starts.append,
        )
        self._asking: trio.Nursery

    def hit(self, fault: Fault) -> None:
        """A fault takes place."""
        now, place = trio.current_time(), len(self._world.events)
        self._world.hits.append(Hit(now, fault, place=place))
        self.felt.hit(now)

    def _broken(self, law: str, what: str) -> None:
        self.judge.problem(law, what, trio.current_time())

    async def play(self, give_up: Callable[[], None]) -> None:
        """Let the script happen, and end the run when its time is over.

        Args:
            give_up: Called if the tree does not stop then.
        """
        async with trio.open_nursery() as self._asking:
            await self._settle()
            await self._play_script()
            await self._go_on()
        self.over.set()
        pause = 1 / 16
        while trio.current_time() < self._options.duration + PATIENCE:
            await trio.sleep(pause)
            await self._settle()
            pause *= 1.5
        give_up()
        await trio.lowlevel.checkpoint()

    async def _play_script(self) -> None:
        timed = [fault for fault in self._world.script if fault.at is not None]
        timed.sort(key=lambda fault: fault.at or 0.0)
        struck: set[str] = set()
        for fault in timed:
            assert fault.at is not None
            if fault.at > trio.current_time():
                await self._settle()
                struck.clear()
            while fault.at > trio.current_time():
                await self._pass(fault.at)
            # Faults of one moment hit together; those of one child after each other.
            if not struck or fault.path in struck:
                await self._settle()
                struck.clear()
            struck.add(fault.path)
            self._strike(fault)
        await self._settle()

    async def _go_on(self) -> None:
        """Let time pass until the run has lasted, and all demands are answered."""
        while True:
            now, final = trio.current_time(), self._final()
            if now >= final and self.demands.answered(final):
                self.injector.beside.waits.look_for_rings()
                return
            await self._pass(final if now < final else self.demands.next(now))

    def _final(self) -> float:
        return max(self._options.duration, self.demands.until())

    async def _pass(self, until: float) -> None:
        """Let time pass until something is due, then until all that follows is done."""
        to_next = trio.lowlevel.current_statistics().seconds_to_next_deadline
        await trio.sleep_until(min(trio.current_time() + to_next, until))
        await self._settle()

    async def _settle(self) -> None:
        await self.judge.settled()
        if self.demands.look(self.judge.now, self._asking, self._final()):
            await self.judge.settled()

    # What a fault of a certain time does.

    def _strike(self, fault: Fault) -> None:
        hits, position = self._world.hits, len(self._world.hits)
        now, place = trio.current_time(), len(self._world.events)
        hits.append(Hit(now, fault, place=place))
        if self._happens(fault):
            self.felt.hit(now)
        else:
            hits[position] = evolve(hits[position], missed=True)

    def _happens(self, fault: Fault) -> bool:
        life = self.injector.present.get(fault.path)
        match fault:
            case AtCheckpoint():
                if life is not None:
                    life.strike(fault)
                return life is not None
            case Deaf():
                if life is not None:
                    life.deaf = fault.seconds
                return life is not None
            case Flood():
                return self.injector.flood(fault)
            case Rush() | Suspend() | StopServer():
                return self._to_server(fault)
            case CancelClient():
                self._client.cancel("cancelled by the harness")
                return self.client_runs
            case CutTree():
                self._cut.cancel("cut by the harness")
                return True
            case CtrlC():
                return self._press()
            case FailBlock():
                return self._fail_block()
            case Ask() | Newcomer() | Onlooker() | Resize() | Work():
                return self._visitors.comes(fault)
            case Terminate() | StartAgain():
                return self._by_hand(fault)
            case _:
                return fault.happen(self._world) is not False

    def _fail_block(self) -> bool:
        if self.block_error is not None or self.block_left:
            return False
        self.block_error = InjectedCrash("the block around the tree fails")
        self.over.set()
        return True

    def _press(self) -> bool:
        keyboard = self.injector.keyboard
        # A first Ctrl-C, too, if a cancellation has come before: nobody has patience.
        again = bool(keyboard.pressed) or self._cut.cancel_called
        # He waits for the tree: for its end, or still for its start.
        waits = self.block_left or self._world.root_ is None
        if again and waits:
            self.judge.hurry()
        return keyboard.press()

    def _to_server(self, fault: Rush | Suspend | StopServer) -> bool:
        record = self.injector.living_server(fault.path)
        if record is None:
            return False
        match fault:
            case Rush():
                self._traffic.rush(fault, record)
            case Suspend():
                self._traffic.suspend(fault, record)
            case StopServer():
                self._traffic.stop(record)
        return True

    def _by_hand(self, fault: Terminate | StartAgain) -> bool:
        for record in reversed(self._world.records_):
            parent = None if record.parent is None else record.parent.record.handle
            name = self._world.name_of(record.path_text)
            if name == fault.path and isinstance(parent, ADMINISTERED):
                admin = by_hand(parent, record, fault)
                trio.lowlevel.spawn_system_task(admin, name=BY_HAND)
                return True
        return False

    def cut_at(self, step: int) -> None:
        """Cut the tree before a task step, if the script says so."""
        for fault in self._world.script:
            if (
                isinstance(fault, CutTree)
                and fault.step == step
                and not self._cut.cancel_called
            ):
                self.hit(fault)
                self._cut.cancel("cut by the harness")

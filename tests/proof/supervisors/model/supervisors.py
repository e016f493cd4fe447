"""The supervisors of the reference model: who is started and stopped, and when.

`SupervisorLife` does what both kinds have in common; `StaticChildren` follows
Erlang's `supervisor` and `DynamicChildren` Elixir's `DynamicSupervisor`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from typing import Protocol

from tests.proof.supervisors.model.faults import fault_of_spec, fault_of_specs
from tests.proof.supervisors.model.world import (
    Asked,
    Exited,
    Failed,
    Ignored,
    Life,
    Message,
    Retry,
    Slot,
    Started,
    WorkerLife,
    World,
)
from tests.proof.supervisors.scenario import (
    Ask,
    Child,
    ChildRequest,
    Nested,
    StartChild,
    Tree,
    child_path,
)
from tests.proof.trace import Value


class Children(Protocol):
    """The children of one supervisor, and the rules of its kind."""

    slots: list[Slot]

    def start(self) -> Value:
        """Starts the specified children or, with a reason, none of them."""

    def stop(self) -> None:
        """Stops them all."""

    def remove(self, slot: Slot) -> None:
        """Takes a child that has ended, and stays down, off the books."""

    def restart(self, slot: Slot) -> Slot | None:
        """Starts again whom the end of this one concerns; returns one that failed."""

    def ends_supervisor(self, slot: Slot) -> bool:
        """Whether the supervisor is done, now that this child has ended for good."""
        ...

    def add(self, spec: Child) -> Value:
        """Answers `start_child`."""

    def named(self, id: str, life: Life | None) -> Slot | None:
        """The child that a request means."""

    def which(self) -> tuple[tuple[Value, ...], ...]:
        """Answers `which_children`."""
        ...

    def is_active(self, slot: Slot) -> bool:
        """Whether `count_children` counts it as active."""
        ...


class SupervisorLife:
    """One life of a supervisor."""

    def __init__(
        self, world: World, parent: SupervisorLife | None, path: str, tree: Tree
    ) -> None:
        self.world = world
        self.path = path
        self.tree = tree
        self.number = world.log_start(path)
        self.alive = True
        self._parent = parent
        self._messages: deque[Message] = deque()
        self._restarts: list[int] = []
        kind = DynamicChildren if tree.strategy == "dynamic" else StaticChildren
        self.children: Children = kind(self)
        world.current[path] = self

    def deliver(self, message: Message) -> None:
        self._messages.append(message)
        self.world.ready.append(self)

    def handle_messages(self) -> None:
        while self.alive and self._messages:
            match self._messages.popleft():
                case Exited(life, reason):
                    slot = first(s for s in self.children.slots if s.life is life)
                    # The exit of a life already replaced or stopped says nothing.
                    if slot is not None:
                        self._exited(slot, reason)
                case Retry(id):
                    slot = first(s for s in self.children.slots if s.spec.id == id)
                    if slot is not None and slot.restarting:
                        self._restart(slot)
                case Asked() as asked:
                    asked.answer = self._answer(asked)

    def stop(self) -> None:
        self.children.stop()
        self.end("shutdown")

    def end(self, reason: Value) -> None:
        self.alive = False
        self.world.log("stop", self.path, self.number, reason)

    def start_in(self, slot: Slot) -> Started:
        """Starts the child of this slot."""
        path = child_path(self.path, slot.spec.id)
        started = start_child(self, path, slot.spec)
        slot.restarting = False
        if not isinstance(started, Failed | Ignored):
            slot.put(started)
        return started

    def count(self) -> Value:
        """Answers `count_children`."""
        slots = self.children.slots
        kinds = Counter(slot.kind for slot in slots)
        return {
            "specs": len(slots),
            "active": sum(map(self.children.is_active, slots)),
            "supervisors": kinds["supervisor"],
            "workers": kinds["worker"],
        }

    def _exited(self, slot: Slot, reason: Value) -> None:
        if slot.needs_restart(reason):
            self._restart(slot)
            return
        slot.terminate()
        self.children.remove(slot)
        if self.children.ends_supervisor(slot):
            self._end_by_itself()

    def _restart(self, slot: Slot) -> None:
        """Restarts the child, and whom the strategy says, or gives up."""
        slot.terminate()
        if not self._may_restart():
            self._end_by_itself()
            return
        failed = self.children.restart(slot)
        if failed is not None:
            failed.restarting = True
            self.deliver(Retry(failed.spec.id))

    def _may_restart(self) -> bool:
        """Counts a restart now; more than `intensity` in the window are too many.

        The window is inclusive: a restart `period` seconds ago still counts.
        """
        since = self.world.now - self.tree.period
        self._restarts = [t for t in self._restarts if t >= since] + [self.world.now]
        return len(self._restarts) <= self.tree.intensity

    def _end_by_itself(self) -> None:
        """Gives up, or is done. To the parent both are a shutdown."""
        self.stop()
        if self._parent is not None:
            self._parent.deliver(Exited(self, "shutdown"))

    def _answer(self, asked: Asked) -> Value:
        match asked.request:
            case Ask(request="which"):
                return self.children.which()
            case Ask():
                return self.count()
            case StartChild(child=child):
                return self.children.add(child)
            case ChildRequest(name, id=id):
                slot = self.children.named(id, asked.life)
                if slot is None:
                    return ("error", "not_found")
                return self._answer_about(slot, name)

    def _answer_about(self, slot: Slot, request: str) -> Value:
        if request == "terminate_child":
            slot.terminate()
            self.children.remove(slot)
            return "ok"
        if not slot.empty:
            return ("error", "restarting" if slot.restarting else "running")
        if request == "restart_child":
            return reply_to_start(self.start_in(slot))
        self.children.slots.remove(slot)
        return "ok"


class StaticChildren:
    """Those of Erlang's `supervisor`, in start order."""

    def __init__(self, supervisor: SupervisorLife) -> None:
        self._supervisor = supervisor
        self._tree = supervisor.tree
        self.slots: list[Slot] = []

    def start(self) -> Value:
        fault = fault_of_specs(self._tree)
        if fault is not None:
            return fault
        self.slots = [Slot(child) for child in self._tree.children]
        failure = self._start(self.slots)
        if failure is None:
            return None
        self.stop()
        slot, reason = failure
        return ("shutdown", ("failed_to_start_child", slot.spec.id, reason))

    def stop(self) -> None:
        self._terminate(self.slots)

    def remove(self, slot: Slot) -> None:
        if slot.temporary:
            self.slots.remove(slot)

    def restart(self, slot: Slot) -> Slot | None:
        if self._tree.strategy == "one_for_one":
            group = [slot]
        elif self._tree.strategy == "one_for_all":
            group = self.slots
        else:
            group = self.slots[self.slots.index(slot) :]
        failure = self._start(self._terminate(group))
        return failure[0] if failure else None

    def ends_supervisor(self, slot: Slot) -> bool:
        if not slot.spec.significant:
            return False
        match self._tree.auto_shutdown:
            case "never":
                return False
            case "any_significant":
                return True
            case "all_significant":
                return all(s.empty for s in self.slots if s.spec.significant)

    def add(self, spec: Child) -> Value:
        fault = fault_of_spec(spec, self._tree)
        if fault is not None:
            return ("error", fault)
        holder = self.named(spec.id, None)
        if holder is not None:
            running = holder.life is not None
            return ("error", "already_started" if running else "already_present")
        slot = Slot(spec)
        started = self._supervisor.start_in(slot)
        forgotten = isinstance(started, Ignored) and slot.temporary
        if not forgotten and not isinstance(started, Failed):
            self.slots.append(slot)
        return reply_to_start(started)

    def named(self, id: str, life: Life | None) -> Slot | None:
        return first(slot for slot in self.slots if slot.spec.id == id)

    def which(self) -> tuple[tuple[Value, ...], ...]:
        """The most recently started comes first."""
        return tuple((s.spec.id, s.state, s.kind) for s in reversed(self.slots))

    def is_active(self, slot: Slot) -> bool:
        return slot.life is not None and slot.life.alive

    def _start(self, slots: list[Slot]) -> tuple[Slot, Value] | None:
        """Starts one after the other; stops at the first that fails."""
        for slot in list(slots):
            started = self._supervisor.start_in(slot)
            if isinstance(started, Failed):
                return slot, started.reason
            if isinstance(started, Ignored):
                self.remove(slot)
        return None

    def _terminate(self, slots: list[Slot]) -> list[Slot]:
        """Stops them, the last first, forgets temporary ones, returns the others."""
        kept = [slot for slot in slots if not slot.temporary]
        for slot in slots[::-1]:
            slot.terminate()
            self.remove(slot)
        return kept


class DynamicChildren:
    """Those of Elixir's `DynamicSupervisor`, which stop all at once."""

    def __init__(self, supervisor: SupervisorLife) -> None:
        self._supervisor = supervisor
        self._limit = supervisor.tree.max_children
        self.slots: list[Slot] = []

    def start(self) -> Value:
        return None

    def stop(self) -> None:
        for slot in self.slots:
            slot.terminate()

    def remove(self, slot: Slot) -> None:
        self.slots.remove(slot)

    def restart(self, slot: Slot) -> Slot | None:
        started = self._supervisor.start_in(slot)
        if isinstance(started, Ignored):
            self.remove(slot)
        return slot if isinstance(started, Failed) else None

    def ends_supervisor(self, slot: Slot) -> bool:
        return False

    def add(self, spec: Child) -> Value:
        if self._limit is not None and len(self.slots) >= self._limit:
            return ("error", "max_children")
        slot = Slot(spec)
        started = self._supervisor.start_in(slot)
        if not isinstance(started, Failed | Ignored):
            self.slots.append(slot)
        return reply_to_start(started)

    def named(self, id: str, life: Life | None) -> Slot | None:
        """Requests go by pid: after a restart the old one means nobody any more."""
        return first(slot for slot in self.slots if slot.latest is life)

    def which(self) -> tuple[tuple[Value, ...], ...]:
        """In no order. Children are known by pid: one without has no name."""
        return tuple(
            (None if slot.restarting else slot.spec.id, slot.state, slot.kind)
            for slot in self.slots
        )

    def is_active(self, slot: Slot) -> bool:
        return not slot.restarting


def first(slots: Iterable[Slot]) -> Slot | None:
    return next(iter(slots), None)


def reply_to_start(started: Started) -> Value:
    match started:
        case Failed(reason):
            return ("error", reason)
        case Ignored():
            return "ignore"
        case _:
            return ("ok", started.number)


def start_supervisor(
    world: World, parent: SupervisorLife | None, path: str, tree: Tree
) -> SupervisorLife | Failed:
    """Starts a supervisor and its children."""
    supervisor = SupervisorLife(world, parent, path, tree)
    reason = supervisor.children.start()
    if reason is None:
        return supervisor
    supervisor.end(reason)
    return Failed(reason)


def start_child(supervisor: SupervisorLife, path: str, spec: Child) -> Started:
    """Starts a child the way its plan says."""
    world = supervisor.world
    if isinstance(spec, Nested):
        return start_supervisor(world, supervisor, path, spec.tree)
    match world.next_plan(path):
        case "ignore":
            world.log("start_ignored", path, world.log_start(path))
            return Ignored()
        case ("error", str(text)):
            reason = ("error", text)
            world.log("start_failed", path, world.log_start(path), reason)
            return Failed(reason)
        case ("then", reason):
            worker = WorkerLife(world, supervisor, path, spec)
            worker.end_by_itself(reason)
            return worker
        case _:
            return WorkerLife(world, supervisor, path, spec)

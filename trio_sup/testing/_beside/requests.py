"""What is asked of supervisors by hand, and whether the answers are true."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from trio_sup._core.anatomy import is_a
from trio_sup._core.exits import Ignore
from trio_sup._supervisors.dynamic import DynamicShell
from trio_sup._supervisors.static import StaticShell
from trio_sup._tree.dynamic import DynamicSupervisor
from trio_sup._tree.supervisor import Supervisor
from trio_sup.testing._beside import laws
from trio_sup.testing._beside.names import see_free
from trio_sup.testing._beside.stand_ins import StandIn

if TYPE_CHECKING:
    from trio_sup._children.record import Child, Record


class RequestsModel:
    """The requests of one run, and the children that they are about.

    Args:
        broken: Told of a law, of whom it is broken, and how.
    """

    def __init__(self, broken: Callable[[str, str, str], object]) -> None:
        self.broken = broken
        self._supervisors: dict[Record, None] = {}

    def begins(self, record: Record) -> None:
        """A life of a child begins: see that there may be so many."""
        above = record.above
        if above is None:
            return
        self._supervisors[above] = None
        flags, records = above.spec.flags, above.under
        if flags is not None and len(records) > flags.max_children:
            words = f"there are {len(records)}, and {flags.max_children} may be"
            self.broken(laws.ROOM, above.path_text, words)

    def settled(self) -> None:
        """Nothing more happens by itself."""
        for supervisor in self._supervisors:
            if not supervisor.alive or supervisor.asked is not None:
                continue
            for record in supervisor.under:
                if self._is_left(supervisor, record):
                    words = "it never came to life, and is still listed"
                    self.broken(laws.LISTED, record.path_text, words)

    def _is_left(self, supervisor: Record, record: Any) -> bool:
        plan: Any = getattr(supervisor.body, "plan", None)
        if record.alive or record.may_return or record.undecided or record.held:
            return False
        if plan is None or plan.mode != "running" or not plan.line.idle:
            return False
        if record.started_life or not record.life or record.last_exit is None:
            return False
        if plan.is_original(record) or record.status == "quarantined":
            return False
        ignored = is_a(record.last_exit.error, Ignore)
        return not (ignored and record.spec.restart != "temporary")


async def submit(
    judge: Any,
    original: Any,
    shell: StaticShell,
    steps: Any,
    *args: Any,
    **options: Any,
) -> Any:
    """A request waits in line."""
    withdrawn = False
    begun = False

    def begin() -> Any:
        nonlocal begun
        begun = True
        if withdrawn:
            words = "a request begins that was withdrawn"
            judge.broken(laws.WITHDRAWN, shell.path_text, words)
        return steps()

    try:
        return await original(shell, begin, *args, **options)
    except BaseException:
        withdrawn = bool(options.get("withdraw")) and not begun
        raise


def begin(judge: Any, original: Any, shell: DynamicShell, spec: Any) -> Record:
    """A dynamic supervisor accepts a child."""
    former = None if spec.id is None else shell.core.records.get(spec.id)
    record: Record = original(shell, spec)
    if former is not None and former is not record and former.alive:
        words = f"it begins beside another with the id {spec.id!r}"
        judge.broken(laws.ID, record.path_text, words)
    return record


async def start(judge: Any, original: Any, supervisor: Any, spec: Any) -> Child:
    """Somebody starts a child."""
    handle: Child = await original(supervisor, spec)
    if not handle.record.started_life:
        words = "it is said to be started, and was never ready"
        judge.broken(laws.DONE, handle.path_text, words)
    return handle


async def terminate(judge: Any, original: Any, supervisor: Any, target: Any) -> None:
    """Somebody stops a child for good."""
    record = _record(supervisor, target)
    life = 0 if record is None else record.life
    await original(supervisor, target)
    if record is None:
        return
    if record.alive and record.life == life:
        judge.broken(laws.DONE, record.path_text, "it is said to be stopped, and lives")
    elif record.life == life:
        see_free(judge, record)


async def delete(judge: Any, original: Any, supervisor: Any, id: Hashable) -> None:
    """Somebody wants a child forgotten."""
    record = _record(supervisor, id)
    await original(supervisor, id)
    if record is not None and any(each is record for each in supervisor.record.under):
        judge.broken(
            laws.DONE, record.path_text, "it is said to be deleted, and listed"
        )


def _record(supervisor: Any, target: Any) -> Record | None:
    found: Record | None = getattr(target, "record", None)
    if found is None:
        found = supervisor.record.shell.core.records.get(target)
    return found


STAND_INS = (
    StandIn(StaticShell, "submit", submit),
    StandIn(DynamicShell, "begin", begin),
    StandIn(DynamicSupervisor, "start_child", start),
    StandIn(DynamicSupervisor, "terminate_child", terminate),
    StandIn(Supervisor, "start_child", start),
    StandIn(Supervisor, "terminate_child", terminate),
    StandIn(Supervisor, "delete_child", delete),
)

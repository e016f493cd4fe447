"""Which handle and which runtime part a child gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._children.record import Child
from trio_sup._servers.mailbox import MailQueue
from trio_sup._servers.ref import ServerRef
from trio_sup._supervisors.dynamic import DynamicShell
from trio_sup._supervisors.partition import PartitionShell
from trio_sup._supervisors.shell import Shell
from trio_sup._supervisors.static import StaticShell
from trio_sup._tasks.shell import TaskShell
from trio_sup._tasks.supervisor import TaskSupervisor
from trio_sup._tree.dynamic import DynamicSupervisor
from trio_sup._tree.supervisor import PartitionSupervisor, Supervisor

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._servers.genserver import GenServer


# By the word that stands in the place of a supervisor's target.
_SUPERVISORS: dict[str, tuple[type[Child], type[Shell]]] = {
    "supervisor": (Supervisor, StaticShell),
    "partition_supervisor": (PartitionSupervisor, PartitionShell),
    "dynamic_supervisor": (DynamicSupervisor, DynamicShell),
    "task_supervisor": (TaskSupervisor, TaskShell),
}


def new_handle(record: Record) -> Child:
    """Return the handle that users get for a child."""
    match record.spec.kind:
        case "task":
            return Child._create(record)  # pyright: ignore[reportPrivateUsage]
        case "server":
            ref: type[ServerRef[GenServer]] = ServerRef
            return ref._create(record)  # pyright: ignore[reportPrivateUsage]
        case "supervisor" | "dynamic":
            handle, _ = _SUPERVISORS[record.spec.target]
            return handle._create(record)  # pyright: ignore[reportPrivateUsage]


def equip(record: Record) -> Record:
    """Give a new record what its kind needs to run."""
    spec = record.spec
    if spec.kind == "server":
        record.mailbox = MailQueue(record, spec.mailbox)
    elif spec.flags is not None:
        _, shell = _SUPERVISORS[spec.target]
        record.shell = shell(record, spec.flags)
    return record

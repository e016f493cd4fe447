"""Which handle and which runtime part a child gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._children.record import Child
from trio_sup._servers.mailbox import MailQueue
from trio_sup._servers.ref import ServerRef
from trio_sup._supervisors.dynamic import DynamicDriver
from trio_sup._supervisors.partition import PartitionDriver
from trio_sup._supervisors.shell import Driver
from trio_sup._supervisors.static import StaticDriver
from trio_sup._tasks.shell import TaskDriver
from trio_sup._tasks.supervisor import TaskSupervisor
from trio_sup._tree.dynamic import DynamicSupervisor
from trio_sup._tree.supervisor import PartitionSupervisor, Supervisor

if TYPE_CHECKING:
    from trio_sup._children.record import Kid
    from trio_sup._servers.genserver import GenServer


# By the word that stands in the place of a supervisor's target.
_SUPERVISORS: dict[str, tuple[type[Child], type[Driver]]] = {
    "supervisor": (Supervisor, StaticDriver),
    "partition_supervisor": (PartitionSupervisor, PartitionDriver),
    "dynamic_supervisor": (DynamicSupervisor, DynamicDriver),
    "task_supervisor": (TaskSupervisor, TaskDriver),
}


def new_handle(kid: Kid) -> Child:
    """Return the handle that users get for a child."""
    match kid.spec.kind:
        case "task":
            return Child._create(kid)  # pyright: ignore[reportPrivateUsage]
        case "server":
            ref: type[ServerRef[GenServer]] = ServerRef
            return ref._create(kid)  # pyright: ignore[reportPrivateUsage]
        case "supervisor" | "dynamic":
            handle, _ = _SUPERVISORS[kid.spec.target]
            return handle._create(kid)  # pyright: ignore[reportPrivateUsage]


def equip(kid: Kid) -> Kid:
    """Give a new record what its kind needs to run."""
    spec = kid.spec
    if spec.kind == "server":
        kid.mailbox = MailQueue(kid, spec.mailbox)
    elif spec.flags is not None:
        _, driver = _SUPERVISORS[spec.target]
        kid.driver = driver(kid, spec.flags)
    return kid

"""Which handle and which runtime part a child gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._child import Child, Supervisor
from trio_sup._driver import Driver
from trio_sup._dynamic import DynamicDriver
from trio_sup._dynamic_handle import DynamicSupervisor
from trio_sup._mailbox import MailQueue
from trio_sup._partition import PartitionDriver, PartitionSupervisor
from trio_sup._server_ref import ServerRef
from trio_sup._supervisor import StaticDriver
from trio_sup._tasks import TaskDriver, TaskSupervisor

if TYPE_CHECKING:
    from trio_sup._kid import Kid
    from trio_sup._server import GenServer


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

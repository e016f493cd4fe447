"""OTP-style supervision trees, servers and a registry for Trio.

Names are imported when first used: the command looks at running nodes without
paying for Trio.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trio_sup._children.functions import graceful_stop as graceful_stop
    from trio_sup._children.record import Child as Child
    from trio_sup._children.refusals import (
        AlreadyPresent as AlreadyPresent,
        AlreadyRegistered as AlreadyRegistered,
        AlreadyStarted as AlreadyStarted,
        ChildNotStopped as ChildNotStopped,
        ChildQuarantined as ChildQuarantined,
        StartFailed as StartFailed,
        StartIgnored as StartIgnored,
    )
    from trio_sup._children.supervising import (
        ChildCounts as ChildCounts,
        ChildInfo as ChildInfo,
        SupervisorStatistics as SupervisorStatistics,
    )
    from trio_sup._children.watching import (
        Down as Down,
        Exits as Exits,
        monitor as monitor,
    )
    from trio_sup._core.addresses import Via as Via
    from trio_sup._core.checks import ChildSpecError as ChildSpecError
    from trio_sup._core.errors import (
        Crash as Crash,
        HookFailed as HookFailed,
        LeakedCancelled as LeakedCancelled,
        MailboxFull as MailboxFull,
        MaxChildren as MaxChildren,
        NoProcess as NoProcess,
        NoSuchChild as NoSuchChild,
        RestartLimitExceeded as RestartLimitExceeded,
        ServerExit as ServerExit,
        SupervisionError as SupervisionError,
        SupervisorStopping as SupervisorStopping,
        WouldDeadlock as WouldDeadlock,
        WrongKind as WrongKind,
        WrongRun as WrongRun,
    )
    from trio_sup._core.exits import (
        Exit as Exit,
        Ignore as Ignore,
        PastError as PastError,
        Stop as Stop,
    )
    from trio_sup._core.outcomes import Ok as Ok, TaskExit as TaskExit
    from trio_sup._core.policies import (
        Backoff as Backoff,
        Budget as Budget,
        Mailbox as Mailbox,
    )
    from trio_sup._core.specs import (
        ChildSpec as ChildSpec,
    )
    from trio_sup._inspected.inspection import (
        Inspection as Inspection,
        open_inspector as open_inspector,
    )
    from trio_sup._node.attach import Attached as Attached, attach as attach
    from trio_sup._node.node import (
        EventStream as EventStream,
        Node as Node,
        current_node as current_node,
    )
    from trio_sup._node.whereis import whereis as whereis
    from trio_sup._registry.address import NamedRef as NamedRef
    from trio_sup._registry.listeners import (
        Registered as Registered,
        Unregistered as Unregistered,
    )
    from trio_sup._registry.pubsub import (
        Published as Published,
        Subscription as Subscription,
    )
    from trio_sup._registry.registry import (
        Registration as Registration,
        Registry as Registry,
    )
    from trio_sup._servers.agent import Agent as Agent
    from trio_sup._servers.callbacks import Continue as Continue
    from trio_sup._servers.genserver import GenServer as GenServer
    from trio_sup._servers.machine import Timeout as Timeout
    from trio_sup._servers.messages import Caller as Caller
    from trio_sup._servers.monitors import Monitor as Monitor
    from trio_sup._servers.multi_call import (
        Replies as Replies,
        multi_call as multi_call,
    )
    from trio_sup._servers.operations import (
        Call as Call,
        Cast as Cast,
        call as call,
        cast as cast,
    )
    from trio_sup._servers.ref import ServerRef as ServerRef
    from trio_sup._servers.state_machine import StateMachine as StateMachine
    from trio_sup._servers.system import (
        ServerStatistics as ServerStatistics,
        ServerStatus as ServerStatus,
    )
    from trio_sup._servers.timers import Timer as Timer
    from trio_sup._servers.trace import TraceEvent as TraceEvent
    from trio_sup._tasks.callers import callers as callers
    from trio_sup._tasks.links import LinkedTasks as LinkedTasks
    from trio_sup._tasks.many import await_many as await_many, yield_many as yield_many
    from trio_sup._tasks.options import (
        Failed as Failed,
        StreamProgress as StreamProgress,
    )
    from trio_sup._tasks.stream import NolinkStream as NolinkStream, Stream as Stream
    from trio_sup._tasks.supervisor import (
        TaskSupervisor as TaskSupervisor,
        task_supervisor as task_supervisor,
    )
    from trio_sup._tasks.task import Task as Task
    from trio_sup._tree.dynamic import DynamicSupervisor as DynamicSupervisor
    from trio_sup._tree.open import open_supervisor as open_supervisor
    from trio_sup._tree.partitions import partition_supervisor as partition_supervisor
    from trio_sup._tree.run import run as run, serve as serve
    from trio_sup._tree.specs import (
        child as child,
        dynamic_supervisor as dynamic_supervisor,
        supervisor as supervisor,
    )
    from trio_sup._tree.supervisor import (
        PartitionSupervisor as PartitionSupervisor,
        Supervisor as Supervisor,
    )

__all__ = [
    "Agent",
    "AlreadyPresent",
    "AlreadyRegistered",
    "AlreadyStarted",
    "Attached",
    "Backoff",
    "Budget",
    "Call",
    "Caller",
    "Cast",
    "Child",
    "ChildCounts",
    "ChildInfo",
    "ChildNotStopped",
    "ChildQuarantined",
    "ChildSpec",
    "ChildSpecError",
    "Continue",
    "Crash",
    "Down",
    "DynamicSupervisor",
    "EventStream",
    "Exit",
    "Exits",
    "Failed",
    "GenServer",
    "HookFailed",
    "Ignore",
    "Inspection",
    "LeakedCancelled",
    "LinkedTasks",
    "Mailbox",
    "MailboxFull",
    "MaxChildren",
    "Monitor",
    "NamedRef",
    "NoProcess",
    "NoSuchChild",
    "Node",
    "NolinkStream",
    "Ok",
    "PartitionSupervisor",
    "PastError",
    "Published",
    "Registered",
    "Registration",
    "Registry",
    "Replies",
    "RestartLimitExceeded",
    "ServerExit",
    "ServerRef",
    "ServerStatistics",
    "ServerStatus",
    "StartFailed",
    "StartIgnored",
    "StateMachine",
    "Stop",
    "Stream",
    "StreamProgress",
    "Subscription",
    "SupervisionError",
    "Supervisor",
    "SupervisorStatistics",
    "SupervisorStopping",
    "Task",
    "TaskExit",
    "TaskSupervisor",
    "Timeout",
    "Timer",
    "TraceEvent",
    "Unregistered",
    "Via",
    "WouldDeadlock",
    "WrongKind",
    "WrongRun",
    "attach",
    "await_many",
    "call",
    "callers",
    "cast",
    "child",
    "current_node",
    "dynamic_supervisor",
    "graceful_stop",
    "monitor",
    "multi_call",
    "open_inspector",
    "open_supervisor",
    "partition_supervisor",
    "run",
    "serve",
    "supervisor",
    "task_supervisor",
    "whereis",
    "yield_many",
]

# Where each name is from; a test holds this to the imports above.
_HOMES = {
    "_children.functions": "graceful_stop",
    "_children.record": "Child",
    "_children.refusals": "AlreadyPresent AlreadyRegistered AlreadyStarted ChildNotStopped ChildQuarantined StartFailed StartIgnored",
    "_children.supervising": "ChildCounts ChildInfo SupervisorStatistics",
    "_children.watching": "Down Exits monitor",
    "_core.addresses": "Via",
    "_core.checks": "ChildSpecError",
    "_core.errors": "Crash HookFailed LeakedCancelled MailboxFull MaxChildren NoProcess NoSuchChild RestartLimitExceeded ServerExit SupervisionError SupervisorStopping WouldDeadlock WrongKind WrongRun",
    "_core.exits": "Exit Ignore PastError Stop",
    "_core.outcomes": "Ok TaskExit",
    "_core.policies": "Backoff Budget Mailbox",
    "_core.specs": "ChildSpec",
    "_inspected.inspection": "Inspection open_inspector",
    "_node.attach": "Attached attach",
    "_node.node": "EventStream Node current_node",
    "_node.whereis": "whereis",
    "_registry.address": "NamedRef",
    "_registry.listeners": "Registered Unregistered",
    "_registry.pubsub": "Published Subscription",
    "_registry.registry": "Registration Registry",
    "_servers.agent": "Agent",
    "_servers.callbacks": "Continue",
    "_servers.genserver": "GenServer",
    "_servers.machine": "Timeout",
    "_servers.messages": "Caller",
    "_servers.monitors": "Monitor",
    "_servers.multi_call": "Replies multi_call",
    "_servers.operations": "Call Cast call cast",
    "_servers.ref": "ServerRef",
    "_servers.state_machine": "StateMachine",
    "_servers.system": "ServerStatistics ServerStatus",
    "_servers.timers": "Timer",
    "_servers.trace": "TraceEvent",
    "_tasks.links": "LinkedTasks",
    "_tasks.options": "Failed StreamProgress",
    "_tasks.stream": "NolinkStream Stream",
    "_tasks.supervisor": "TaskSupervisor task_supervisor",
    "_tasks.callers": "callers",
    "_tasks.many": "await_many yield_many",
    "_tasks.task": "Task",
    "_tree.dynamic": "DynamicSupervisor",
    "_tree.open": "open_supervisor",
    "_tree.partitions": "partition_supervisor",
    "_tree.run": "run serve",
    "_tree.specs": "child dynamic_supervisor supervisor",
    "_tree.supervisor": "PartitionSupervisor Supervisor",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


if not TYPE_CHECKING:  # else every misspelt name would pass the type checkers

    def __getattr__(name: str) -> object:
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found: object = getattr(importlib.import_module(f"{__name__}.{home}"), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""OTP-style supervision trees, servers and a registry for Trio.

Names are imported when first used: the command looks at running nodes without
paying for Trio.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trio_sup._address import (
        NamedRef as NamedRef,
        whereis as whereis,
    )
    from trio_sup._agent import (
        Agent as Agent,
    )
    from trio_sup._attach import (
        Attached as Attached,
        attach as attach,
    )
    from trio_sup._child import (
        Child as Child,
        ChildCounts as ChildCounts,
        ChildInfo as ChildInfo,
        Supervisor as Supervisor,
        SupervisorStatistics as SupervisorStatistics,
    )
    from trio_sup._core.errors import (
        AlreadyPresent as AlreadyPresent,
        AlreadyRegistered as AlreadyRegistered,
        AlreadyStarted as AlreadyStarted,
        ChildNotStopped as ChildNotStopped,
        ChildQuarantined as ChildQuarantined,
        ChildSpecError as ChildSpecError,
        Crash as Crash,
        HookFailed as HookFailed,
        LeakedCancelled as LeakedCancelled,
        MailboxFull as MailboxFull,
        MaxChildren as MaxChildren,
        NoProcess as NoProcess,
        NoSuchChild as NoSuchChild,
        RestartLimitExceeded as RestartLimitExceeded,
        ServerExit as ServerExit,
        StartFailed as StartFailed,
        StartIgnored as StartIgnored,
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
    from trio_sup._core.policies import (
        Backoff as Backoff,
        Budget as Budget,
        Mailbox as Mailbox,
    )
    from trio_sup._core.specs import (
        ChildSpec as ChildSpec,
    )
    from trio_sup._core.task_results import (
        Ok as Ok,
        TaskExit as TaskExit,
    )
    from trio_sup._dynamic_handle import (
        DynamicSupervisor as DynamicSupervisor,
    )
    from trio_sup._gather import (
        Replies as Replies,
        multi_call as multi_call,
    )
    from trio_sup._inspection import (
        Inspection as Inspection,
        open_inspector as open_inspector,
    )
    from trio_sup._life import (
        graceful_stop as graceful_stop,
    )
    from trio_sup._links import (
        LinkedTasks as LinkedTasks,
    )
    from trio_sup._listeners import (
        Registered as Registered,
        Unregistered as Unregistered,
    )
    from trio_sup._machine import Timeout as Timeout
    from trio_sup._messages import (
        Caller as Caller,
    )
    from trio_sup._monitor import (
        Down as Down,
        Exits as Exits,
        Monitor as Monitor,
        monitor as monitor,
    )
    from trio_sup._node import (
        EventStream as EventStream,
        Node as Node,
        current_node as current_node,
    )
    from trio_sup._open import (
        open_supervisor as open_supervisor,
    )
    from trio_sup._ops import (
        Call as Call,
        Cast as Cast,
        call as call,
        cast as cast,
    )
    from trio_sup._partition import (
        PartitionSupervisor as PartitionSupervisor,
        partition_supervisor as partition_supervisor,
    )
    from trio_sup._pubsub import (
        Published as Published,
        Subscription as Subscription,
    )
    from trio_sup._registry import (
        Registration as Registration,
        Registry as Registry,
        Via as Via,
    )
    from trio_sup._run import (
        run as run,
        serve as serve,
    )
    from trio_sup._server import (
        Continue as Continue,
        GenServer as GenServer,
    )
    from trio_sup._server_ref import (
        ServerRef as ServerRef,
    )
    from trio_sup._specs import (
        child as child,
        dynamic_supervisor as dynamic_supervisor,
        supervisor as supervisor,
    )
    from trio_sup._state_machine import StateMachine as StateMachine
    from trio_sup._stream import NolinkStream as NolinkStream, Stream as Stream
    from trio_sup._stream_options import (
        Failed as Failed,
        StreamProgress as StreamProgress,
    )
    from trio_sup._system import (
        ServerStatistics as ServerStatistics,
        ServerStatus as ServerStatus,
    )
    from trio_sup._task import (
        Task as Task,
        await_many as await_many,
        callers as callers,
        yield_many as yield_many,
    )
    from trio_sup._tasks import (
        TaskSupervisor as TaskSupervisor,
        task_supervisor as task_supervisor,
    )
    from trio_sup._timers import (
        Timer as Timer,
    )
    from trio_sup._trace import (
        TraceEvent as TraceEvent,
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
    "_address": "NamedRef whereis",
    "_agent": "Agent",
    "_attach": "Attached attach",
    "_child": "Child ChildCounts ChildInfo Supervisor SupervisorStatistics",
    "_core.errors": "AlreadyPresent AlreadyRegistered AlreadyStarted ChildNotStopped ChildQuarantined ChildSpecError Crash HookFailed LeakedCancelled MailboxFull MaxChildren NoProcess NoSuchChild RestartLimitExceeded ServerExit StartFailed StartIgnored SupervisionError SupervisorStopping WouldDeadlock WrongKind WrongRun",
    "_core.exits": "Exit Ignore PastError Stop",
    "_core.policies": "Backoff Budget Mailbox",
    "_core.specs": "ChildSpec",
    "_core.task_results": "Ok TaskExit",
    "_dynamic_handle": "DynamicSupervisor",
    "_gather": "Replies multi_call",
    "_inspection": "Inspection open_inspector",
    "_life": "graceful_stop",
    "_links": "LinkedTasks",
    "_listeners": "Registered Unregistered",
    "_machine": "Timeout",
    "_messages": "Caller",
    "_monitor": "Down Exits Monitor monitor",
    "_node": "EventStream Node current_node",
    "_open": "open_supervisor",
    "_ops": "Call Cast call cast",
    "_partition": "PartitionSupervisor partition_supervisor",
    "_pubsub": "Published Subscription",
    "_registry": "Registration Registry Via",
    "_run": "run serve",
    "_server": "Continue GenServer",
    "_server_ref": "ServerRef",
    "_specs": "child dynamic_supervisor supervisor",
    "_state_machine": "StateMachine",
    "_stream": "NolinkStream Stream",
    "_stream_options": "Failed StreamProgress",
    "_system": "ServerStatistics ServerStatus",
    "_task": "Task await_many callers yield_many",
    "_tasks": "TaskSupervisor task_supervisor",
    "_timers": "Timer",
    "_trace": "TraceEvent",
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

"""OTP-style supervision trees, servers and a registry for Trio."""

from trio_sup._address import NamedRef as NamedRef, whereis as whereis
from trio_sup._agent import Agent as Agent
from trio_sup._attach import Attached as Attached, attach as attach
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
)
from trio_sup._core.exits import (
    Exit as Exit,
    Ignore as Ignore,
    Stop as Stop,
)
from trio_sup._core.policies import (
    Backoff as Backoff,
    Budget as Budget,
    Mailbox as Mailbox,
)
from trio_sup._core.specs import ChildSpec as ChildSpec
from trio_sup._core.task_results import Ok as Ok, TaskExit as TaskExit
from trio_sup._dynamic_handle import DynamicSupervisor as DynamicSupervisor
from trio_sup._gather import Replies as Replies, multi_call as multi_call
from trio_sup._life import graceful_stop as graceful_stop
from trio_sup._links import LinkedTasks as LinkedTasks
from trio_sup._listeners import (
    Registered as Registered,
    Unregistered as Unregistered,
)
from trio_sup._messages import Caller as Caller
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
from trio_sup._open import open_supervisor as open_supervisor
from trio_sup._ops import Call as Call, Cast as Cast, call as call, cast as cast
from trio_sup._partition import (
    PartitionSupervisor as PartitionSupervisor,
    partition_supervisor as partition_supervisor,
)
from trio_sup._pubsub import Published as Published, Subscription as Subscription
from trio_sup._registry import (
    Registration as Registration,
    Registry as Registry,
    Via as Via,
)
from trio_sup._run import run as run, serve as serve
from trio_sup._server import (
    Continue as Continue,
    GenServer as GenServer,
)
from trio_sup._server_ref import ServerRef as ServerRef
from trio_sup._specs import (
    child as child,
    dynamic_supervisor as dynamic_supervisor,
    supervisor as supervisor,
)
from trio_sup._state_machine import StateMachine as StateMachine, Timeout as Timeout
from trio_sup._stream import (
    Failed as Failed,
    NolinkStream as NolinkStream,
    Stream as Stream,
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
from trio_sup._timers import Timer as Timer
from trio_sup._trace import TraceEvent as TraceEvent

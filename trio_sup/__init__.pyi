# The public names, and where each is from: they stand here and nowhere else. Type
# checkers read this; `__init__.py` reads it too, when a name is first asked for.

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
    SpecSupervisor as SpecSupervisor,
    SupervisorHandle as SupervisorHandle,
    SupervisorStatistics as SupervisorStatistics,
)
from trio_sup._children.watching import Down as Down, Exits as Exits, monitor as monitor
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
from trio_sup._core.options import (
    ChildOptions as ChildOptions,
    FunctionOptions as FunctionOptions,
    ServerOptions as ServerOptions,
    SupervisorOptions as SupervisorOptions,
)
from trio_sup._core.outcomes import Ok as Ok, TaskExit as TaskExit
from trio_sup._core.policies import (
    Backoff as Backoff,
    Budget as Budget,
    Mailbox as Mailbox,
)
from trio_sup._core.reconfigured import (
    ChildChange as ChildChange,
    FieldChange as FieldChange,
    PlanOutdated as PlanOutdated,
    ReconfigureFailed as ReconfigureFailed,
    ReconfigurePlan as ReconfigurePlan,
)
from trio_sup._core.specs import ChildSpec as ChildSpec
from trio_sup._inspected.inspection import (
    Inspection as Inspection,
    open_inspector as open_inspector,
)
from trio_sup._listening.factories import (
    listener as listener,
    tcp_listener as tcp_listener,
    unix_listener as unix_listener,
)
from trio_sup._listening.listener import Listener as Listener
from trio_sup._listening.options import ListenerOptions as ListenerOptions
from trio_sup._node.attach import Attached as Attached, attach as attach
from trio_sup._node.crash_log import CrashLog as CrashLog
from trio_sup._node.node import (
    Node as Node,
    current_node as current_node,
)
from trio_sup._node.stream import EventStream as EventStream
from trio_sup._node.whereis import address as address, whereis as whereis
from trio_sup._processes.command import (
    Command as Command,
    CommandOptions as CommandOptions,
    command as command,
)
from trio_sup._processes.errors import (
    ProgramExit as ProgramExit,
    ProgramNotStarted as ProgramNotStarted,
)
from trio_sup._processes.factory import (
    ProcessOptions as ProcessOptions,
    process as process,
)
from trio_sup._processes.framing import (
    Framing as Framing,
    JsonLines as JsonLines,
    LengthPrefixed as LengthPrefixed,
    Lines as Lines,
    PortError as PortError,
    UnfitRequest as UnfitRequest,
)
from trio_sup._processes.handle import Process as Process
from trio_sup._processes.outputs import LogLines as LogLines
from trio_sup._processes.port import Port as Port, PortOptions as PortOptions
from trio_sup._processes.readiness import (
    OnLine as OnLine,
    OnNotify as OnNotify,
    OnPort as OnPort,
    PortTaken as PortTaken,
)
from trio_sup._processes.source import NoInterpreter as NoInterpreter
from trio_sup._processes.usage import ProcessUsage as ProcessUsage
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
from trio_sup._servers.multi_call import Replies as Replies, multi_call as multi_call
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
from trio_sup._tasks.options import Failed as Failed, StreamProgress as StreamProgress
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

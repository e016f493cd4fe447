"""What breaks each law of names, monitors, tasks and their like, put into the library."""

from collections.abc import Callable
from typing import Any

import trio
from attrs import frozen

from trio_sup._children.names import Names
from trio_sup._children.refusals import StartFailed
from trio_sup._children.watching import Exits, Watch, Watchers
from trio_sup._core.plan.dynamic import DynamicPlan
from trio_sup._registry.listeners import Notifier
from trio_sup._registry.pubsub import Subscription
from trio_sup._registry.topics import Topics
from trio_sup._servers.machine import Machine, Timeout
from trio_sup._servers.mailbox import MailQueue
from trio_sup._servers.timers import Timer
from trio_sup._supervisors.dynamic import DynamicShell
from trio_sup._tasks.links import LinkedTasks
from trio_sup._tasks.shell import TaskShell
from trio_sup._tasks.stream import _Stream
from trio_sup._tasks.task import Run
from trio_sup._tree.dynamic import DynamicSupervisor
from trio_sup._tree.supervisor import PartitionSupervisor
from trio_sup.testing import Crash, Fault
from trio_sup.testing._beside import laws
from trio_sup.testing._servers import laws as own

from .mutants import (
    beside_ground as beside,
    moments_ground as moments,
    work_ground as work,
)


@frozen
class Break:
    """One law, what breaks it, and the tree on which that shows."""

    law: str
    owner: type[Any]
    name: str
    broken: Callable[..., Any]
    build: Callable[[], Any]
    client: Callable[..., Any]
    allow: tuple[type[BaseException], ...] = ()
    script: tuple[Fault, ...] = ()


def nothing(*_: Any, **__: Any) -> None:
    """What should be done is not."""


def takes_over(names: Any, key: Any, record: Any, value: Any) -> None:
    entry = names._table.get(key) or names._table.add(key, record, value)
    entry.owner, entry.value, entry.reserved = record, value, True


def finds_none(names: Any, record: Any) -> None:
    entry = names._table.reserved_by(record)
    if entry is not None:
        names._table.hide(entry)


def frees(names: Any, record: Any) -> None:
    entry = names._table.reserved_by(record)
    if entry is not None:
        names._remove(entry)


def publishes_to_none(registry: Any, topic: Any, message: Any) -> Any:
    from trio_sup._registry.pubsub import Published

    return Published(0, 0)


def is_dropped(subscription: Any, message: Any) -> bool:
    return False


def says_nothing(watch: Any) -> None:
    record = watch._record
    if record is None or record.status == "gone":
        watch.over()
        return
    if record.watchers is None:
        record.watchers = Watchers(record)
    record.watchers.add(watch)


def finishes_alone(run: Any, exit: Any) -> None:
    run.exit, run._work = exit, None


def forgets_results(run: Any, exit: Any) -> None:
    run.exit, run._work, run.result = exit, None, None
    run.waiters.wake()
    for watcher in list(run.watchers):
        watcher()


def leaves_them(block: Any) -> Any:
    return trio.lowlevel.checkpoint()  # noqa: ASYNC105 - awaited there


def has_room(stream: Any) -> bool:
    return not (stream._closed or stream._over or stream._error is not None)


def picks_the_first(supervisor: Any, key: Any, kind: Any = None) -> Any:
    return supervisor.handles()[0]


def sets_late(timer: Any, due: float) -> None:
    from trio_sup._trio.alarms import alarm_clock

    timer._alarm = alarm_clock().at(due + 0.5, lambda: timer._ring(due))


def leaves_without_timeout(machine: Any) -> None:
    timer, machine.state_timer = machine.state_timer, None
    if timer is not None:
        timer.cancel()
    machine.pending.extendleft(reversed(machine.postponed))
    machine.postponed.clear()


def takes_all(plan: Any, spec: Any) -> Any:
    record = plan.make(spec, plan._id_for(spec))
    plan.core.records[record.id] = record
    return record


def keeps_all(plan: Any, record: Any, exit: Any, now: float) -> Any:
    from trio_sup._core.plan.doing import Settle

    record.enter("rests")
    return (Settle(record),)


async def refuses_who_is_down(supervisor: Any, spec: Any) -> Any:
    holder = supervisor.record.node.registry.holder(spec.name)
    if holder is not None and holder.last_exit is not None and not holder.alive:
        raise StartFailed(spec, holder.last_exit)
    return await GET_OR_START(supervisor, spec)


GET_OR_START = DynamicSupervisor.get_or_start


async def says_started(shell: Any, record: Any) -> Any:
    await trio.lowlevel.checkpoint()
    return record.handle


OFFICES = (beside.offices, beside.calls_offices)
BOARDS = (beside.boards, beside.publishes)
CRASHES = (Crash("offices/a", at=1.0), Crash("offices/b", at=1.5))
GUARDS = (beside.guards, beside.watches)
JOBS = (work.jobs, work.works, work.ALLOWED)
SIGNALS = (moments.signals, moments.drives)
YARDS = (moments.yards, moments.administers, (OSError,))

BREAKS = [
    Break(laws.ONE_HOLDER, Names, "reserve", takes_over, *OFFICES),
    Break(laws.SHOWN, Names, "show", finds_none, *OFFICES),
    Break(laws.RESERVED, Names, "hide", frees, *OFFICES, script=CRASHES),
    Break(laws.FREE, Names, "release", nothing, *OFFICES),
    Break(laws.GONE, Names, "release", nothing, *OFFICES),
    Break(laws.NAMED, Names, "_wake_for", nothing, *OFFICES, script=CRASHES),
    Break(
        laws.AWAITED,
        DynamicSupervisor,
        "get_or_start",
        refuses_who_is_down,
        *OFFICES,
        script=CRASHES,
    ),
    Break(laws.HEARD, Notifier, "post", nothing, *OFFICES),
    Break(laws.PUBLISHED, Topics, "publish", publishes_to_none, *BOARDS),
    Break(laws.READ, Subscription, "offer", is_dropped, *BOARDS),
    Break(laws.NOPROC, Watch, "begin", says_nothing, *GUARDS),
    Break(laws.DOWN, Watchers, "life_over", nothing, *GUARDS),
    Break(laws.STOPPED, Watchers, "_look", nothing, *GUARDS),
    Break(laws.ITERATED, Exits, "over", nothing, *GUARDS),
    Break(
        laws.CANCELLED,
        MailQueue,
        "watch",
        nothing,
        *GUARDS,
        script=(Crash("guards/w", at=1.0),),
    ),
    Break(laws.TOLD, Run, "finish", finishes_alone, *JOBS),
    Break(laws.OUTCOME, Run, "finish", forgets_results, *JOBS),
    Break(laws.TOLD, TaskShell, "_finish", nothing, *JOBS),
    Break(laws.LINKED, LinkedTasks, "_stop_all", leaves_them, *JOBS),
    Break(laws.STREAM_ROOM, _Stream, "_has_room", has_room, *JOBS),
    Break(
        laws.PARTITION,
        PartitionSupervisor,
        "pick",
        picks_the_first,
        work.shards,
        work.picks,
    ),
    Break(laws.ALARM, Timer, "_set", sets_late, moments.bells, moments.rings),
    Break(own.DUE, Timeout, "cancel", nothing, *SIGNALS),
    Break(own.DUE, Machine, "_leave", leaves_without_timeout, *SIGNALS),
    Break(laws.ROOM, DynamicPlan, "add", takes_all, *YARDS),
    Break(laws.LISTED, DynamicPlan, "_start_ended", keeps_all, *YARDS),
    Break(laws.DONE, DynamicShell, "wait_started", says_started, *YARDS),
]
"""Each is found by one run of its tree."""

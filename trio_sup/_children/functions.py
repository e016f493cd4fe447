"""Plain async functions as children: what they are given, and how they end in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Unpack

import trio
from trio.lowlevel import disable_ki_protection, enable_ki_protection

from trio_sup._children.current import current_record
from trio_sup._children.life import PlainBody
from trio_sup._children.record import Child
from trio_sup._core.options import FunctionOptions
from trio_sup._core.specs import ChildSpec, Runs
from trio_sup._core.targets import (
    check_arguments,
    check_function,
    origin_of,
    signals_ready,
)
from trio_sup._trio.blocks import block
from trio_sup._trio.last_resort import report_fault
from trio_sup._trio.protect import enter_user

if TYPE_CHECKING:
    from trio_sup._children.record import Record


@disable_ki_protection
async def _enter_plain(fn: Callable[[], Awaitable[Any]]) -> Any:
    """As `enter_user`, of what takes no arguments: the life of most children.

    By itself, as its frame lives as long as theirs and is smaller.
    """
    return await fn()


async def _enter_signalling(record: Record) -> None:
    status = ReadySignal(record)
    await enter_user(record.spec.target, *record.spec.args, task_status=status)
    if not record.ready and record.asked is None:
        raise RuntimeError(
            f"{record.path_text!r} returned without calling task_status.started()"
        )


class ReadySignal:
    """What a plain function gets as `task_status`; fulfils `trio.TaskStatus`."""

    __slots__ = ("_life", "_record")

    def __init__(self, record: Record) -> None:
        self._record = record
        self._life = record.life

    @enable_ki_protection
    def started(self, value: object = None) -> None:
        """Tell the supervisor that the child is ready; `value` is `handle.value`.

        Raises:
            RuntimeError: called twice.
            WrongRun: called from a thread or from another Trio run.
        """
        record = self._record
        record.node.home.check_if_going("task_status.started", record.path_text)
        if record.life != self._life or not record.alive:
            return  # kept for longer than its life
        if record.ready:
            raise RuntimeError("called 'started' twice on the same task status")
        record.value = value
        record.become_ready()


class FunctionBody(PlainBody):
    """The body of all plain functions: what differs stands in their records."""

    __slots__ = ()

    only_cancelled = True

    def run(self, record: Record) -> Awaitable[Any]:
        """Return what the life consists of, to be awaited."""
        spec = record.spec
        if spec.signals_ready:
            return _enter_signalling(record)
        record.become_ready()
        if spec.args:
            return enter_user(spec.target, *spec.args)
        return _enter_plain(spec.target)

    def ask(self, record: Record, reason: str) -> bool:
        """Cancel it, or set the event of `graceful_stop` if it waits for that."""
        event, scope = record.stop_event, record.scope
        assert scope is not None
        if event is not None and _reaches(event):
            try:
                event.set()
            except Exception as fault:  # noqa: BLE001 - it waits in another Trio run
                report_fault(record.path_text, fault)
            else:
                return False
        scope.cancel(reason)
        return True


def _reaches(event: trio.Event) -> bool:
    """Whether setting an event wakes those who wait for it.

    One that was set from a thread counts as set, but woke nobody: Trio refuses the
    wake-up too late.
    """
    return not (event.is_set() and event.statistics().tasks_waiting)


_BODY = FunctionBody()


def _body_of(record: Record) -> FunctionBody:
    del record
    return _BODY


FUNCTION = Runs(handle=Child._create, body=_body_of)  # pyright: ignore[reportPrivateUsage]
"""How a plain function comes to life."""


def function_spec(
    target: Callable[..., Any],
    args: tuple[object, ...],
    **options: Unpack[FunctionOptions],
) -> ChildSpec[Child]:
    """Describe a plain function as a child; what `child` does with one.

    Raises:
        ChildSpecError: an invalid value or combination, or arguments that do not
            fit the signature.
    """
    label = options.get("id")
    if label is None:
        label = getattr(origin_of(target), "__name__", None)
    check_function(target, label)
    signals = signals_ready(target, options.get("ready", "auto"))
    check_arguments(target, args, label, needs_status=signals)
    return ChildSpec(
        kind="task",
        target=target,
        args=args,
        signals_ready=signals,
        runs=FUNCTION,
        **options,
    )


_NOT_HERE = """\
graceful_stop() works in a function that a supervisor runs as a child, and the present \
code is in none. Write it in that very function, around what is to end in order:

    async def worker() -> None:
        with graceful_stop() as stopping:
            while not stopping.is_set():
                ...

    async def main() -> None:
        async with open_supervisor([child(worker)]): ...

    trio.run(main)

A server has terminate() instead, and plain Trio code a `finally` block.
"""


@block
def graceful_stop() -> Generator[trio.Event]:
    """Let a plain function finish in order when it is asked to stop.

    Inside the block a request to stop sets the event that it yields, instead of
    cancelling; the cancellation comes when the child's `shutdown` seconds are over,
    or when the block is left. Outside of such a block a plain function is cancelled
    at once. Servers need no such thing: they have `terminate`.

    Raises:
        RuntimeError: from entering: the present task does not belong to a supervised
            function, or the block is used twice at a time.
        WrongRun: from entering, in a thread that the function started, with a Trio run
            of its own or without one; a `RuntimeError`, too.
    """
    record = current_record.get()
    if record is None or record.spec.kind != "task" or record.scope is None:
        raise RuntimeError(_NOT_HERE)
    record.node.home.check("graceful_stop", record.path_text)
    if record.stop_event is not None:
        raise RuntimeError("graceful_stop() is in use already in this child")
    life, scope = record.life, record.scope
    record.stop_event = event = trio.Event()
    if record.asked is not None:
        event.set()
    try:
        yield event
    finally:
        if record.life == life and record.alive:
            record.stop_event = None
            if record.asked is not None:
                scope.cancel(record.asked)

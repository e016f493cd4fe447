"""What people may do to a running node from outside, carried out.

What an action means and when it is refused is decided in `inspect.node.consequence`,
from the facts that `subjects` gathers; here is the doing. All goes through the
supervisors' own requests, so the order of stops, the names and the callers are treated
as ever.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import trio
from attrs import evolve

from trio_sup._children.record import Record
from trio_sup._children.supervising import record_grace
from trio_sup._core.errors import NoProcess, ServerExit, SupervisionError
from trio_sup._core.events import OperatorAction
from trio_sup._core.plan.doing import Refused
from trio_sup._inspected.faults import FAULTS
from trio_sup._inspected.reloads import consequence_of_reload, reload
from trio_sup._inspected.subjects import subject_of
from trio_sup._node.node import Node
from trio_sup._supervisors.dynamic import DynamicShell
from trio_sup._supervisors.static import StaticShell
from trio_sup.inspect.node.consequence import (
    Consequence,
    consequence,
    node_consequence,
    parse_level,
)
from trio_sup.inspect.protocol.wire_actions import BY_LIFE, NODE_ACTIONS

if TYPE_CHECKING:
    from trio_sup._servers.ref import ServerRef

PATIENCE: Final = 5.0
"""Seconds that a server is given to serve its system lane."""


class ActionRefused(Exception):
    """Nothing was done; `str` is one line that says why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class ActionFailed(Exception):
    """It was tried; `str` is one line that says what came in between."""


class Operator:
    """One node's actions.

    Args:
        node: The node.
    """

    def __init__(self, node: Node) -> None:
        self._node = node

    def consequence(
        self, action: str, child: object, life: int | None, argument: str
    ) -> Consequence:
        """Work out what an action would do now, or why it is refused.

        Args:
            action: What is wanted.
            child: The child's record; None for the node, or if there is no such
                child any more.
            life: The life that is meant, None for whatever it is in. Only what is
                meant for a life is refused if the child is in another one.
            argument: What the action needs besides.
        """
        if action == "reload":
            return consequence_of_reload(self._node)
        if action in NODE_ACTIONS:
            return node_consequence(action, argument, _level_of)
        if not isinstance(child, Record) or child.status == "gone":
            return Consequence("no_such_child", "there is no such child any more")
        if child.parent is None and child.shell is None:
            why = f"{child.path_text} attached itself: nobody supervises it"
            return Consequence("not_applicable", why)
        if action in BY_LIFE and life not in (child.life, None):
            why = (
                f"meant was life {life}, but {child.path_text} is in life {child.life}"
            )
            return Consequence("stale", why)
        found = consequence(action, subject_of(child), argument)
        return evolve(found, life=child.life)

    async def perform(
        self, action: str, child: object, life: int, argument: str
    ) -> str:
        """Do it, and wait for the outcome; the caller has asked `consequence`.

        Returns:
            One line on how it went.

        Raises:
            ActionRefused: in the meantime it became impossible.
            ActionFailed: it was tried in vain.
        """
        if action == "log_level":
            return _set_level(argument)
        if action == "collect":
            return _collect()
        try:
            if action == "reload":
                return await reload(self._node)
            assert isinstance(child, Record)
            if action in FAULTS:
                return FAULTS[action](child, argument)
            return await _ACTIONS[action](child, life)
        except SupervisionError as error:
            raise ActionFailed(_one_line(error)) from error

    def audit(
        self,
        action: str,
        child: object,
        outcome: Literal["accepted", "refused", "failed"],
        by: str,
        text: str,
    ) -> None:
        """Make an event, and so a log record, of what somebody did or tried."""
        path, life = "", 0
        if isinstance(child, Record):
            path, life = child.path_text, child.life
        now = trio.current_time()
        self._node.emit(OperatorAction, (now, path, life, action, outcome, by, text))


# --- the doing ---------------------------------------------------------------


async def _restart(record: Record, life: int) -> str:
    parent = record.parent
    if not record.alive:
        return await _start_again(record, life)
    with _unless_changed(record):
        if not isinstance(parent, DynamicShell | StaticShell):
            raise Refused("changed", record)
        await parent.replace_child(record, life)
    return f"{record.path_text} is in life {record.life}, {record.status}"


async def _start_again(record: Record, life: int) -> str:
    parent = record.parent
    if isinstance(parent, DynamicShell):
        await parent.restart_child(record.handle)
    elif isinstance(parent, StaticShell):
        with _unless_changed(record):
            await parent.restart_child(record.id, record, life)
    return f"{record.path_text} is in life {record.life}, {record.status}"


async def _release(record: Record, life: int) -> str:
    parent = record.parent
    lives = record.held and record.status != "quarantined"
    if not lives or not isinstance(parent, DynamicShell | StaticShell):
        return await _start_again(record, life)
    with _unless_changed(record):
        await parent.release_child(record)
    return f"restarts follow the ends of {record.path_text} again"


async def _quarantine(record: Record, life: int) -> str:
    del life
    with _unless_changed(record):
        await _shell_of(record).quarantine_child(record)
    return f"{record.path_text} is {record.status}"


async def _hold(record: Record, life: int) -> str:
    del life
    with _unless_changed(record):
        await _shell_of(record).hold_child(record)
    if record.alive:
        return f"no restart follows life {record.life} of {record.path_text}"
    return f"{record.path_text} is {record.status}"


def _shell_of(record: Record) -> DynamicShell | StaticShell:
    parent = record.parent
    if not isinstance(parent, DynamicShell | StaticShell):
        raise Refused("changed", record)
    return parent


async def _terminate(record: Record, life: int) -> str:
    del life
    parent = record.parent
    if isinstance(parent, DynamicShell | StaticShell):
        with _unless_changed(record):
            await parent.stop_for_good(record)
    elif record.shell is not None:
        record.shell.stop_itself(record_grace(record))
        while record.alive:
            await record.wait_change()
    return f"{record.path_text} is {record.status}"


@contextmanager
def _unless_changed(record: Record) -> Generator[None]:
    """Refuse what was meant for a life that is not the present one any more."""
    try:
        yield
    except Refused:
        why = f"{record.path_text} has changed meanwhile"
        raise ActionRefused("stale", why) from None


async def _suspend(record: Record, life: int) -> str:
    """Suspend the present life, or the first that lives long enough to be told."""
    del life
    deadline = trio.current_time() + PATIENCE
    while True:
        with trio.move_on_at(deadline) as waiting:
            await record.handle.wait_running()
        if waiting.cancelled_caught:
            text = f"{record.path_text} did not run within {PATIENCE:g} s"
            raise ActionFailed(text)
        try:
            await _ask_server(record, lambda ref: ref.suspend(), "suspended")
        except (ServerExit, NoProcess):
            if not record.may_return or trio.current_time() >= deadline:
                raise
        else:
            return f"{record.path_text} is suspended"


async def _resume(record: Record, life: int) -> str:
    del life
    await _ask_server(record, lambda ref: ref.resume(), "resumed")
    return f"{record.path_text} handles messages again"


async def _ask_server(
    record: Record, ask: Callable[[ServerRef[Any]], Awaitable[None]], what: str
) -> None:
    ref = cast("ServerRef[Any]", record.handle)  # by the kind, which was checked
    try:
        await ask(ref.with_timeout(PATIENCE))
    except trio.TooSlowError:
        busy = record.mailbox.in_progress
        hand = "its init" if busy is None else repr(busy[0])
        raise ActionFailed(
            f"{record.path_text} is still busy with {hand}; it is {what} after that"
        ) from None


async def _drain(record: Record, life: int) -> str:
    del life
    calls, notes = record.mailbox.drain()
    await trio.lowlevel.checkpoint()
    return f"{record.path_text}: {notes} casts and sends dropped, {calls} calls failed"


_ACTIONS: Final[dict[str, Callable[[Record, int], Awaitable[str]]]] = {
    "restart": _restart,
    "release": _release,
    "quarantine": _quarantine,
    "hold": _hold,
    "terminate": _terminate,
    "suspend": _suspend,
    "resume": _resume,
    "drain": _drain,
}


def _level_of(name: str) -> str | None:
    if name and not isinstance(
        logging.root.manager.loggerDict.get(name), logging.Logger
    ):
        return None  # a question must not make loggers
    return logging.getLevelName(logging.getLogger(name or None).level)


def _set_level(argument: str) -> str:
    parsed = parse_level(argument)
    assert parsed is not None
    name, level = parsed
    logging.getLogger(name or None).setLevel(level)
    return f"logger {name or 'root'!r} is at {level}"


def _collect() -> str:
    began = time.perf_counter()
    found = gc.collect()
    took = time.perf_counter() - began
    return f"{found} unreachable objects found in {took * 1000:.0f} ms"


def _one_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]

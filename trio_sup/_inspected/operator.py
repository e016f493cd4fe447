"""What people may do to a running node from outside, carried out.

What an action means and when it is refused is decided in `_core.consequence`; here
are the facts for it, and the doing. All goes through the supervisors' own requests,
so the order of stops, the names and the callers are treated as ever.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import trio
from attrs import evolve

from trio_sup._children.record import Kid
from trio_sup._children.supervising import kid_grace
from trio_sup._core.errors import SupervisionError
from trio_sup._core.events import OperatorAction
from trio_sup._inspected.faults import FAULTS
from trio_sup._node.node import Node
from trio_sup._servers.queue import drain, waiting
from trio_sup._supervisors.dynamic import DynamicDriver
from trio_sup._supervisors.ordered import OrderedDriver
from trio_sup._supervisors.shell import Driver
from trio_sup._supervisors.static import StaticDriver
from trio_sup.inspect.node.consequence import (
    NODE_ACTIONS,
    Consequence,
    Sibling,
    Subject,
    consequence,
    node_consequence,
    parse_level,
)

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
        self, action: str, child: object, life: int, argument: str
    ) -> Consequence:
        """Work out what an action would do now, or why it is refused.

        Args:
            action: What is wanted.
            child: The child's record; None for the node, or if there is no such
                child any more.
            life: The life that is meant.
            argument: What the action needs besides.
        """
        if action in NODE_ACTIONS:
            return node_consequence(action, argument, _level_of)
        if not isinstance(child, Kid) or child.status == "gone":
            return Consequence("no_such_child", "there is no such child any more")
        if child.life != life:
            why = (
                f"meant was life {life}, but {child.path_text} is in life {child.life}"
            )
            return Consequence("stale", why)
        return consequence(action, subject_of(child), argument)

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
        assert isinstance(child, Kid)
        try:
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
        if isinstance(child, Kid):
            path, life = child.path_text, child.life
        now = trio.current_time()
        self._node.emit(OperatorAction, now, path, life, action, outcome, by, text)


# --- the facts ---------------------------------------------------------------


def subject_of(kid: Kid) -> Subject:
    """Return what `consequence` has to know of a child."""
    queue, parent = kid.mailbox, kid.parent
    calls, notes = (0, 0) if queue is None else waiting(queue)
    busy = None if queue is None else queue.in_progress
    subject = Subject(
        kid.path_text,
        kid.label,
        kid.kind,
        kid.status,
        kid.life,
        kid.alive,
        kid.spec.restart,
        None if kid.spec.shutdown == "brutal_kill" else kid_grace(kid),
        _living_below(kid),
        queue is not None and queue.suspended,
        calls,
        notes,
        "" if busy is None else busy[0],
    )
    return subject if parent is None else _placed(subject, kid, parent)


def _placed(subject: Subject, kid: Kid, parent: Driver) -> Subject:
    core = parent.core
    used, limit, _ = parent.kid.budget or (0, 0, 0.0)
    restarts = isinstance(parent, OrderedDriver) and parent.restarts_a_group
    return evolve(
        subject,
        supervisor=parent.path_text,
        supervisor_up=parent.mode == "running",
        strategy="one_for_one" if parent.dynamic else parent.flags.strategy,
        keeps=not parent.dynamic and kid.spec.restart != "temporary",
        group=[_sibling(other) for other in core.group_of(kid) if other is not kid],
        group_busy=kid.alive and core.grouped and restarts,
        budget_used=used,
        budget_max=limit,
    )


def _sibling(kid: Kid) -> Sibling:
    temporary = kid.spec.restart == "temporary"
    return Sibling(kid.label, kid.alive, temporary, _living_below(kid))


def _living_below(kid: Kid) -> int:
    count, todo = 0, [kid.driver]
    while todo:
        driver = todo.pop()
        if driver is None or not driver.kid.alive:
            continue
        for below in driver.core.kids.values():
            count += below.alive
            if below.driver is not None:
                todo.append(below.driver)
    return count


# --- the doing ---------------------------------------------------------------


async def _restart(kid: Kid, life: int) -> str:
    parent, handle = kid.parent, None
    if not kid.alive:
        return await _start_again(kid, life)
    if isinstance(parent, DynamicDriver):
        handle = await parent.replace_child(kid.handle, life)
    elif isinstance(parent, StaticDriver):
        handle = await parent.submit(lambda: parent.replace_child(kid.id, life), kid)
    if handle is None:
        raise ActionRefused("stale", f"{kid.path_text} has changed meanwhile")
    return f"{kid.path_text} is in life {kid.life}, {kid.status}"


async def _start_again(kid: Kid, life: int) -> str:
    parent = kid.parent
    if isinstance(parent, DynamicDriver):
        await parent.restart_child(kid.handle)
    elif isinstance(parent, StaticDriver):
        await _in_line(parent, kid, life, lambda: parent.restart_child(kid.id))
    return f"{kid.path_text} is in life {kid.life}, {kid.status}"


async def _terminate(kid: Kid, life: int) -> str:
    parent = kid.parent
    if isinstance(parent, DynamicDriver):
        await parent.terminate_child(kid.handle)
    elif isinstance(parent, StaticDriver):
        await _in_line(parent, kid, life, lambda: parent.terminate_child(kid.id))
    elif kid.driver is not None:
        kid.driver.stop_itself(kid_grace(kid))
        while kid.alive:
            await kid.wait_change()
    return f"{kid.path_text} is {kid.status}"


async def _in_line(
    driver: StaticDriver, kid: Kid, life: int, perform: Callable[[], Awaitable[object]]
) -> None:
    async def if_same() -> None:
        if kid.life != life or driver.core.kids.get(kid.id) is not kid:
            raise ActionRefused("stale", f"{kid.path_text} has changed meanwhile")
        await perform()

    await driver.submit(if_same, kid)


async def _suspend(kid: Kid, life: int) -> str:
    del life
    await _ask_server(kid, lambda ref: ref.suspend(), "suspended")
    return f"{kid.path_text} is suspended"


async def _resume(kid: Kid, life: int) -> str:
    del life
    await _ask_server(kid, lambda ref: ref.resume(), "resumed")
    return f"{kid.path_text} handles messages again"


async def _ask_server(
    kid: Kid, ask: Callable[[ServerRef[Any]], Awaitable[None]], what: str
) -> None:
    ref = cast("ServerRef[Any]", kid.handle)  # by the kind, which was checked
    try:
        await ask(ref.with_timeout(PATIENCE))
    except trio.TooSlowError:
        busy = None if kid.mailbox is None else kid.mailbox.in_progress
        hand = "its init" if busy is None else repr(busy[0])
        raise ActionFailed(
            f"{kid.path_text} is still busy with {hand}; it is {what} after that"
        ) from None


async def _drain(kid: Kid, life: int) -> str:
    del life
    assert kid.mailbox is not None
    calls, notes = drain(kid.mailbox)
    await trio.lowlevel.checkpoint()
    return f"{kid.path_text}: {notes} casts and sends dropped, {calls} calls failed"


_ACTIONS: Final[dict[str, Callable[[Kid, int], Awaitable[str]]]] = {
    "restart": _restart,
    "release": _start_again,
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

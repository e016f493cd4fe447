"""The node's side of actions: who may, what is answered, what is written down.

One `NodeActions` a node, one `ClientActions` a client. What is done, the operator
does; it is the one seam to the shells, as `source` is for looking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias

import trio

from trio_sup._core.clean import safe_text
from trio_sup._trio.log import Log
from trio_sup.inspect.node.bounds import MAX_ERROR, MAX_NAME, clip
from trio_sup.inspect.node.consequence import MAX_DIFF, Consequence
from trio_sup.inspect.protocol.wire_actions import (
    ACTIONS,
    UNDOES,
    Act,
    Acted,
    AskControl,
    Plan,
    Planned,
    Role,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Reply: TypeAlias = Callable[[Role | Planned | Acted], None]

Request: TypeAlias = AskControl | Plan | Act
Outcome: TypeAlias = Literal["accepted", "refused", "failed"]

MAX_RUNNING: Final = 32
"""Actions under way in one node; more are refused as ``busy``."""
REFUSALS: Final = 30
"""Refused actions that are written down in `REFUSAL_SECONDS`; the rest is counted."""
REFUSAL_SECONDS: Final = 60.0
MAX_LINES: Final = MAX_DIFF + 2

READ_ONLY: Final = (
    "the node is read-only: start it with inspect='control',"
    " or with TRIO_SUP_INSPECT=control in its environment"
)
NO_ROLE: Final = "this client did not ask for control"

logger: Log = Log("trio_sup.inspect")


class Operator(Protocol):
    """Who can act on the node; `trio_sup._inspected.operator.Operator` is one."""

    def consequence(
        self, action: str, child: object, life: int | None, argument: str
    ) -> Consequence:
        """What it would do now, or why it is refused; None is for any life."""
        ...

    async def perform(
        self, action: str, child: object, life: int, argument: str
    ) -> str:
        """Do it; one line on how it went. Raises what `code` and `str` explain."""
        ...

    def audit(
        self, action: str, child: object, outcome: Outcome, by: str, text: str
    ) -> None:
        """Make an event of it."""
        ...


class NodeActions:
    """What all clients of one node have in common.

    Args:
        operator: Who acts; None for a node that can only be looked at.
        allowed: Whether the node's owner allows actions.
        spawn: Starts a task that outlives the client; it never raises.
        find: The record of a child by its row's id.
    """

    def __init__(
        self,
        operator: Operator | None,
        allowed: bool,
        spawn: Callable[..., None],
        find: Callable[[int], object | None],
    ) -> None:
        self.operator = operator
        self.allowed: bool = allowed and operator is not None
        self.running: int = 0
        self._spawn = spawn
        self.find = find
        self._window = float("-inf")
        self._refused = 0

    def start(self, task: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Run an action to its end, whatever becomes of the client."""
        self.running += 1
        self._spawn(task, *args)

    def refused(self, action: str, child: object, by: str, why: str) -> None:
        """Write a refusal down; a flood of them is only counted."""
        if self.operator is None:
            return
        now = trio.current_time()
        if now - self._window >= REFUSAL_SECONDS:
            if self._refused > REFUSALS:
                more = self._refused - REFUSALS
                logger.warning("inspector: %d more actions were refused", more)
            self._window, self._refused = now, 0
        self._refused += 1
        if self._refused <= REFUSALS:
            self.operator.audit(clip(action, 40), child, "refused", by, why)


class ClientActions:
    """Takes one client's requests. Synchronous, raises nothing.

    Args:
        node: What all clients of the node share.
        by: Who the client is, as the system says.
        reply: Sends an answer, sooner or later.
    """

    def __init__(self, node: NodeActions, by: str, reply: Reply) -> None:
        self._node = node
        self._by = by
        self._reply = reply
        self._control = False
        # What this client has on lease: by what undoes it, and the child's row.
        self._leases: dict[tuple[str, int], object] = {}
        self._left = False

    def leave(self) -> None:
        """The connection is over: undo what the client had on lease."""
        self._left = True
        leases, self._leases = self._leases, {}
        for (undo, _), child in leases.items():
            self._undo(undo, child)

    def _undo(self, action: str, child: object) -> None:
        node = self._node
        assert node.operator is not None
        life = getattr(child, "life", 0)
        found = node.operator.consequence(action, child, life, "")
        if not found.allowed:
            return  # it is gone, or somebody has undone it
        why = f"the connection of {self._by} is over"
        node.operator.audit(action, child, "accepted", self._by, why)
        node.start(self._perform, Act(0, action, 0, life), child)

    def _note_lease(self, act: Act, child: object) -> None:
        """An action is done: something is on lease now, or no more."""
        self._leases.pop((act.action, act.id), None)
        undo = UNDOES.get(act.action)
        if undo is None or not act.lease:
            return
        if self._left:
            self._undo(undo, child)
        else:
            self._leases[undo, act.id] = child

    def take(self, request: Request) -> None:
        """Answer a request, or begin what it asks for."""
        match request:
            case AskControl():
                self._ask_control()
            case Plan():
                self._plan(request)
            case Act():
                self._act(request)

    def _ask_control(self) -> None:
        if not self._node.allowed:
            self._reply(Role("view", READ_ONLY, []))
            return
        self._control = True
        logger.info("inspector: %s has control", self._by)
        self._reply(Role("control", "", list(ACTIONS)))

    def _consequence(self, request: Plan | Act) -> tuple[object, Consequence]:
        node = self._node
        child = node.find(request.id) if self._control else None
        if node.operator is None or not node.allowed:
            return child, Consequence("read_only", READ_ONLY)
        if not self._control:
            return child, Consequence("no_role", NO_ROLE)
        # A plan to restart is for the life that it finds, and names it.
        anew = isinstance(request, Plan) and request.action == "restart"
        life = None if anew else request.life
        return child, node.operator.consequence(
            request.action, child, life, request.argument
        )

    def _plan(self, plan: Plan) -> None:
        _, found = self._consequence(plan)
        lines: list[str] = [clip(line, MAX_ERROR) for line in found.lines[:MAX_LINES]]
        self._reply(
            Planned(
                plan.req,
                found.code,
                clip(found.why, MAX_ERROR),
                lines,
                found.affected,
                clip(found.confirm, MAX_NAME),
                found.life,
            )
        )

    def _act(self, act: Act) -> None:
        node = self._node
        child, found = self._consequence(act)
        if found.allowed and node.running >= MAX_RUNNING:
            found = Consequence("busy", f"{MAX_RUNNING} actions are under way")
        if not found.allowed:
            node.refused(act.action, child, self._by, found.why)
            self._answer(act, "refused", found.code, found.why)
            return
        assert node.operator is not None
        text = "; ".join(found.lines) or act.action
        node.operator.audit(act.action, child, "accepted", self._by, text)
        self._answer(act, "accepted", "", text)
        node.start(self._perform, act, child)

    async def _perform(self, act: Act, child: object) -> None:
        node = self._node
        operator = node.operator
        assert operator is not None
        try:
            done = await operator.perform(act.action, child, act.life, act.argument)
            self._note_lease(act, child)
            self._answer(act, "done", "", done)
        except Exception as error:  # noqa: BLE001 - the answer; never the node's problem
            code = getattr(error, "code", "")
            state: Outcome = "refused" if code else "failed"
            why = safe_text(error) or type(error).__name__
            operator.audit(act.action, child, state, self._by, why)
            self._answer(act, state, code, why)
        finally:
            node.running -= 1

    def _answer(self, act: Act, state: str, code: str, text: str) -> None:
        self._reply(Acted(act.req, state, code, clip(text, MAX_ERROR)))

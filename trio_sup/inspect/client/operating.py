"""A client's side of actions: asks, remembers what it asked, keeps the answers.

Part of a `Session`; pure, as that is. What is under way when a connection is lost is
answered here: a plan as refused, an action as failed, for whether the node did it is
not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import define, field

from trio_sup.inspect.protocol.wire_actions import (
    Act,
    Acted,
    AskControl,
    Plan,
    Planned,
    Role,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup.inspect.protocol.wire import Hello

    Send: TypeAlias = Callable[[AskControl | Plan | Act], None]

KEPT: Final = 256
"""Answers that are remembered."""
NOT_ASKED: Final = "this client only looks: start it with --control"
LOST: Final = "lost"
"""The code of answers that this side gives when the connection is gone."""


@define
class Operating:
    """What one client does to its node.

    Args:
        wanted: Whether to ask each node for control.
        send: Sends a request; called only while attached.
    """

    wanted: bool
    _send: Send
    role: Role | None = None
    """What the node granted; None until it answered, and while not attached."""
    plans: dict[int, Planned] = field(factory=dict[int, Planned])
    """The answers to `plan`, by their numbers."""
    outcomes: dict[int, Acted] = field(factory=dict[int, Acted])
    """The newest answer to each `act`, by its number."""
    not_asked: str = NOT_ASKED
    """What is said to who did not ask for control."""
    _node: Hello | None = None
    _number: int = 0
    _open: set[int] = field(factory=set[int])
    _planning: set[int] = field(factory=set[int])

    @property
    def granted(self) -> bool:
        """Whether actions can be sent now."""
        return self.role is not None and self.role.role == "control"

    @property
    def why_not(self) -> str:
        """Why actions cannot be sent now, for people; empty if they can."""
        node = self._node
        if self.granted:
            return ""
        if node is None:
            return "not connected"
        if "control" not in node.caps:
            return f"node {node.node!r} (trio-sup {node.trio_sup}) knows no actions"
        if not self.wanted:
            more = ", and the node is read-only" if node.readonly else ""
            return self.not_asked + more
        return "the node has not answered yet" if self.role is None else self.role.why

    def plan(self, action: str, id: int = 0, life: int = 0, argument: str = "") -> int:
        """Ask what an action would do; the answer comes into `plans`.

        Args:
            action: One of the node's, see `Role.actions`.
            id: The child's row; 0 for the node.
            life: The life that the user sees.
            argument: What the action needs besides.

        Returns:
            The number under which the answer comes.
        """
        self._number += 1
        request = Plan(self._number, action, id, life, argument)
        if self.granted:
            self._planning.add(request.req)
            self._send(request)
        else:
            self._keep_plan(Planned(request.req, "no_role", self.why_not))
        return request.req

    def act(
        self,
        action: str,
        id: int = 0,
        life: int = 0,
        argument: str = "",
        *,
        lease: bool = False,
    ) -> int:
        """Ask for an action; answers come into `outcomes`.

        Args:
            action: As for `plan`, like the next three.
            id: The child's row.
            life: The life that the user sees.
            argument: What the action needs besides.
            lease: Whether the node is to undo it when the connection ends.
        """
        self._number += 1
        request = Act(self._number, action, id, life, argument, lease)
        if self.granted:
            self._open.add(request.req)
            self._send(request)
        else:
            self._keep(Acted(request.req, "refused", "no_role", self.why_not))
        return request.req

    def final(self, req: int) -> Acted | None:
        """The last word on an action, None as long as it is under way."""
        outcome = self.outcomes.get(req)
        return None if outcome is None or outcome.state == "accepted" else outcome

    # --- what the session reports ------------------------------------------

    def attached(self, node: Hello) -> None:
        """The node accepted this client."""
        self._node, self.role = node, None
        if self.wanted and "control" in node.caps:
            self._send(AskControl())

    def take(self, message: Role | Planned | Acted) -> None:
        """The node answered."""
        match message:
            case Role():
                self.role = message
            case Planned():
                self._keep_plan(message)
            case Acted():
                self._keep(message)

    def lost(self) -> None:
        """The connection is gone."""
        self._node = self.role = None
        for req in sorted(self._planning):
            self._keep_plan(Planned(req, LOST, "the connection was lost"))
        for req in sorted(self._open):
            text = "the connection was lost: it may have been done"
            self._keep(Acted(req, "failed", LOST, text))

    def _keep(self, outcome: Acted) -> None:
        self.outcomes[outcome.req] = outcome
        if outcome.state != "accepted":
            self._open.discard(outcome.req)
        while len(self.outcomes) > KEPT:
            del self.outcomes[next(iter(self.outcomes))]

    def _keep_plan(self, plan: Planned) -> None:
        self.plans[plan.req] = plan
        self._planning.discard(plan.req)
        while len(self.plans) > KEPT:
            del self.plans[next(iter(self.plans))]

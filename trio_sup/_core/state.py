"""What the decisions read and write about one child."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from trio_sup._core.exits import Exit
from trio_sup._core.window import RestartWindow
from trio_sup._core.words import Status

if TYPE_CHECKING:
    from trio_sup._core.specs import ChildSpec


class ChildState:
    """The record of one child, as far as decisions are concerned.

    The shells derive from it and add what runs (`trio_sup._children.record.Record`), so that a
    child costs one object.
    """

    __slots__ = (
        "attempt",
        "budget_window",
        "id",
        "in_plan",
        "last_exit",
        "life",
        "life_began",
        "pending",
        "restarts",
        "spec",
        "status",
        "ticket",
        "undecided",
    )

    def __init__(self, spec: ChildSpec[Any], id: Hashable) -> None:
        self.spec: ChildSpec[Any] = spec
        self.id: Hashable = id
        self.status: Status = "stopped"
        # The number of the present or last life; 0 before the first.
        self.life: int = 0
        self.life_began: float = 0.0
        # How often a life followed one that ended by itself.
        self.restarts: int = 0
        self.last_exit: Exit | None = None
        # The place in the present row of restarts, for the backoff.
        self.attempt: int = 0
        self.budget_window: RestartWindow | None = None
        # How many queued requests name this child: its exits then wait their turn.
        self.pending: int = 0
        # Whether a plan is about to stop it, so that its exit is absorbed.
        self.in_plan: bool = False
        # Its life has ended by itself and the decision waits its turn: until then it
        # counts as running for whoever asks (SUP-134), as a dead process does whose
        # exit signal is still in OTP's mailbox.
        self.undecided: bool = False
        # Invariant: changes whenever a scheduled restart becomes void, so that a
        # stale retry or timer is recognised and dropped (SUP-082).
        self.ticket: int = 0

    @property
    def alive(self) -> bool:
        """Whether a life is in progress, from its start to its very end."""
        raise NotImplementedError

    @property
    def terminated(self) -> bool:
        """Whether somebody has asked the life in progress to end.

        As far as the status tells; a life that winds down by itself has the same one,
        and the shells know the difference.
        """
        return self.status == "stopping"

    @property
    def awaiting_restart(self) -> bool:
        """Down, but on its way back: counted as active by auto-shutdown (SUP-134)."""
        return not self.alive and self.status in ("restarting", "backing_off")

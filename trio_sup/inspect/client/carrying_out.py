"""Carrying out a script over a conversation with a node: to its end, whatever comes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trio_sup.inspect.client.conversation import Conversation

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

LOOK_AGAIN: Final = 0.1
"""Seconds after which what was done is judged at the latest."""


class CarriedOut(NamedTuple):
    """How it ended."""

    interrupted: bool
    """Whether by a Ctrl-C."""
    gone: bool
    """Whether the node closed the connection."""


class Script(Protocol[T_co]):
    """What is to be done as time passes; `chaos_run.ChaosRun` is one."""

    @property
    def finished(self) -> bool:
        """Whether nothing more is to come."""
        ...

    @property
    def next_at(self) -> float | None:
        """When the next step is due; None if there is none."""
        ...

    def abandon(self) -> None:
        """Begin nothing more, but undo what would stay behind."""
        ...

    def advance(self, now: float, *, hurry: bool = False) -> Sequence[T_co]:
        """Do what is due, through the session; return what has come to its end."""
        ...


def carry_out(
    conversation: Conversation, script: Script[T], tell: Callable[[T], None]
) -> CarriedOut:
    """Go on until the script is done, and leave the node.

    A `KeyboardInterrupt` begins nothing more, and what has to be undone is undone
    at once.

    Args:
        conversation: Attached, with control.
        script: What is to be done.
        tell: Called with each thing that has come to its end.

    Raises:
        AskError: the node has been silent for too long.
    """
    began, interrupted = time.monotonic(), False
    try:
        there = _go_on(conversation, script, tell, began)
    except KeyboardInterrupt:
        interrupted = True
        script.abandon()
        there = _go_on(conversation, script, tell, began, hurry=True)
    if there:
        conversation.leave()
    return CarriedOut(interrupted, not there)


def _go_on(
    conversation: Conversation,
    script: Script[T],
    tell: Callable[[T], None],
    began: float,
    *,
    hurry: bool = False,
) -> bool:
    """Carry on to the end; False if the node closed the connection."""
    while True:
        now = time.monotonic() - began
        for each in script.advance(now, hurry=hurry):
            tell(each)
        conversation.flush()
        if script.finished:
            return True
        due = script.next_at
        wait = LOOK_AGAIN if due is None else min(LOOK_AGAIN, max(due - now, 0.0))
        if not conversation.step(wait):
            return False

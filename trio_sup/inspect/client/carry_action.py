"""Acting on a node and its children over a conversation: first plans, then deeds."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

from trio_sup.inspect.client.conversation import EXIT_SILENT, TIMEOUT, AskError

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup.inspect.client.conversation import Conversation
    from trio_sup.inspect.protocol.wire_actions import Acted, Planned

LOOK_AGAIN: Final = 0.05
"""Seconds after which an answer is looked for at the latest."""


def plan(
    conversation: Conversation, action: str, id: int, life: int, argument: str = ""
) -> Planned:
    """What an action would do; nothing is done.

    Args:
        conversation: Attached, with control.
        action: One of the node's.
        id: The child's row; 0 for the node.
        life: The child's present life, as far as is known.
        argument: What the action needs besides.

    Raises:
        AskError: the node does not answer, or closes the connection.
    """
    operating = conversation.session.operating
    req = operating.plan(action, id, life, argument)
    due = time.monotonic() + TIMEOUT
    _until(conversation, partial(operating.plans.__contains__, req), due)
    return operating.plans[req]


def act(
    conversation: Conversation, action: str, id: int, life: int, argument: str = ""
) -> Acted:
    """Do what was planned, and wait for the last word on it.

    However long it takes: a child has its grace. If the connection is lost meanwhile,
    the answer says so.

    Raises:
        AskError: the node has been silent for too long.
    """
    operating = conversation.session.operating
    req = operating.act(action, id, life, argument)
    _until(conversation, lambda: operating.final(req) is not None, None)
    answer = operating.final(req)
    assert answer is not None
    return answer


def _until(
    conversation: Conversation, come: Callable[[], bool], due: float | None
) -> None:
    conversation.flush()
    while not come():
        if not conversation.step(LOOK_AGAIN):
            # What is under way is answered by this side then.
            conversation.session.lost(time.monotonic(), "closed")
            if come():
                return
            raise conversation.ended()
        if due is not None and time.monotonic() > due:
            raise AskError("the node did not say what it would do", EXIT_SILENT)

"""Asking a node where its time goes. Needs neither Trio nor Textual."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from trio_sup.inspect.client.conversation import (
    EXIT_REFUSED,
    EXIT_SILENT,
    EXIT_VERSION,
    TIMEOUT,
    AskError,
    attached,
)

if TYPE_CHECKING:
    from trio_sup.inspect.client.conversation import Peer
    from trio_sup.inspect.protocol.wire_profile import Profile


def profile(peer: Peer, seconds: float, hz: float) -> tuple[str, Profile]:
    """The node's name, and what ran there for some seconds.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    with attached(peer, (), client="trio-sup profile") as conversation:
        conversation.until_complete()
        session = conversation.session
        node = session.node
        if node is None or "profile" not in node.caps:
            raise AskError(f"{peer.place}: the node is too old for this", EXIT_VERSION)
        session.ask.profile(seconds, hz)
        conversation.flush()
        due = time.monotonic() + seconds + 4 * TIMEOUT
        while (found := session.topics.profile) is None:
            if not conversation.step():
                raise conversation.ended()
            if time.monotonic() > due:
                raise AskError(f"{peer.place}: no profile came", EXIT_SILENT)
        conversation.leave()
        if found.problem:
            raise AskError(f"{peer.place}: {found.problem}", EXIT_REFUSED)
        return node.node, found

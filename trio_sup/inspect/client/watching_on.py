"""Looking at a node for a while, one child of it closer. Needs neither Trio nor Textual."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from trio_sup.inspect.client.conversation import attached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trio_sup.inspect.client.conversation import Peer
    from trio_sup.inspect.client.session import Session


def looks(
    peer: Peer, seconds: float, wanted: Callable[[Session], int] | None = None
) -> Iterator[Session]:
    """The session, whenever the node may have said something, for so long.

    Ends before if the node does.

    Args:
        peer: The node.
        seconds: For how long.
        wanted: Chooses a child whose times are to be measured, once all rows are
            there; what it raises comes out.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    with attached(peer, ("tree", "events"), rate_hz=2.0) as conversation:
        conversation.until_complete()
        session = conversation.session
        node = session.node
        if wanted is not None:
            id = wanted(session)
            if node is not None and "times" in node.caps:
                session.ask.watch(id, time.monotonic(), ("overview", "times"))
        conversation.flush()
        due = time.monotonic() + seconds
        while (left := due - time.monotonic()) > 0:
            session.take_changes()
            yield session
            # Where data comes all the time there is no other moment for it.
            session.ask.renew(time.monotonic())
            conversation.flush()
            if not conversation.step(min(0.25, left)):
                return
        session.take_changes()
        yield session
        conversation.leave()

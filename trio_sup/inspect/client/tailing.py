"""Following a topic that says one thing after the other. Needs neither Trio nor Textual."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from trio_sup.inspect.client.conversation import EXIT_VERSION, AskError, attached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from trio_sup.inspect.client.conversation import Peer
    from trio_sup.inspect.client.session import Session
    from trio_sup.inspect.protocol.wire_details import Follow


def tail(
    peer: Peer,
    wish: Callable[[Session], Follow],
    *,
    want: Sequence[str] = (),
    seconds: float | None = None,
) -> Iterator[Session]:
    """The session, each time that the topic said something.

    Ends when the node does, or when the time is over.

    Args:
        peer: The node.
        wish: Chooses what to follow, once everything else is there; what it raises
            comes out.
        want: Of ``tree`` and ``events``: what it needs for that.
        seconds: For how long; None until the node ends.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    with attached(peer, want) as conversation:
        conversation.until_complete()
        session = conversation.session
        follow = wish(session)
        if session.node is None or follow.topic not in session.node.caps:
            raise AskError(f"{peer.place}: the node is too old for this", EXIT_VERSION)
        session.ask.follow(follow, time.monotonic())
        conversation.flush()
        due = None if seconds is None else time.monotonic() + seconds
        while due is None or time.monotonic() < due:
            if follow.topic in session.take_changes().topics:
                yield session
            # Where data comes all the time there is no other moment for it.
            session.ask.renew(time.monotonic())
            left = 1.0 if due is None else due - time.monotonic()
            if not conversation.step(min(0.25, left)):
                return
        if follow.topic in session.take_changes().topics:
            yield session
        conversation.leave()

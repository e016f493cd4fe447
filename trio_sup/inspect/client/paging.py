"""Reading what registries hold, a page after the other. Needs neither Trio nor Textual."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from trio_sup.inspect.client.conversation import (
    EXIT_SILENT,
    EXIT_VERSION,
    TIMEOUT,
    AskError,
    attached,
)
from trio_sup.inspect.protocol.wire_details import Follow

if TYPE_CHECKING:
    from trio_sup.inspect.client.conversation import Conversation, Peer
    from trio_sup.inspect.protocol.wire_registry import NameRow, Names

PATIENCE = 12 * TIMEOUT
"""Seconds for one page: a search among a hundred thousand names takes its time."""


def registry(peer: Peer, text: str, limit: int) -> tuple[str, Names, list[NameRow]]:
    """What the registries of a node hold.

    Args:
        peer: The node.
        text: Words, all of which have to be there.
        limit: How many rows to read at most.

    Returns:
        The node's name, what it said last, and the rows of all pages.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    with attached(peer, (), rate_hz=10.0, client="trio-sup registry") as talk:
        talk.until_complete()
        node = talk.session.node
        if node is None or "registry" not in node.caps:
            raise AskError(f"{peer.place}: the node is too old for this", EXIT_VERSION)
        rows: list[NameRow] = []
        while True:
            names = _page(talk, peer, text, len(rows))
            rows += names.rows
            if not names.rows or len(rows) >= min(names.passing, limit):
                talk.leave()
                return node.node, names, rows[:limit]


def _page(talk: Conversation, peer: Peer, text: str, start: int) -> Names:
    session = talk.session
    session.ask.follow(Follow("registry", text=text, start=start), time.monotonic())
    talk.flush()
    due = time.monotonic() + PATIENCE
    while True:
        names = session.topics.registry
        if names is not None and (names.text, names.start) == (text, start):
            return names
        if time.monotonic() > due:
            raise AskError(f"{peer.place}: no page came", EXIT_SILENT)
        session.ask.renew(time.monotonic())
        if not talk.step():
            raise talk.ended()

"""Ask a node once, or follow its events. Needs neither Trio nor Textual.

Every failure is an `AskError` with a one-line message and the exit code that
`trio-sup` documents for it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from trio_sup.inspect.client.answer import Answer, wall_time
from trio_sup.inspect.client.conversation import (
    EXIT_AMBIGUOUS,
    EXIT_INTERRUPTED,
    EXIT_NO_NODE,
    EXIT_OK,
    EXIT_PERMISSION,
    EXIT_PROBLEM,
    EXIT_REFUSED,
    EXIT_SILENT,
    EXIT_USAGE,
    EXIT_VERSION,
    TIMEOUT,
    AskError,
    attached,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from trio_sup.inspect.client.conversation import Peer
    from trio_sup.inspect.client.session import Session
    from trio_sup.inspect.protocol.wire import Detail, Event
    from trio_sup.inspect.protocol.wire_details import Holds

__all__ = [
    "EXIT_AMBIGUOUS",
    "EXIT_INTERRUPTED",
    "EXIT_NO_NODE",
    "EXIT_OK",
    "EXIT_PERMISSION",
    "EXIT_PROBLEM",
    "EXIT_REFUSED",
    "EXIT_SILENT",
    "EXIT_USAGE",
    "EXIT_VERSION",
    "TIMEOUT",
    "AskError",
    "ask",
    "detail",
    "follow",
    "holds",
    "metrics",
    "remembered",
    "watch",
]


def ask(peer: Peer, *, want: Sequence[str] = ("tree",)) -> Answer:
    """Attach, take everything once, leave.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    with attached(peer, want) as conversation:
        conversation.until_complete()
        conversation.leave()
        return _answer(peer, conversation.session)


def _answer(peer: Peer, session: Session) -> Answer:
    node, beat = session.node, session.heartbeat
    assert node is not None  # It comes before any heartbeat.
    assert beat is not None
    return Answer(node, beat.at, beat.lag, session.rows, list(session.events))


def remembered(peer: Peer) -> list[tuple[Event, float]]:
    """The events that the node remembers, each with its time since 1970.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    answer = ask(peer, want=("events",))
    return [(event, wall_time(answer.node, event.at)) for event in answer.events]


def follow(peer: Peer) -> Iterator[tuple[Event, float]]:
    """The node's events as they happen, first those that it remembers.

    Each comes with its time since 1970. Ends when the node does.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    with attached(peer, ("events",)) as conversation:
        conversation.until_complete()
        while True:
            node = conversation.session.node
            for event in conversation.session.take_changes().events:
                assert node is not None  # It comes before any event.
                yield event, wall_time(node, event.at)
            if not conversation.step():
                return


def watch(peer: Peer, *, rate_hz: float) -> Iterator[Answer]:
    """The node's rows whenever the node was heard, first when they are whole.

    The answers share their rows, which change in place. Ends when the node does.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    with attached(peer, ("tree",), rate_hz=rate_hz) as conversation:
        conversation.until_complete()
        session = conversation.session
        while True:
            session.take_changes()  # Nobody looks: they must not pile up.
            node, beat = session.node, session.heartbeat
            assert node is not None
            assert beat is not None
            now = session.node_time(time.monotonic())
            yield Answer(node, now, beat.lag, session.rows, [])
            if not conversation.step():
                return


def detail(
    peer: Peer,
    wanted: Callable[[Answer], int],
    parts: Sequence[str] = (),
    *,
    measure: float = 0.0,
) -> tuple[Answer, Detail]:
    """Everything about one child.

    Args:
        peer: The node.
        wanted: Chooses the child; what it raises comes out.
        parts: Of `wire_details.PARTS`, beside the overview.
        measure: Seconds to go on for, if something has to be measured.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    with attached(peer, ("tree", "events")) as conversation:
        conversation.until_complete()
        session = conversation.session
        answer = _answer(peer, session)
        id = wanted(answer)
        if parts and "parts" not in answer.node.caps:
            text = f"{peer.place}: this node is too old to show {', '.join(parts)}"
            raise AskError(text, EXIT_VERSION)
        if "times" in parts and "times" not in answer.node.caps:
            text = f"{peer.place}: this node is too old to measure times"
            raise AskError(text, EXIT_VERSION)
        session.ask.watch(id, time.monotonic(), ("overview", *parts) if parts else ())
        conversation.flush()
        deadline = time.monotonic() + TIMEOUT
        while not _whole(session.details.get(id), parts):
            if not conversation.step():
                raise conversation.ended()
            if time.monotonic() > deadline:
                raise AskError(f"{peer.place}: no details came", EXIT_SILENT)
        end = time.monotonic() + measure
        while time.monotonic() < end:
            session.ask.renew(time.monotonic())
            conversation.flush()
            if not conversation.step():
                raise conversation.ended()
        conversation.leave()
        return answer, session.details[id]


def holds(peer: Peer) -> Holds | None:
    """What held the node's loop lately; None from a node that does not know.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    with attached(peer, ()) as conversation:
        conversation.until_complete()
        session = conversation.session
        if session.node is None or "holds" not in session.node.caps:
            return None
        session.ask.follow("holds", time.monotonic())
        conversation.flush()
        deadline = time.monotonic() + TIMEOUT
        while session.topics.holds is None and time.monotonic() < deadline:
            if not conversation.step():
                raise conversation.ended()
        conversation.leave()
        return session.topics.holds


def metrics(peer: Peer) -> str:
    """All metrics in the Prometheus text format.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    with attached(peer, ()) as conversation:
        conversation.until_complete()
        session = conversation.session
        if session.node is None or "metrics" not in session.node.caps:
            raise AskError(f"{peer.place}: the node is too old for this", EXIT_VERSION)
        session.ask.metrics()
        conversation.flush()
        deadline = time.monotonic() + TIMEOUT
        while session.topics.metrics is None:
            if not conversation.step():
                raise conversation.ended()
            if time.monotonic() > deadline:
                raise AskError(f"{peer.place}: no metrics came", EXIT_SILENT)
        conversation.leave()
        return session.topics.metrics


def _whole(detail: Detail | None, parts: Sequence[str]) -> bool:
    """Whether everything has come that was asked for."""
    if detail is None or detail.row is None:
        return detail is not None
    return set(parts) <= set(detail.parts)

"""Which mailboxes moved since the last look: the inner loop of sampling.

A look compares one number a mailbox. What a mailbox has received and handled only
grows in one life, and what it holds changes with one of them or with the message in
hand; what else can change (a new life, a drained mailbox) is a lifecycle change and
found elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trio_sup.inspect.node.source import ObservedMailbox

SLICE: Final = 5000
"""Mailboxes that are looked at without a pause: about half a millisecond."""


class Probes:
    """The mailboxes of a node, in a fixed order."""

    def __init__(self, mailboxes: Iterable[tuple[int, ObservedMailbox]]) -> None:
        pairs = list(mailboxes)
        self._ids = [uid for uid, _ in pairs]
        self._boxes = [mailbox for _, mailbox in pairs]
        self._seen = [_pulse(mailbox) for mailbox in self._boxes]

    def moved(self) -> Iterator[list[int]]:
        """Ids of mailboxes that moved since the last look, a slice at a time."""
        ids, seen = self._ids, self._seen
        for start in range(0, len(ids), SLICE):
            found: list[int] = []
            boxes = self._boxes[start : start + SLICE]
            at = start
            # Written out: a call for each mailbox would double the time.
            for mailbox, before in zip(boxes, seen[start : start + SLICE], strict=True):
                pulse = mailbox.received + mailbox.handled + mailbox.dropped
                if mailbox.current is not None:
                    pulse = -1 - pulse
                if pulse != before:
                    seen[at] = pulse
                    found.append(ids[at])
                at += 1
            yield found


def _pulse(mailbox: ObservedMailbox) -> int:
    pulse = mailbox.received + mailbox.handled + mailbox.dropped
    return pulse if mailbox.current is None else -1 - pulse

"""Which mailboxes moved since the last look: the inner loop of sampling.

Nearly all mailboxes of a large node are quiet: nothing waits in them and nothing is in
hand. Of such a one it is enough to know that nobody has taken anything out of it since,
and that it is still quiet. What a mailbox that is not holds is compared with what it
held before. What else can change (a new life, a drained mailbox) is a lifecycle change
and found elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trio_sup.inspect.node.source import ObservedMailbox

SLICE: Final = 5000
"""Mailboxes that are looked at without a pause."""

_Pulse: TypeAlias = tuple[int, int, int, bool]
"""What was taken, what is done and what waits, and whether something is in hand."""


class Probes:
    """The mailboxes of a node, in a fixed order."""

    def __init__(self, mailboxes: Iterable[tuple[int, ObservedMailbox]]) -> None:
        pairs = list(mailboxes)
        self._ids = [uid for uid, _ in pairs]
        self._boxes = [mailbox for _, mailbox in pairs]
        self._taken = [mailbox.taken for mailbox in self._boxes]
        # Of those that were not quiet at the last look, by their place.
        self._lively: dict[int, _Pulse] = {
            at: _pulse(box) for at, box in enumerate(self._boxes) if not _quiet(box)
        }

    def moved(self) -> Iterator[list[int]]:
        """Ids of mailboxes that moved since the last look, a slice at a time."""
        for start in range(0, len(self._ids), SLICE):
            places = range(start, min(start + SLICE, len(self._ids)))
            boxes = self._boxes[start : start + SLICE]
            taken = self._taken[start : start + SLICE]
            # Nothing but what the objects hold: a property is a call, and calls for each
            # mailbox would be more work than all the rest of a look.
            suspects = [
                at
                for at, box, before in zip(places, boxes, taken, strict=True)
                if box.taken != before or box.inbox or box.current is not None
            ]
            if self._lively:
                known = dict.fromkeys(suspects)
                suspects += [
                    at for at in self._lively if at in places and at not in known
                ]
            yield [self._ids[at] for at in suspects if self._note(at)]

    def _note(self, at: int) -> bool:
        """Take over what a mailbox holds; whether that is something else."""
        box = self._boxes[at]
        before, now = self._lively.pop(at, None), _pulse(box)
        self._taken[at] = box.taken
        if not _quiet(box):
            self._lively[at] = now
        return now != before


def _quiet(mailbox: ObservedMailbox) -> bool:
    return mailbox.current is None and not mailbox.depth


def _pulse(mailbox: ObservedMailbox) -> _Pulse:
    hand = mailbox.current is not None
    return mailbox.taken, mailbox.handled, mailbox.depth, hand

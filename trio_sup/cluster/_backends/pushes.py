"""What an engine has sent: to whom it is for, at once, or as soon as there is time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import trio

from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Waiters
from trio_sup.cluster._rules.words import Push

AT_ONCE: Final = 64
"""How many are handed out before other tasks have a turn.

One turn for each would be fair as Trio's channels are, and slow: what comes with one read
of the socket is served in one go, and the answers leave with one write."""

MOST_UNREAD: Final = 65_536
"""How many messages may wait to be read; those beyond are lost, and seen as missing."""


@protected
class Pushes:
    """What is sent, for one who takes it: a function that does not block.

    Whoever reads the socket calls it, without another task between. Only if more comes
    than has its turn, the rest waits in a queue: so what comes behind it, such as the
    answer to a heartbeat, is not held up by those who are slow to take.
    """

    def __init__(self) -> None:
        self._queue: deque[Push] = deque()
        self._waiters = Waiters()
        self._take: Callable[[Push], None] | None = None
        self._at_once = 0

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, push: Push) -> None:
        """Hand one over, in its order; never blocks."""
        take = self._take
        if take is not None and self._at_once < AT_ONCE and not self._queue:
            self._at_once += 1
            take(push)
            return
        self._queue.append(push)
        if self._waiters:
            self._waiters.wake()

    async def deliver(self, take: Callable[[Push], None]) -> None:
        """Hand over to a function, for ever; see `Link.deliver`."""
        queue, self._take = self._queue, take
        try:
            while True:
                await trio.lowlevel.checkpoint()
                for _ in range(min(len(queue), AT_ONCE)):
                    take(queue.popleft())
                if not queue:
                    self._at_once = 0
                    await self._waiters.wait()
        finally:
            self._take = None

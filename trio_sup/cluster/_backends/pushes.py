"""What an engine has sent and nobody has looked at yet."""

from __future__ import annotations

from collections import deque
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
    """A queue without a bound of its own, for one reader."""

    def __init__(self) -> None:
        self._queue: deque[Push] = deque()
        self._waiters = Waiters()
        self._in_a_row = 0

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, push: Push) -> None:
        """Take one; never blocks."""
        self._queue.append(push)
        if self._waiters:
            self._waiters.wake()

    async def get(self) -> Push:
        """Wait for the next; a checkpoint if there is none, and now and then."""
        if self._queue and self._in_a_row < AT_ONCE:
            self._in_a_row += 1
            return self._queue.popleft()
        self._in_a_row = 0
        await trio.lowlevel.checkpoint()
        while not self._queue:
            await self._waiters.wait()
        return self._queue.popleft()

"""Answers of a node to what it was asked to plan or to do, for who awaits them.

The session is pure and wakes nobody: whoever reads the connection calls
`Answers.deliver` when something was heard, or lost.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup.inspect.client.operating import Operating
    from trio_sup.inspect.protocol.wire_actions import Acted, Planned

T = TypeVar("T")


@define
class Answers:
    """A future for each request that is under way.

    Args:
        operating: The session's side of actions. It answers itself, as failed, what
            is under way when a connection is lost.
        send: Sends what the session has to say.
    """

    _operating: Operating
    _send: Callable[[], None]
    _plans: dict[int, asyncio.Future[Planned]] = field(
        factory=dict["int", "asyncio.Future[Planned]"]
    )
    _outcomes: dict[int, asyncio.Future[Acted]] = field(
        factory=dict["int", "asyncio.Future[Acted]"]
    )

    async def plan(self, action: str, id: int, life: int, argument: str) -> Planned:
        """What an action would do. Arguments as for `Operating.plan`."""
        req = self._operating.plan(action, id, life, argument)
        return await self._answer(self._plans, req)

    async def act(self, action: str, id: int, life: int, argument: str) -> Acted:
        """Have it done; the last word on it. Arguments as for `Operating.plan`."""
        req = self._operating.act(action, id, life, argument)
        return await self._answer(self._outcomes, req)

    def deliver(self) -> None:
        """Wake those whose answers have come."""
        _resolve(self._plans, self._operating.plans.get)
        _resolve(self._outcomes, self._operating.final)

    async def _answer(self, waiting: dict[int, asyncio.Future[T]], req: int) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        waiting[req] = future
        self._send()
        self.deliver()  # What cannot be sent is answered already.
        try:
            return await future
        finally:
            waiting.pop(req, None)


def _resolve(
    waiting: dict[int, asyncio.Future[T]], look: Callable[[int], T | None]
) -> None:
    for req, future in waiting.items():
        answer = look(req)
        if answer is not None and not future.done():
            future.set_result(answer)

"""How a caller waits for its answer: what is between it and Trio."""

from __future__ import annotations

import types
from collections.abc import Awaitable, Generator
from typing import TYPE_CHECKING, Any, Final

import outcome
from trio.lowlevel import Abort, enable_ki_protection, wait_task_rescheduled

from trio_sup._trio.protect import protected
from trio_sup._trio.wake import asked_of

if TYPE_CHECKING:
    from trio_sup._servers.messages import Request

_Asked: Any = asked_of()


SPARE: Final = 64
"""How many waits that are over are kept for the next callers."""

_spare: list[Wait] = []


@protected
class Wait:
    """What Trio is handed while a caller waits; dear to make, so it is used again."""

    __slots__ = ("asked", "request")

    def __init__(self) -> None:
        self.request: Request | None = None
        self.asked: object = _Asked(self.abort)

    def abort(self, raise_cancel: object) -> Abort:
        """The caller was cancelled."""
        assert self.request is not None
        return self.request.abort(raise_cancel)


@enable_ki_protection
@types.coroutine
def _answer_to(request: Request) -> Generator[object, outcome.Outcome[Any], Any]:
    try:
        wait = _spare.pop()
    except IndexError:
        wait = Wait()
    wait.request = request
    woken = yield wait.asked
    wait.request = None
    if len(_spare) < SPARE:
        _spare.append(wait)
    return request.result if woken is request else woken.unwrap()


def _usual_answer_to(request: Request) -> Awaitable[Any]:
    return wait_task_rescheduled(request.abort)  # noqa: ASYNC105 - by who calls


answer_to = _usual_answer_to if _Asked is None else _answer_to
"""Wait for the answer to a request that is in line; to be awaited. A checkpoint.

As `wait_task_rescheduled`, without the coroutine of that, without a function that gives
the answer out, and with a request to Trio that was made before.
"""


async def answer_in_time(request: Request) -> Any:
    """As `answer_to`, for a request that an alarm clock has, and may have for long."""
    try:
        return await answer_to(request)
    finally:
        request.forget()

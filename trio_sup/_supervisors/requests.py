"""Requests to a static supervisor, and what their callers are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from trio_sup._core.errors import SupervisorStopping
from trio_sup._trio.wake import Waiters

if TYPE_CHECKING:
    from trio_sup._children.record import Record


class Request:
    """One request in the queue; its caller is answered exactly once."""

    __slots__ = (
        "_done",
        "_error",
        "_result",
        "_waiters",
        "path",
        "perform",
        "record",
        "withdrawn",
    )

    def __init__(
        self, path: str, perform: Callable[[], Awaitable[Any]], record: Record | None
    ) -> None:
        self.path = path  # the supervisor's
        self.perform = perform
        self.record = record
        self.withdrawn = False
        self._done = False
        self._result: Any = None
        self._error: Exception | None = None
        self._waiters = Waiters()

    async def serve(self) -> None:
        """Do what was asked, unless it was taken back, and answer."""
        if self.record is not None:
            self.record.pending -= 1
        if self.withdrawn:
            return
        failed: Exception | None = None
        result: object = None
        try:
            result = await self.perform()
        except Exception as error:  # noqa: BLE001 - the answer
            failed = error
        except BaseException:
            # Fatal, such as what a key's hash raised: the supervisor ends.
            self.refuse(SupervisorStopping(self.path))
            raise
        if failed is not None:
            self.refuse(failed)
        else:
            self.answer(result)
        del failed

    async def wait(self) -> Any:
        """Wait for the answer."""
        while not self._done:
            await self._waiters.wait()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self._result

    def answer(self, result: object) -> None:
        """Let the caller have its result."""
        self._result = result
        self._done = True
        self._waiters.wake()

    def refuse(self, error: Exception) -> None:
        """Let the caller have an error."""
        self._error = error
        self._done = True
        self._waiters.wake()

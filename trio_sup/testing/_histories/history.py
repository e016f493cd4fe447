"""Records calls while they happen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, ParamSpec, TypeVar

import trio

from trio_sup._core.errors import MailboxFull, NoProcess, ServerExit
from trio_sup._servers.asking import Asking
from trio_sup._servers.callbacks import ServerBase
from trio_sup._servers.operations import Call
from trio_sup.testing._histories.operation import RESTARTED, Operation

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=ServerBase)

_NEVER_BEGUN = (NoProcess, MailboxFull)
"""Whoever gets these knows that his call was not executed."""
_UNKNOWN = (ServerExit, trio.TooSlowError, trio.Cancelled, KeyboardInterrupt)
"""Whoever gets these knows nothing: it may have happened, or may still."""


class History:
    """Calls in the order of time: who called what, when, and what came of it.

    Give each client that calls one after the other a name of its own, or none: then
    each task is a client.
    """

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.place: Callable[[], int] = lambda: 0
        # How many events of the tree there had been at each time.
        self._places: list[int] = []
        self._names: dict[object, str] = {}

    def of(self, ref: Asking[S], client: str | None = None) -> Recorded[S]:
        """Return a reference to a server whose calls are recorded.

        Args:
            ref: The server, or a view of it.
            client: Who calls; by default the task.
        """
        return Recorded(self, ref, client)

    async def call(
        self,
        function: Callable[P, Awaitable[R]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Call an async function of yours and record that under its name."""
        name = getattr(function, "__name__", "call")
        result: R = await self.record(name, function, args, kwargs, None)
        return result

    async def record(
        self,
        name: str,
        function: Callable[..., Awaitable[Any]],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        client: str | None,
        given: tuple[Any, ...] = (),
    ) -> Any:
        """Call a function and record that.

        Args:
            name: What the specification calls it.
            function: What to call.
            args: The arguments that count.
            kwargs: And those by name.
            client: Who calls; by default the task.
            given: Arguments before these, that do not count.
        """
        called = self._now()
        client = client or self._task_name()

        def note(**outcome: Any) -> None:
            self.operations.append(
                Operation(
                    client=client,
                    name=name,
                    args=args,
                    kwargs=dict(kwargs),
                    called=called,
                    **outcome,
                )
            )

        try:
            result = await function(*given, *args, **kwargs)
        except _NEVER_BEGUN:
            raise
        except _UNKNOWN:
            note()
            raise
        except Exception as error:
            note(returned=self._now(), error=type(error).__name__)
            raise
        note(returned=self._now(), result=result)
        return result

    def _now(self) -> float:
        self._places.append(self.place())
        return float(len(self._places))

    def _task_name(self) -> str:
        task = trio.lowlevel.current_task()
        return self._names.setdefault(task, f"client {len(self._names) + 1}")

    def with_restarts(self, lives: list[tuple[int, int]]) -> list[Operation]:
        """Return the operations, with one for each crash and the new life after it.

        Args:
            lives: For each, how many events there had been before it crashed, and
                before it was ready again.
        """
        added = [
            Operation(
                client="(server)",
                name=RESTARTED,
                called=self._after(crashed) + 0.25,
                returned=self._after(ready) + 0.5,
            )
            for crashed, ready in lives
        ]
        return [*self.operations, *added]

    def _after(self, events: int) -> float:
        """Return the last time at which there had been at most so many events."""
        return float(sum(place <= events for place in self._places))


class Recorded(Generic[S]):
    """A reference to a server whose calls go into a history."""

    def __init__(self, history: History, ref: Asking[S], client: str | None) -> None:
        self._history = history
        self._ref = ref
        self._client = client

    async def call(self, op: Call[S, P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the server; see `ServerRef.call`."""
        name = op.name
        result: R = await self._history.record(
            name, self._ref.call, args, kwargs, self._client, (op,)
        )
        return result

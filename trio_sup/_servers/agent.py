"""Agent: a server that holds one value (checklist AG-001..008)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from trio_sup._servers.genserver import GenServer
from trio_sup._servers.operations import call, cast as cast_operation

if TYPE_CHECKING:
    from trio_sup._servers.ref import ServerRef

T = TypeVar("T")
# For the static methods: those of a class that is not parametrised are called.
V = TypeVar("V")
R = TypeVar("R")


class Agent(GenServer, Generic[T]):
    """A value behind a server: ``child(Agent[int], lambda: 0)``.

    The functions run one at a time inside the agent, in the order in which they were
    sent; they are plain functions, and should be quick. One that raises crashes the
    agent, as in OTP: the caller gets `ServerExit` with the error as its cause, and
    the next life starts from `start` again. Errors and deadlines are those of
    `ServerRef.call`.

    Args:
        start: Makes the value, in each life, inside the agent.
    """

    def __init__(self, start: Callable[[], T]) -> None:
        self._start = start

    async def init(self) -> None:
        """Make the value."""
        self.value: T = self._start()

    @staticmethod
    async def get(agent: ServerRef[Agent[V]], fn: Callable[[V], R]) -> R:
        """Return ``fn(value)``."""
        result: R = await agent.call(Agent[Any].run_get, fn)
        return result

    @staticmethod
    async def update(agent: ServerRef[Agent[V]], fn: Callable[[V], V]) -> None:
        """Put ``fn(value)`` in the place of the value, and wait for that."""
        await agent.call(Agent[Any].run_update, fn)

    @staticmethod
    async def get_and_update(
        agent: ServerRef[Agent[V]], fn: Callable[[V], tuple[R, V]]
    ) -> R:
        """Let `fn` return an answer and a new value; return the answer.

        Anything but a pair crashes the agent. (AG-003)
        """
        result: R = await agent.call(Agent[Any].run_get_and_update, fn)
        return result

    @staticmethod
    def cast(agent: ServerRef[Agent[V]], fn: Callable[[V], V]) -> None:
        """As `update`, without waiting. No checkpoint."""
        agent.cast(Agent[Any].run_cast, fn)

    # The operations behind these.

    @call
    async def run_get(self, fn: Callable[[T], Any]) -> Any:
        """For `get`."""
        return fn(self.value)

    @call
    async def run_update(self, fn: Callable[[T], T]) -> None:
        """For `update`."""
        self.value = fn(self.value)

    @call
    async def run_get_and_update(self, fn: Callable[[T], object]) -> Any:
        """For `get_and_update`."""
        pair = fn(self.value)
        if isinstance(pair, tuple):
            answer, *new = cast("Iterable[Any]", pair) or (None,)
            if len(new) == 1:
                self.value = new[0]
                return answer
        raise TypeError(
            "get_and_update needs a function that returns (answer, new value), "
            f"not {pair!r:.200}"
        )

    @cast_operation
    async def run_cast(self, fn: Callable[[T], T]) -> None:
        """For `cast`."""
        self.value = fn(self.value)

"""A task beside a block, that does not change what the block raises."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Generic, TypeVarTuple

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._core.exits import is_group, leaves, members_of
from trio_sup._trio.scopes import close_scope

Ts = TypeVarTuple("Ts")


class Beside(Generic[*Ts]):
    """Run a task beside the block, to its very end; an async context manager.

    A cancellation from outside starts the stop of the tree; what serves the tree
    must not go before it, so the task is shielded and ended by us.

    What the block raises comes out as the very same object, as if there were no
    nursery. What the task raises cancels the block and comes out bare, too; both at
    once make one group, in which a cancellation has no place.
    """

    def __init__(self, task: Callable[[*Ts], Awaitable[object]], *args: *Ts) -> None:
        self._task = task
        self._args = args
        self._manager: Any = None
        self._shield = trio.CancelScope(shield=True)
        self._body = trio.CancelScope()
        self._failure: BaseException | None = None

    async def _run(self) -> None:
        try:
            with self._shield:
                await self._task(*self._args)
        except BaseException as error:  # noqa: BLE001 - raised at the block's end
            self._failure = error
            self._body.cancel(f"{type(error).__name__} beside the block")

    @enable_ki_protection
    async def __aenter__(self) -> None:
        self._manager = trio.open_nursery()
        nursery: trio.Nursery = await self._manager.__aenter__()
        nursery.start_soon(self._run)
        self._body.__enter__()

    @enable_ki_protection
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        left = close_scope(self._body, error)
        self._shield.cancel("the block has ended")
        came: BaseException | None = None
        try:
            await self._manager.__aexit__(None, None, None)
        except BaseException as interrupt:  # noqa: BLE001 - raised below
            came = bare(interrupt)
        failure, self._failure = self._failure, None
        final = _join(left, came, None if failure is None else bare(failure))
        try:
            if final is None or final is error:
                return final is None
            raise final
        finally:
            # Break the cycle error -> traceback -> this frame -> error.
            del error, left, came, failure, final


def _join(*came: BaseException | None) -> BaseException | None:
    errors = [error for error in came if error is not None]
    if len(errors) > 1:
        errors = [error for error in errors if not _is_cancelled(error)] or errors[:1]
    if len(errors) > 1:
        return BaseExceptionGroup("the block and what served it both failed", errors)
    return errors[0] if errors else None


def _is_cancelled(error: BaseException) -> bool:
    return all(isinstance(leaf, trio.Cancelled) for leaf in leaves(error))


def bare(error: BaseException) -> BaseException:
    """Return the only exception of a (nested) group; of others, the group."""
    found = error
    while is_group(found):
        members = members_of(found)
        if members is None or len(members) != 1:
            return error
        found = members[0]
    return found

"""Locks for keys: the part of `Registry` that has nothing to do with names."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Hashable, Iterator

import trio
from trio.lowlevel import Task, enable_ki_protection

from trio_sup._trio.blocks import async_block


class Locks:
    """One lock a key, for as long as somebody holds it or waits for it.

    Args:
        check: Called first; raises if a lock must not be taken from here.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self._check_lock = check
        self._locks: dict[Hashable, _KeyLock] = {}

    @async_block
    @enable_ki_protection
    async def lock(self, key: Hashable) -> AsyncGenerator[None]:
        """Hold a lock for a key: ``async with registry.lock(key): ...``.

        One task at a time for each key, in order of arrival; other keys are not
        concerned, and neither are names: locks are a name space of their own. Free
        again when the block is left in whatever way; a cancelled waiter is skipped.
        A checkpoint. (REG-036..038)

        Raises:
            RuntimeError: the present task holds it already.
            WrongRun: another Trio run uses this registry.
        """
        self._check_lock()
        holder = self._locks.setdefault(key, _KeyLock())
        holder.users += 1
        try:
            async with holder.lock:
                yield
        finally:
            holder.users -= 1
            if not holder.users:
                del self._locks[key]

    def observed_locks(self) -> Iterator[tuple[Hashable, Task | None, int]]:
        """Which keys are locked, by whom, and how many wait; for the inspector."""
        for key, holder in list(self._locks.items()):
            facts = holder.lock.statistics()
            yield key, facts.owner, facts.tasks_waiting


class _KeyLock:
    """The lock of one key, and how many tasks hold it or wait for it."""

    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = trio.Lock()
        self.users = 0

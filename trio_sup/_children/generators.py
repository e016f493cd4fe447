"""Async generators that a life leaves behind, unfinished.

Python cannot end an async generator where it is forgotten: Trio does that later, in a
task of its own and cancelled, perhaps beside the next life. So a life would overlap
with its successor, and nobody would see it. Here somebody does, and says so in the log.

Trio's own hooks go on to do their work. They are wrapped for one run only: when it
ends, Trio restores what was there before it.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, TypeAlias

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.current import current_record
from trio_sup._trio.log import Log
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._children.surroundings import HostNode

_log = Log("trio_sup")

Generator: TypeAlias = AsyncGenerator[Any, Any]
Mark: TypeAlias = tuple[str, int]
"""The path of the child, and the life, in which a generator took its first step."""


@protected
class Generators:
    """The async generators of one run that children began and did not finish."""

    def __init__(self, node: HostNode[Record]) -> None:
        self._node = node
        # What each child's present life began and did not finish, by the generator's
        # number: one that is being collected cannot be found otherwise. Mostly empty.
        self.begun: dict[Record, dict[int, tuple[Mark, weakref.ref[Generator]]]] = {}
        # Those whose end has begun, until the next one begins: Python clears weak
        # references before it asks the finaliser.
        self._ending: dict[int, Mark] = {}
        # Unpacked: the collector does not see into what Python returns here, and so
        # would never find the cycle from here over Trio's hooks to this very run.
        self._first_before, self._final_before = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(self._first_step, self._finalise)

    @property
    def remembered(self) -> int:
        """How many there are that may still be left behind."""
        return sum(map(len, self.begun.values())) + len(self._ending)

    def _first_step(self, made: Generator) -> None:
        before = self._first_before
        if before is not None:
            before(made)
        record = current_record.get()
        if record is None or record.node is not self._node or not record.alive:
            return
        self._ending.clear()
        number, begun = id(made), self.begun.setdefault(record, {})

        @enable_ki_protection
        def gone(_: object) -> None:
            entry = begun.pop(number, None)
            if entry is not None:
                self._ending[number] = entry[0]

        begun[number] = (record.path_text, record.life), weakref.ref(made, gone)

    def _finalise(self, made: Generator) -> None:
        # Python asks only for those that are not finished. Called by the collector,
        # anywhere: the log is written in a task.
        mark = self._ending.pop(id(made), None)
        if mark is not None:
            self._tell_soon(mark, _name_of(made))
        before = self._final_before
        if before is not None:
            before(made)

    def life_over(self, record: Record) -> None:
        """A life has ended: report what it began and somebody still holds."""
        begun = self.begun.pop(record, None)
        if begun is None:
            return
        for mark, ref in [begun.pop(number) for number in list(begun)]:
            made = ref()
            if made is not None and getattr(made, "ag_frame", None) is not None:
                self._tell_soon(mark, _name_of(made))

    def _tell_soon(self, mark: Mark, name: str) -> None:
        try:
            self._node.home.token.run_sync_soon(_tell, *mark, name)
        except trio.RunFinishedError:
            pass


def _name_of(made: Generator) -> str:
    name: str = getattr(made, "__qualname__", type(made).__qualname__)
    return name


def _tell(path: str, life: int, name: str) -> None:
    _log.warning(
        "child %s, life %d, left the async generator %s unfinished: its clean-up runs "
        "later, cancelled, perhaps beside the next life; use `async with "
        "contextlib.aclosing(...)`",
        path,
        life,
        name,
    )

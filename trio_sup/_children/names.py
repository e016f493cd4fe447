"""The names of children as the shells see them: reserved, shown, hidden, released.

`Registry` is this plus what users call.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from threading import Lock
from typing import TYPE_CHECKING

from trio_sup._children.refusals import AlreadyRegistered
from trio_sup._core.name_tables import DuplicateTable, Entry, Table, UniqueTable
from trio_sup._trio.home import Home, present_home
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Waiters

if TYPE_CHECKING:
    from trio.lowlevel import Task

    from trio_sup._children.record import Record


_moving = Lock()


@protected
class Names:
    """A table of names, with those who wait for one.

    Everything here is synchronous and runs no user code.
    """

    def __init__(self, *, unique: bool, name: str) -> None:
        self.name = name
        # Invariant: the same table as `_table` if keys are unique, else None.
        self._unique: UniqueTable[Record] | None = None
        self._table: Table[Record]
        # What is in that table, for look-ups.
        self._by_key: Mapping[Hashable, Entry[Record]] | None = None
        if unique:
            self._table = self._unique = UniqueTable()
            self._by_key = self._unique.by_key
        else:
            self._table = DuplicateTable()
        self._waiters: dict[Hashable, Waiters] = {}
        # The Trio run that uses it: the first that does, until that has ended.
        self._home: Home | None = None

    def enter(self, call: str, *, waits: bool = False) -> None:
        """Refuse a change from elsewhere; the first that comes decides where that is.

        Raises:
            WrongRun: another Trio run uses it; nothing has changed.
        """
        home = self._home
        if home is None or not home.here():
            self._move(call, waits=waits)

    def _move(self, call: str, *, waits: bool) -> None:
        with _moving:
            home = self._home
            if home is not None and not home.over:
                raise home.refusal(f"registry.{call}", self.name, waits=waits)
            # Outside of a run it belongs to nobody: it has no holders then.
            self._home = present_home()

    def holder(self, key: Hashable) -> Record | None:
        """The child that a unique key belongs to, running or not."""
        entry = self._only_unique("holder").get(key)
        return None if entry is None else entry.owner

    def reserve(self, key: Hashable, record: Record, value: object) -> None:
        """Take a name for a child's life that is about to start.

        Raises:
            AlreadyRegistered: another child holds it, or it is reserved for one.
            WrongRun: another Trio run uses this registry.
        """
        self.enter("via")
        table = self._only_unique("via")
        # By its owner, if it has it already: the key may have changed its hash.
        entry = table.reserved_by(record) or table.get(key)
        if entry is None:
            entry = table.add(key, record, value)
            assert entry is not None
        elif entry.owner is not record:
            raise AlreadyRegistered(key, entry.owner.handle)
        entry.value = value
        entry.reserved = True

    def show(self, record: Record) -> None:
        """The child is ready: look-ups find it from now on."""
        entry = self._table.reserved_by(record)
        if entry is not None:
            self._show(entry)

    def hide(self, record: Record) -> None:
        """The child's life has ended; the name stays reserved for the next."""
        entry = self._table.reserved_by(record)
        if entry is not None and self._table.hide(entry):
            self._went(entry)

    def release(self, record: Record) -> None:
        """Free a reserved name."""
        entry = self._table.reserved_by(record)
        if entry is not None:
            self._remove(entry)

    def release_life(self, record: Record) -> None:
        """Free the names that one life registered for itself, all of them.

        What the hash of a key raises beside an `Exception` is raised in the end.
        """
        fatal: BaseException | None = None
        for entry in self._table.of(record):
            if not entry.reserved:
                try:
                    self._remove(entry)
                except BaseException as error:  # noqa: BLE001 - raised at the end
                    fatal = error
        if fatal is not None:
            raise fatal

    @property
    def home(self) -> Home | None:
        """The Trio run that uses it, None before the first; for the inspector."""
        return self._home

    @property
    def unique(self) -> bool:
        """Whether a key has one holder at most; for the inspector."""
        return self._unique is not None

    def observed_names(self) -> Iterator[Entry[Record]]:
        """All entries at this moment, reserved ones too; for the inspector."""
        return iter(self._table)

    def observed_at(self, key: Hashable) -> int:
        """How many hold a key, running or not; for the inspector."""
        return len(self._table.at(key))

    def observed_waiters(self) -> Iterator[tuple[Hashable, Task]]:
        """Who waits for which key; for the inspector."""
        for key, waiters in list(self._waiters.items()):
            for task in waiters.tasks():
                yield key, task

    def _check_run(self, call: str) -> None:
        if self._home is not None:
            self._home.check_if_going(f"registry.{call}", self.name)

    def _only_unique(self, what: str) -> UniqueTable[Record]:
        if self._unique is None:
            raise ValueError(
                f"{what}() needs unique keys; {self.name!r} has duplicate keys: "
                "see entries(), dispatch() and publish()"
            )
        return self._unique

    def _show(self, entry: Entry[Record]) -> None:
        if not self._table.show(entry):
            return
        if self._waiters:
            self._wake_for(entry)
        self._came(entry)

    def _wake_for(self, entry: Entry[Record]) -> None:
        """Wake those who wait for a key; each looks again whether it is there."""
        try:
            waiters = self._waiters.get(entry.key)
        except Exception:  # noqa: BLE001 - the user's __hash__ or __eq__
            for waiters in self._waiters.values():
                waiters.wake()
        else:
            if waiters is not None:
                waiters.wake()

    def _remove(self, entry: Entry[Record]) -> None:
        was_live = entry.live
        try:
            self._table.remove(entry)
        finally:
            if was_live:
                self._went(entry)

    # For those who listen; a table of its own has none.

    def _came(self, entry: Entry[Record]) -> None:
        """An entry can be looked up from now on."""

    def _went(self, entry: Entry[Record]) -> None:
        """An entry can no longer be looked up."""

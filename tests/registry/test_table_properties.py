"""The tables of a registry against the simplest thing that could be right."""

from attrs import define
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from trio_sup._core.name_tables import DuplicateTable, Entry, Table, UniqueTable

keys = st.sampled_from(["a", "b", ("a", 1), 1, None])
owners = st.sampled_from(["x", "y", "z"])


@define(eq=False)
class Row:
    key: object
    owner: str
    value: object
    entry: Entry[str]
    live: bool = False


class TableMachine(RuleBasedStateMachine):
    """The model is a list of rows in registration order."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []

    @initialize(unique=st.booleans())
    def choose(self, unique: bool) -> None:
        self.unique = unique
        self.table: Table[str] = UniqueTable() if unique else DuplicateTable()

    @rule(key=keys, owner=owners, value=st.integers())
    def add(self, key: object, owner: str, value: int) -> None:
        taken = self.unique and any(row.key == key for row in self.rows)
        entry = self.table.add(key, owner, value)
        assert (entry is None) == taken
        if entry is not None:
            assert (entry.key, entry.owner, entry.value) == (key, owner, value)
            assert not entry.live
            self.rows.append(Row(key, owner, value, entry))

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def show(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.rows))
        assert self.table.show(row.entry) is not row.live
        row.live = True

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def hide(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.rows))
        assert self.table.hide(row.entry) is row.live
        row.live = False

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.rows))
        self.table.remove(row.entry)
        self.rows.remove(row)
        assert not row.entry.live

    @rule(owner=owners)
    def end_of_an_owner(self, owner: str) -> None:
        for entry in self.table.of(owner):
            self.table.remove(entry)
        self.rows = [row for row in self.rows if row.owner != owner]

    @invariant()
    def agrees_with_the_model(self) -> None:
        if not hasattr(self, "table"):
            return
        table, rows = self.table, self.rows
        assert table.live == sum(row.live for row in rows)
        assert set(table) == {row.entry for row in rows}
        for key in ("a", "b", ("a", 1), 1, True, 1.0, None, "absent"):
            of_key = [row.entry for row in rows if row.key == key]
            assert list(table.at(key)) == of_key
        for owner in "xyz":
            assert table.of(owner) == [r.entry for r in rows if r.owner == owner]
        # Nothing is left behind by what was removed (REG-007, 025).
        assert set(table._by_owner) == {row.owner for row in rows}
        unique = isinstance(table, UniqueTable)
        by_key = table.by_key if unique else table._by_key  # type: ignore[attr-defined]
        assert set(by_key) == {row.key for row in rows}


TestTables = TableMachine.TestCase

"""The tables of names, step by step."""

from __future__ import annotations

import pytest

from trio_sup._core.name_tables import DuplicateTable, Entry, Table, UniqueTable

Tables = [UniqueTable, DuplicateTable]


def added(table: Table[str], key: str, owner: str, value: object = None) -> Entry[str]:
    entry = table.add(key, owner, value)
    assert entry is not None
    return entry


@pytest.mark.parametrize("kind", Tables)
def test_a_new_entry_is_neither_live_nor_reserved(kind: type[Table[str]]) -> None:
    table = kind()
    entry = added(table, "k", "ann", 5)
    assert (entry.key, entry.owner, entry.value) == ("k", "ann", 5)
    assert entry.live is False
    assert entry.reserved is False
    assert table.live == 0
    assert list(table.at("k")) == [entry]
    assert list(table) == [entry]


@pytest.mark.parametrize("kind", Tables)
def test_live_entries_are_counted_once(kind: type[Table[str]]) -> None:
    table = kind()
    one, two = added(table, "k", "ann"), added(table, "l", "bob")
    assert [table.show(one), table.show(one), table.show(two)] == [True, False, True]
    assert table.live == 2
    assert one.live is True
    assert [table.hide(one), table.hide(one)] == [True, False]
    assert one.live is False
    assert table.live == 1
    table.remove(two)
    assert two.live is False
    table.remove(one)
    assert table.live == 0
    assert list(table) == []


@pytest.mark.parametrize("kind", Tables)
def test_an_owner_finds_its_entries_in_order_until_they_are_removed(
    kind: type[Table[str]],
) -> None:
    table = kind()
    entries = [added(table, key, "ann") for key in "klm"]
    other = added(table, "n", "bob")
    assert table.of("ann") == entries
    assert table.of("bob") == [other]
    assert table.of("eve") == []
    table.remove(entries[1])
    assert table.of("ann") == [entries[0], entries[2]]
    table.remove(entries[0])
    assert table.of("ann") == [entries[2]]
    table.remove(entries[2])
    assert table.of("ann") == []
    again = added(table, "k", "ann")
    assert table.of("ann") == [again]
    table.remove(other)
    assert table.of("bob") == []
    # Nothing is kept of those who have nothing (REG-025).
    assert list(table._by_owner) == ["ann"]


def test_a_unique_key_has_one_entry() -> None:
    table: UniqueTable[str] = UniqueTable()
    first = added(table, "k", "ann", 1)
    assert table.add("k", "bob", 2) is None
    assert table.add("k", "ann", 3) is None
    assert table.of("bob") == []
    assert table.of("ann") == [first]
    assert table.get("k") is first
    assert first.value == 1
    assert list(table.at("k")) == [first]
    assert list(table.at("l")) == []
    assert table.get("l") is None
    table.remove(first)
    assert table.get("k") is None
    assert added(table, "k", "bob").owner == "bob"


def test_a_shared_key_has_many_of_one_owner_too_reg_010() -> None:
    table: DuplicateTable[str] = DuplicateTable()
    one, two = added(table, "k", "ann", 1), added(table, "k", "ann", 1)
    three = added(table, "k", "bob", 2)
    elsewhere = added(table, "l", "ann", 3)
    assert list(table.at("k")) == [one, two, three]
    assert table.of("ann") == [one, two, elsewhere]
    assert list(table) == [one, two, three, elsewhere]
    assert [entry.value for entry in table] == [1, 1, 2, 3]
    table.remove(two)
    assert list(table.at("k")) == [one, three]
    table.remove(one)
    table.remove(three)
    assert list(table.at("k")) == []
    assert list(table._by_key) == ["l"]
    assert list(table.at("m")) == []


@pytest.mark.parametrize("kind", Tables)
def test_a_table_may_change_while_it_is_read(kind: type[Table[str]]) -> None:
    table = kind()
    entries = [added(table, key, "ann") for key in "kl"]
    for entry in table:
        table.remove(entry)
    assert list(table) == []
    assert len(entries) == 2

"""The client's tree model against a brute-force reading of the same rows."""

from attrs import evolve
from hypothesis import given, strategies as st

from tests.inspector.rows import make_row, server, supervisor
from trio_sup.inspect.model.tree_model import (
    ROOT,
    Totals,
    TreeModel,
    snapshot,
    totals_of,
)
from trio_sup.inspect.model.tree_view import Expansion, flatten, walk

STATUSES = ["running", "stopped", "backing_off", "restarting", "stuck", "quarantined"]


def brute_totals(model: TreeModel, id: int) -> Totals:
    total = Totals()
    for each in walk(model, id):
        if each != id:
            total.add(totals_of(model.rows[each]))
    return total


Script = list[tuple[str, int, int, str, int]]

changes: st.SearchStrategy[Script] = st.lists(
    st.tuples(
        st.sampled_from(["up", "up", "up", "bury", "remove"]),
        st.integers(1, 8),
        st.integers(0, 8),
        st.sampled_from(STATUSES),
        st.integers(0, 50),
    ),
    max_size=40,
)


@given(changes)
def test_totals_equal_the_sum_over_all_descendants(script: Script) -> None:
    model = TreeModel()
    for step, (what, id, parent, status, depth) in enumerate(script):
        if what == "up":
            row = server(id, parent, status=status, mailbox_len=depth, restarts=depth)
            model.upsert(row, float(step))
        elif what == "bury" and id in model.rows:
            model.bury(model.rows[id], float(step))
        elif what == "remove":
            model.remove(id)
    for id in [ROOT, *model.rows]:
        if id != ROOT or not any(map(model.orphaned, model.rows)):
            assert model.totals(id) == brute_totals(model, id)
    depths = {id: totals_of(row).mailbox for id, row in model.rows.items()}
    assert model.waiting == {id: depth for id, depth in depths.items() if depth}


@given(changes)
def test_every_row_has_exactly_one_line_when_all_is_unfolded(script: Script) -> None:
    model = TreeModel()
    for _, id, parent, status, _ in script:
        model.upsert(make_row(id, parent, status=status))
    lines = flatten(model, Expansion())
    assert sorted(line.id for line in lines) == sorted(model.rows)


def test_rows_changed_in_place_are_counted_once_upserted() -> None:
    model = snapshot([supervisor(1), row := server(2, 1)])
    row.mailbox_len = 7
    row.restarts = 2
    model.upsert(row)
    assert model.totals(1) == Totals(rows=1, restarts=2, mailbox=7)
    assert model.totals() == Totals(rows=2, restarts=2, mailbox=7)


def test_an_orphan_hangs_at_the_root_until_its_supervisor_comes() -> None:
    model = snapshot([make_row(2, 1)])
    assert model.orphaned(2)
    assert model.children(ROOT) == [2]
    model.upsert(supervisor(1))
    assert model.children(ROOT) == [1]
    assert model.children(1) == [2]
    assert model.totals().rows == 2


def test_children_stand_in_start_order() -> None:
    model = snapshot([supervisor(1), make_row(9, 1), make_row(3, 1), make_row(5, 1)])
    assert model.children(1) == [3, 5, 9]


def test_the_dead_stay_as_last_seen_until_they_expire() -> None:
    model = snapshot([supervisor(1), row := server(2, 1, restarts=4)])
    model.bury(row, 10.0)
    assert model.rows[2].status == "gone"
    assert model.rows[2].restarts == 4
    assert model.totals(1) == Totals()
    assert not model.expire(before=10.0)
    assert model.expire(before=16.1)
    assert model.children(1) == []
    assert model.totals(1) == Totals()


def test_a_row_that_comes_back_is_not_dead() -> None:
    model = snapshot([row := server(2)])
    model.bury(row, 1.0)
    model.upsert(server(2))
    assert not model.dead
    assert not model.expire(before=100.0)


def test_a_frozen_model_keeps_what_it_saw() -> None:
    model = snapshot([row := server(2, mailbox_len=1)])
    model.freeze()
    row.mailbox_len = 99
    assert model.rows[2].mailbox_len == 1


def test_rates_come_from_two_samples_and_fade() -> None:
    model = TreeModel()
    row = server(2, handled=100, mailbox_len=4)
    model.upsert(row, 10.0)
    model.upsert(evolve(row, handled=150, mailbox_len=24), 12.0)
    assert model.handled_rate(2, 12.0) == 25.0
    assert model.growth(2, 12.0) == 10.0
    assert model.handled_rate(2, 20.0) == 0.0


def test_a_chain_of_three_thousand_supervisors_flattens() -> None:
    model = snapshot([supervisor(id, id - 1) for id in range(1, 3001)])
    assert len(flatten(model, Expansion())) == 3000


def test_a_cycle_in_the_rows_does_not_hang_the_view() -> None:
    model = snapshot([make_row(1, 2), make_row(2, 1), make_row(3, 3)])
    assert len(flatten(model, Expansion())) == 3


def test_a_crowd_starts_folded_and_a_choice_outlives_the_rows() -> None:
    rows = [supervisor(1, path="shop"), *(make_row(id, 1) for id in range(2, 6))]
    expansion = Expansion(crowd=3)
    model = snapshot(rows)
    assert [line.id for line in flatten(model, expansion)] == [1]
    expansion.set_open(model, 1, True)
    again = snapshot(
        [evolve(row, id=row.id + 50, parent=row.parent and 51) for row in rows]
    )
    assert len(flatten(again, expansion)) == 5


def test_matches_keep_their_supervisors_dimmed() -> None:
    model = snapshot([supervisor(1), supervisor(2, 1), make_row(3, 2), make_row(4, 1)])
    lines = flatten(model, Expansion(), matches={3})
    assert [(line.id, line.dim) for line in lines] == [(1, True), (2, True), (3, False)]


def test_guides_say_where_siblings_follow() -> None:
    model = snapshot(
        [supervisor(1), supervisor(2, 1), make_row(3, 2), make_row(4, 1)],
    )
    assert [(line.guides, line.last) for line in flatten(model, Expansion())] == [
        ("", True),
        (" ", False),
        (" |", True),
        (" ", True),
    ]

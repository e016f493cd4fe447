"""What is not written anew at each look says the same as what is."""

import asyncio

from attrs import evolve
from hypothesis import given, strategies as st
from textual.widget import Widget

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import open_rig
from tests.inspector.rows import server
from tests.inspector.shop import shop_rows
from trio_sup.inspect.client.store import Store
from trio_sup.inspect.model.tree_model import TreeModel
from trio_sup.inspect.model.tree_view import Line
from trio_sup.inspect.protocol.wire import Delta, Row, Vol
from trio_sup_inspector.lines.cells import Cells
from trio_sup_inspector.lines.columns import Layout, all_columns, lay_out_chosen
from trio_sup_inspector.lines.memo import MOST, Memo
from trio_sup_inspector.lines.rows import Scene, list_cells, tree_cells

LINE = Line(1, "| ", False, False)
LAYOUT = lay_out_chosen("tree", tuple(all_columns("tree")), 200)
NARROW = lay_out_chosen("tree", ("up",), 60)


def write(row: Row, layout: Layout, scene: Scene) -> Cells:
    return tree_cells(row, LINE, layout, scene)


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 40.0),
            st.booleans(),
            st.sampled_from(["running", "backing_off", "stuck", "stopped"]),
            st.sampled_from([None, "charge"]),
            st.integers(0, 20),
            st.sampled_from([LAYOUT, NARROW]),
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_a_line_that_is_kept_says_what_one_that_is_written_anew_would(
    looks: list[tuple[float, bool, str, str | None, int, Layout]], plain: bool
) -> None:
    memo, model, now = Memo(), TreeModel(), 100.0
    row = server(1, began=95.0)
    model.upsert(row, now)
    for passed, changed, status, op, length, layout in looks:
        now += passed
        if changed:
            row.status, row.op, row.mailbox_len = status, op, length
            row.handled = (row.handled or 0) + length
            row.op_since = None if op is None else now - length
            row.rev += 1
            model.upsert(row, now)
        scene = Scene(model, now, now, plain)
        kept = memo.line(row, (LINE,), layout, scene, write)
        assert kept == write(row, layout, scene)


def test_a_line_of_which_nothing_is_new_is_the_very_same() -> None:
    memo, row = Memo(), server(1, began=0.0)
    scenes = [Scene(TreeModel(), now, now, False) for now in (100.0, 100.2, 101.2)]
    first, second, third = (
        memo.line(row, (), LAYOUT, each, list_cells) for each in scenes
    )
    assert first is second
    assert first != third


def test_of_a_long_list_that_is_scrolled_through_a_few_lines_are_kept() -> None:
    memo, scene = Memo(), Scene(TreeModel(), 100.0, 100.0, False)
    for id in range(1, 3 * MOST):
        memo.line(server(id), (), NARROW, scene, list_cells)
    assert len(memo) <= MOST


def test_a_look_at_which_nothing_is_new_paints_nothing() -> None:
    async def story() -> None:
        node = FakeNode(shop_rows())
        async with open_rig(node, size=(160, 40)) as rig:
            await rig.paint()
            rig.app.tick()
            main = rig.main
            dirty = [
                widget
                for widget in main.walk_children(Widget, with_self=True)
                if widget._repaint_required  # pyright: ignore[reportPrivateUsage]
            ]
            assert dirty == []

    asyncio.run(story())


counts = st.none() | st.integers(0, 9)


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from("ugv"), counts, counts),
        max_size=30,
    )
)
def test_the_sums_of_a_node_are_those_of_its_rows(
    said: list[tuple[int, str, int | None, int | None]],
) -> None:
    store = Store()
    store.begin_snapshot()
    store.stage([server(id, mailbox_len=id) for id in (1, 2)])
    store.end_snapshot(0.0)
    for n, (id, what, length, handled) in enumerate(said):
        row = server(id, mailbox_len=length, handled=handled)
        vol = Vol(id, length, length, handled, None, None, None)
        delta = Delta(n + 1, n, 1.0)
        if what == "u":
            delta = evolve(delta, up=[row])
        elif what == "v":
            delta = evolve(delta, vol=[vol])
        else:
            delta = evolve(delta, gone=[id])
        before = store.traffic.handled
        store.apply(delta)
        waiting = sum(row.mailbox_len or 0 for row in store.rows.values())
        assert store.traffic.waiting == waiting
        assert store.traffic.handled >= before
    store.new_epoch()
    assert store.traffic.handled == 0

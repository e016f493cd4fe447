"""Short numbers, orders and the plain tree."""

import pytest
from hypothesis import given, strategies as st

from tests.inspector.rows import make_row, server, supervisor
from trio_sup.inspect.model.order import BY_ID, arrange
from trio_sup.inspect.model.query import parse_query
from trio_sup.inspect.model.tree_model import TreeModel, snapshot
from trio_sup.inspect.text import show
from trio_sup.inspect.text.tree_text import tree_lines
from trio_sup_inspector.lines.cells import Cells, cells_width, changed_span, width_of
from trio_sup_inspector.lines.columns import TREE_COLUMNS
from trio_sup_inspector.widgets.paint import merge


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0ms"),
        (0.82, "820ms"),
        (0.9999, "1.0s"),
        (4.24, "4.2s"),
        (9.97, "10s"),
        (59.7, "1m00s"),
        (725, "12m05s"),
        (11_520, "3h12m"),
        (792_000, "9d04h"),
    ],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert show.duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (9999, "9999"), (12_400, "12.4k"), (999_400, "999k"), (999_600, "1.0M")],
)
def test_numbers_are_short(number: int, text: str) -> None:
    assert show.count(number) == text


@given(st.floats(0, 2), st.integers(1, 12), st.booleans())
def test_a_bar_fills_its_cells_and_shows_the_smallest_load(
    share: float, cells: int, plain: bool
) -> None:
    bar = show.bar(share, cells, plain=plain)
    assert len(bar) == cells
    assert (bar.strip() == "") == (share == 0)
    if share >= 1:
        assert bar == ("#" if plain else "█") * cells


def test_every_glyph_is_one_cell_and_has_an_own_ascii_stand_in() -> None:
    from rich.cells import cell_len

    looks = show.LOOKS.values()
    assert all(cell_len(each.glyph) == 1 for each in looks)
    assert all(each.ascii.isascii() and len(each.ascii) == 1 for each in looks)
    assert len({each.ascii for each in looks}) == len(looks)


def test_a_label_cannot_move_the_cursor() -> None:
    assert show.clean("a\x1b[2Jb\nc") == "a·[2Jb·c"


ROWS = [
    server(1, path="a", mailbox_len=3, handled=10),
    server(2, path="b", mailbox_len=30, handled=5),
    make_row(3, path="c"),
    server(4, path="d", mailbox_len=3, handled=90),
]


@pytest.mark.parametrize(
    ("order", "reverse", "ids"),
    [
        ("mailbox", False, [2, 1, 4, 3]),
        ("mailbox", True, [1, 4, 2, 3]),
        ("handled", False, [4, 1, 2, 3]),
        ("path", False, [1, 2, 3, 4]),
        ("path", True, [4, 3, 2, 1]),
        ("growth", False, [1, 2, 3, 4]),
    ],
)
def test_orders_are_stable_and_put_the_unmeasured_last(
    order: str, reverse: bool, ids: list[int]
) -> None:
    model = snapshot(ROWS)
    full = arrange(model, model.rows, BY_ID[order], now=0.0, clock=0.0, reverse=reverse)
    assert full == ids
    top = arrange(
        model, model.rows, BY_ID[order], now=0.0, clock=0.0, reverse=reverse, first=2
    )
    assert top[:2] == ids[:2]
    assert sorted(top) == sorted(ids)


def shop() -> TreeModel:
    return snapshot(
        [
            supervisor(1, label="shop", path="shop", target="rest_for_one"),
            server(2, 1, "db", path="shop/db", mailbox_len=12, op="get", op_since=99.8),
            supervisor(3, 1, "boards", path="shop/boards", restarts=1, budget_used=2),
            make_row(4, 3, "7", path="shop/boards/7", status="backing_off", restarts=9),
        ]
    )


def test_the_plain_tree_has_a_line_for_each_child() -> None:
    assert list(tree_lines(shop(), now=160.0, plain=True)) == [
        "* shop       running     rest_for_one  up 1m00s",
        "* |- db      running     Board  mbox 12/1024  up 1m00s  in get 1m00s",
        "* `- boards  running     one_for_one  restarts 1 (2/3)  up 1m00s",
        "b    `- 7    backoff     work  restarts 9",
    ]


def test_a_cut_tree_sums_up_what_is_cut_off() -> None:
    lines = list(tree_lines(shop(), now=160.0, depth=2))
    assert len(lines) == 3
    assert lines[-1].endswith("▴ 1 below · 1 waiting · 9 restarts")


def test_a_filtered_tree_keeps_the_supervisors_of_matches() -> None:
    lines = list(tree_lines(shop(), now=160.0, query=parse_query("state:back")))
    assert [line.split()[1 if n == 0 else 2] for n, line in enumerate(lines)] == [
        "shop",
        "boards",
        "7",
    ]


LINE = st.lists(
    st.tuples(
        st.sampled_from(["", " ", "ab", "c ", "デ"]), st.sampled_from(["ok", "bad"])
    ),
    max_size=5,
).map(tuple)


@given(LINE, LINE)
def test_outside_the_changed_span_two_lines_are_the_same(
    old: Cells, new: Cells
) -> None:
    def spelled(cells: Cells) -> list[tuple[str, str]]:
        return [
            (char, role) for text, role in cells for char in text * width_of(text[:1])
        ]

    start, end = changed_span(old, new)
    before, after = spelled(old), spelled(new)
    longest = max(cells_width(old), cells_width(new))
    for at in [*range(start), *range(end, longest)]:
        assert before[at : at + 1] == after[at : at + 1]


@given(LINE)
def test_merged_pieces_spell_the_same_line(cells: Cells) -> None:
    merged = merge(cells)
    assert "".join(text for text, _ in merged) == "".join(text for text, _ in cells)
    seen = [(c, role) for text, role in cells for c in text if c != " "]
    assert [(c, role) for text, role in merged for c in text if c != " "] == seen


@pytest.mark.parametrize(
    ("restarts", "used", "limit", "text"),
    [
        (0, 1, 3, "0 (1/3)"),
        (0, 99, 1000, "0 (99/1k)"),
        (0, 581, 100_000, "(581/100k)"),
        (7, 581, 100_000, "(581/100k)"),
        (12, 12_345, 100_000, "12.3k/100k"),
        (4, 100, 12_300, "100/12.3k"),
        (0, 123, 1234, "(123/1234)"),
    ],
)
def test_the_limit_of_a_budget_is_readable_in_the_column(
    restarts: int, used: int, limit: int, text: str
) -> None:
    row = supervisor(1, restarts=restarts, budget_used=used, budget_max=limit)
    width = next(c.width for c in TREE_COLUMNS if c.id == "restarts")
    assert show.restarts(row, width) == text
    assert len(text) <= width
    assert show.restarts(row) == f"{restarts} ({used}/{limit})"

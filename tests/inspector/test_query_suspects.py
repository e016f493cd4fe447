"""What would be searched for as a text, and was meant as something else."""

import contextlib
import re

import pytest
from hypothesis import given, strategies as st

from tests.inspector.rows import make_row, server, supervisor
from trio_sup.inspect.model.query import QueryError, looks_like_filter, parse_query
from trio_sup.inspect.model.query_fields import ALIASES, COUNTS, NAMES, SPANS
from trio_sup.inspect.model.tree_model import TreeModel
from trio_sup.inspect.protocol.wire import Row
from trio_sup.inspect.text.columns import COLUMNS

NOW = 200.0
HALVES = st.integers(-10, 10_000_000).map(lambda number: NOW - number / 20)
"""Since when something is whose age lies in the midst of two that are printed."""
ROWS = [
    supervisor(1, path="shop", label="shop"),
    server(2, 1, path="shop/cart", mailbox_len=150, last_exit="error: a b"),
    make_row(3, 1, path="shop/main.<locals>.<lambda>", name="the post"),
]


def passing(text: str) -> list[int]:
    return parse_query(text).select(ROWS, NOW)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        # Comparisons of other languages, and from the wrong side.
        ("100<mailbox", "mailbox>100"),
        ("5s>=up", "up<=5s"),
        ("1<mailbox<5", "compares nothing"),
        ("mailbox~3", ": > >= < <= = !="),
        ("name~cart", ": > >= < <= = !="),
        ("mailbox!3", ": > >= < <= = !="),
        ("mailbox=>3", "needs a number"),
        ("mailbox<>3", "needs a number"),
        # Signs that no keyboard of a terminal has, and that cannot be seen.
        ("mailbox≥3", "mailbox>=3"),
        ("state≠down", "state!=down"),
        ("state\uff1adown", "state:down"),
        ("mailbox\uff1e100", "mailbox>100"),
        ("“shop cart”", '"shop'),
        ("sta\u200bte:down", "state:down"),
        ("\ufeffmailbox>3", "mailbox>3"),
        ("größe>3", "no field 'größe'"),
        ("\u0455tate:down", "state:down"),
        # What other tools put before a term, or between two.
        ("-state:down", "!state:down"),
        ("~mailbox>3", "!mailbox>3"),
        ("+state:down", "state:down"),
        ("(state:down", "state:down"),
        ("[mailbox>3]", "mailbox>3"),
        ("'state:down'", "state:down"),
        ("@sate:down", "sate:down"),
        ("mailbox>3 and restarts>1", "all terms must hold"),
        ("state:down or mailbox>3", "there is no or"),
        ("state:down || cart", "there is no ||"),
        ("NOT state:down", "!state:down"),
        # A space too much.
        ("state : down", "state:down"),
        ("mailbox :3", "mailbox:3"),
        ("up>5 s", "up>5s"),
        ("handled>12 k", "handled>12k"),
        ("up > 5 s", "without spaces"),
        # Half of something.
        ('name:"the', "a quoted text ends"),
        ('name:"a"b', "a quoted text ends"),
        ('"""', "a quoted text ends"),
        ("name:'post'", 'name:"post"'),
        ('name:""', "needs a word"),
        ('under:""', "needs a path"),
        ("op:5s", "op>5s"),
    ],
)
def test_what_looks_like_a_term_is_never_searched_for_as_a_text(
    typed: str, says: str
) -> None:
    with pytest.raises(QueryError, match=re.escape(says)):
        parse_query(typed)


@pytest.mark.parametrize("wrong", ["-{}:1", "{} : 1", "{}≥1", "{}~1", "({}>1)", "{}:"])
def test_no_field_is_lost_by_a_sign_too_much(wrong: str) -> None:
    for word in (*NAMES, *ALIASES):
        with pytest.raises(QueryError):
            parse_query(wrong.format(word))


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("<lambda>", [3]),
        ("main.<locals>", [3]),
        ("shop - cart", []),
        ("and", []),
        ("or", []),
        ('"100<mailbox"', []),
        ('exit:"a b"', [2]),
        ('exit!="a b"', [1, 3]),
        ('!exit:"a b"', [1, 3]),
        ('name:"the post" shop', [3]),
        ("10.0.0.1:80", []),
        ("", [1, 2, 3]),
        ("!", [1, 2, 3]),
        ("!!", [1, 2, 3]),
        ("cart !!!", [2]),
    ],
)
def test_what_can_only_be_a_text_is_searched_for(typed: str, ids: list[int]) -> None:
    assert passing(typed) == ids


@given(st.text(max_size=12) | st.text(alphabet='!:<>=~/"\\ amp3[(', max_size=12))
def test_whatever_is_typed_is_a_filter_or_an_error(text: str) -> None:
    looks_like_filter(text)
    with contextlib.suppress(QueryError):
        parse_query(text).select(ROWS, NOW)


@given(
    row=st.builds(
        server,
        st.just(7),
        mailbox_len=st.integers(0, 10**7),
        mailbox_cap=st.sampled_from([-1, 1024, 10**6]),
        mailbox_peak=st.integers(0, 10**7),
        handled=st.integers(0, 10**12),
        restarts=st.integers(0, 10**6),
        life=st.integers(1, 10**6),
        budget_used=st.integers(0, 9),
        budget_max=st.none() | st.integers(1, 9),
        began=st.floats(-1e7, 199.0) | HALVES,
        op=st.just("add"),
        op_since=st.floats(-1e5, 250.0) | HALVES,
    )
)
def test_each_number_can_be_asked_for_as_its_column_shows_it(row: Row) -> None:
    model = TreeModel()
    for column in COLUMNS:
        if column.id not in (*COUNTS, *SPANS):
            continue
        shown = column.text(row, model, NOW, 0.0).removeprefix("add ")
        query = parse_query(f'{column.id}="{shown}"')
        assert query.matches(row, NOW), query.text
        assert not parse_query(f'{column.id}!="{shown}"').matches(row, NOW)


@pytest.mark.parametrize(
    ("typed", "holds"),
    [
        ("up=1m30s", [90.4, 89.6]),
        ("up!=1m30s", [91.0, 88.0]),
        ("up=90", [90.2]),
        ("up=3h12m", [11_520.0, 11_579.0]),
        ("up=5d", [5 * 86_400.0 + 3600]),
        ("op=250ms", [0.2502]),
    ],
)
def test_a_time_equals_what_is_shown(typed: str, holds: list[float]) -> None:
    for seconds in holds:
        since = NOW - seconds
        row = server(1, began=since, op="add", op_since=since)
        assert parse_query(typed).matches(row, NOW)

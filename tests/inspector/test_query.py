"""The filter language."""

import pytest
from hypothesis import given, strategies as st

from tests.inspector.rows import make_row, server, supervisor
from trio_sup.inspect.model.problems import problem
from trio_sup.inspect.model.query import QueryError, parse_query
from trio_sup.inspect.model.typed_times import read_count, read_span
from trio_sup.inspect.protocol.wire import Row
from trio_sup.inspect.text import show
from trio_sup.inspect.text.columns import COLUMNS
from trio_sup_inspector.lines.columns import LIST_COLUMNS, MORE, TREE_COLUMNS

NOW = 200.0
ROWS = [
    supervisor(1, path="shop", label="shop"),
    supervisor(2, 1, path="shop/db", label="db", kind="dynamic"),
    server(3, 2, path="shop/db/Pool", mailbox_len=150, restarts=2, began=190.0),
    server(4, 1, path="shop/cart", status="backing_off", op="add", op_since=130.0),
    make_row(
        5, 1, path="shop/mail", status="stopped", restart="temporary", name="post"
    ),
]


def passing(text: str) -> list[int]:
    return parse_query(text).select(ROWS, NOW)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("pool", [3]),
        ("POST", [5]),
        ("!db", [1, 4, 5]),
        ("shop !db", [1, 4, 5]),
        (r"/ca.t$/", [4]),
        (r"!/db\/?/", [1, 4, 5]),
        ("/a b|pool/", [3]),
        ("state:down", [5]),
        ("state:back", [4]),
        ("state:backing-off", [4]),
        ("state:backoff", [4]),
        ("state:waiting", [4]),
        ("state:problem", [4]),
        ("kind:sup", [1]),
        ("kind:dyn", [2]),
        ("under:shop/db", [2, 3]),
        ("under:db", [2, 3]),
        ("under:sho", []),
        ("mbox>100", [3]),
        ("mbox>=150 restarts=2", [3]),
        ("mbox<1k", [3, 4]),
        ("op>1m", [4]),
        ("up<=10", [3]),
        ("!mbox>100 kind:server", [4]),
        ("!", [1, 2, 3, 4, 5]),
        ("mailbox>100", [3]),
        ("MAILBOX>100", [3]),
        ("mailbox:150", [3]),
        ("mbox!=150", [4]),
        ("uptime>9s up<10.5s", [3]),
        ("id==3", [3]),
        ("status:stopped", [5]),
        ("state=down", [5]),
        ("state!=down kind!=task", [1, 2, 3, 4]),
        ("name:post", [5]),
        ("op:add", [4]),
        ("op>1m9s", [4]),
        ("path:db/", [3]),
        ('"shop/db"', [2, 3]),
        ('!"shop/db"', [1, 4, 5]),
        ('"sate:down"', []),
        ("!!pool", [3]),
    ],
)
def test_a_filter_selects(text: str, ids: list[int]) -> None:
    assert passing(text) == ids


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/ab", "a regex ends with /"),
        ("/", "a regex ends with /"),
        ("/(/", "bad regex"),
        ("state:purple", "no state 'purple'"),
        ("kind:thing", "no kind 'thing'"),
        ("mbox>lots", "mbox> needs a number"),
        ("under:", "under: needs"),
        ("state:", "state: needs a word"),
        ("mailbox>", "mailbox> needs a number"),
        ("! state:down", "right before its term: !state:down"),
        ('"ab', "a quoted text ends with"),
        ("mailbox:>3", "mailbox is a number: write mailbox>3"),
        ("kind>task", "kind is no number: write kind:task"),
        ("restarts>2m", "restarts> needs a number"),
        ("msg/s>5", "two looks at the node"),
        ("colour:red", "no field 'colour': state, kind"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, says: str) -> None:
    with pytest.raises(QueryError, match=says.replace("(", r"\(")):
        parse_query(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("sate:down", "state:down"),
        ("mbx>3", "mailbox>3"),
        ("restart>1", "restarts>1"),
        ("kid:sup", "kind:sup"),
        ("mailbx:3", "mailbox=3"),
        ("life > 1", "life>1"),
        ("life >1", "life>1"),
        ("restarts >= 2", "restarts>=2"),
        ("state:dwon", "did you mean down"),
        ("!sate:down", "state:down"),
    ],
)
def test_a_misspelt_filter_is_an_error_that_says_what_was_meant(
    text: str, meant: str
) -> None:
    with pytest.raises(QueryError, match=meant):
        parse_query(text)


def test_every_column_can_be_filtered_by_its_name_or_says_why_not() -> None:
    for column in (*COLUMNS, *TREE_COLUMNS, *LIST_COLUMNS, *MORE):
        for word in {column.id, column.title.replace(" ", "-")} - {"", "bar"}:
            text = f"{word}:{WORDED.get(word.casefold(), '1')}"
            if word.casefold() in ("rate", "growth", "msg/s", "growth/s"):
                with pytest.raises(QueryError, match="two looks"):
                    parse_query(text)
            else:
                parse_query(text)


WORDED = {"state": "s", "kind": "s", "policy": "t"}


@given(st.floats(0, 1e9), st.integers(0, 10**11))
def test_what_a_view_prints_of_a_number_can_be_typed(seconds: float, n: int) -> None:
    printed = show.duration(seconds)
    assert abs(read_span(printed) - seconds) <= max(0.06, seconds * 0.05)
    parse_query(f"up>{printed} op<={printed} mailbox>{show.count(n)} id={n:,}")
    assert abs(read_count(show.count(n)) - n) <= n * 0.05


@pytest.mark.parametrize("typed", ["1s1m", "1s1s", "1k5s", "", "s", "-1", "nan", "5M"])
def test_what_is_no_duration_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="such as 90s"):
        read_span(typed)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (server(1, mailbox_len=1024), "full mailbox"),
        (server(1, mailbox_len=1023), None),
        (server(1, mailbox_len=9, mailbox_cap=-1), None),
        (server(1, op="get", op_since=190.0), "in hand for 10 s"),
        (server(1, op="get", op_since=196.0), None),
        (supervisor(1, budget_used=2), "2 of 3 restarts"),
        (supervisor(1, budget_used=1), None),
        (make_row(1, status="stopped"), "although it is permanent"),
        (make_row(1, status="stopped", restart="transient"), None),
        (make_row(1, status="stuck"), "does not end"),
        (make_row(1), None),
    ],
)
def test_a_problem_is_named(row: Row, says: str | None) -> None:
    found = problem(row, NOW)
    assert (found is None) if says is None else (found is not None and says in found)

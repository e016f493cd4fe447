"""The filter language."""

import pytest

from tests.inspector.rows import make_row, server, supervisor
from trio_sup.inspect.model.problems import problem
from trio_sup.inspect.model.query import QueryError, parse_query
from trio_sup.inspect.protocol.wire import Row

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
        ("a>b", []),
        ("!", [1, 2, 3, 4, 5]),
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
    ],
)
def test_what_cannot_be_read_says_why(text: str, says: str) -> None:
    with pytest.raises(QueryError, match=says.replace("(", r"\(")):
        parse_query(text)


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

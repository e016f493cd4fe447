"""Several nodes side by side: what is said of each, and of all in one line."""

from pathlib import Path

from attrs import evolve

from tests.inspector.rows import server
from tests.inspector.shop import shop_rows
from trio_sup.inspect.client.session import Phase, Session, State
from trio_sup.inspect.finding.found_node import FoundNode
from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire import (
    CAPS,
    ROW_COLUMNS,
    Heartbeat,
    Hello,
    Ready,
    Row,
    Rows,
    SnapBegin,
    SnapEnd,
)
from trio_sup_inspector.connection import Connection, Target
from trio_sup_inspector.fleet import Fleet, Member
from trio_sup_inspector.lines.fleet import (
    alarm_cells,
    heading,
    member_cells,
    why_lines,
)

CLOCK = 50.0


def member(name: str, *rows: Row, heard: bool = True) -> Member:
    """A node that was heard, or not yet, at `CLOCK`."""
    session = Session(client="test")
    session.connecting(CLOCK)
    session.connected(CLOCK)
    hello = Hello(1, 1, name, "e", 7, "3.13", "0.35", "1", 0.0, 1000.0, 1000.0)
    hello = evolve(hello, caps=list(CAPS), cols=list(ROW_COLUMNS))
    said = (
        *(hello, Ready(1, 1.0), SnapBegin(1, len(rows)), Rows(list(rows))),
        *(SnapEnd(1, 1000.0), Heartbeat(1000.0, 0.002)),
    )
    for message in said if heard else ():
        session.receive(encode(message), CLOCK)
    line = Connection(session, Target(Path("/nowhere")), lambda: CLOCK)
    found = FoundNode(name, 7, Path(f"/run/{name}.7.sock"), "listening", "alive", None)
    return Member(f"{name}.7", found, line)


def text(member: Member, width: int = 110, *, clock: float = CLOCK) -> str:
    cells = member_cells(member, clock, width, plain=False, here=False)
    assert sum(len(text) for text, _ in cells) == width
    return " ".join("".join(text for text, _ in cells).split())


def test_a_node_says_how_it_fares() -> None:
    well = member("bank", server(1, label="vault"))
    assert text(well) == "● bank.7 well 1 0 0 0 2ms 16m40s"
    assert not well.alarming(CLOCK)
    ill = member("shop", *shop_rows())
    assert text(ill).startswith("‼ shop.7 5 problems 25 ")
    assert ill.alarming(CLOCK)
    lines = why_lines(ill, CLOCK, 90, plain=False)
    assert "shop/payments has used 2 of 3 restarts" in lines[0][0][0]


def test_one_that_is_silent_gone_or_refuses_is_no_figure() -> None:
    frozen = member("mail", heard=False)
    assert text(frozen) == "◌ mail.7 connecting"
    assert text(frozen, clock=CLOCK + 4.0) == "‼ mail.7 silent 4.0s"
    stale = member("mail", server(1))
    assert stale.session is not None
    stale.session.tick(CLOCK + 12.0)
    assert text(stale, clock=CLOCK + 12.0).startswith("‼ mail.7 silent 12s 1 0 ")
    stale.session.state = State(Phase.REFUSED, CLOCK, "too many clients")
    assert stale.state(CLOCK) == ("refused", "bad")
    assert stale.why(CLOCK) == ["too many clients"]
    stale.ended = CLOCK
    assert text(stale, clock=CLOCK + 9.0) == "○ mail.7 ended 9.0s ago"


def test_titles_stand_above_their_columns_at_every_width() -> None:
    it = member("bank", server(1))
    for width in (40, 60, 80, 120):
        titles = "".join(text for text, _ in heading(width))
        assert len(titles) == width
        line = "".join(
            text for text, _ in member_cells(it, CLOCK, width, plain=True, here=True)
        )
        assert titles.index("HEALTH") == line.index("well")
        end = titles.index("CHILDREN") + len("CHILDREN")
        assert line[end - 1] == "1"


def test_all_alarms_are_one_line() -> None:
    ill, frozen = member("shop", *shop_rows()), member("mail", server(1))
    assert frozen.session is not None
    frozen.session.tick(CLOCK + 5.0)
    clock = CLOCK + 5.0
    line = "".join(t for t, _ in alarm_cells([ill, frozen], clock, 80, plain=False))
    assert line.startswith(" 2 other nodes: shop.7 ")
    assert "mail.7 silent 5.0s" in line
    assert line.endswith("7 = nodes ")
    assert len(line) == 80
    one = "".join(t for t, _ in alarm_cells([frozen], clock, 60, plain=False))
    assert one.startswith(" 1 other node: mail.7 silent")
    assert alarm_cells([], clock, 80, plain=False) == ()


def test_the_next_node_goes_round_and_leaves_the_ended_out() -> None:
    fleet = Fleet(Path("/nowhere"), lambda: CLOCK, lambda: 0.0, 1.0, lambda work: print)
    one, two, three = (member(name, server(1)) for name in ("a", "b", "c"))
    two.ended = CLOCK
    fleet._members = {m.title: m for m in (one, two, three)}  # pyright: ignore[reportPrivateUsage]
    assert fleet.after(one.connection) is three
    assert fleet.after(three.connection) is one
    far = Member("z@far/shop", address="ssh://z@far/shop")
    fleet._members["far"] = far  # pyright: ignore[reportPrivateUsage]
    assert fleet.after(three.connection) is far
    assert far.target == Target((), "ssh://z@far/shop")
    del fleet._members["far"]  # pyright: ignore[reportPrivateUsage]
    three.ended = CLOCK
    assert fleet.after(one.connection) is None

"""The client's state machine against scripted nodes; time is a number."""

import json

import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from trio_sup.inspect.client.phase import BACKOFF, SILENT_AFTER, STALE_AFTER
from trio_sup.inspect.client.session import Phase, Session
from trio_sup.inspect.protocol.codec import encode, request_decoder
from trio_sup.inspect.protocol.wire import (
    ROW_COLUMNS,
    Attach,
    Bye,
    Delta,
    Detail,
    Error,
    Event,
    Heartbeat,
    Hello,
    Message,
    Rate,
    Ready,
    Resume,
    Resync,
    Row,
    Rows,
    SnapBegin,
    SnapEnd,
    Unwatch,
    Vol,
    Watch,
)

HELLO = Hello(
    1, 1, "shop", "e1", 42, "3", "0.35", "1", 0.0, 0.0, 0.0, [], True, list(ROW_COLUMNS)
)


def row(uid: int, parent: int = 0, version: int = 1, status: str = "running") -> Row:
    names = dict.fromkeys(ROW_COLUMNS, "x") | dict.fromkeys(
        ["life", "restarts", "began", "mailbox_len", "mailbox_cap", "mailbox_peak"], 1
    )
    numbers = {"id": uid, "parent": parent, "version": version, "status": status}
    empty = dict.fromkeys(
        ["handled", "op", "op_since", "budget_used", "budget_max", "budget_seconds"]
    )
    return Row(**(names | empty | numbers))  # type: ignore[arg-type]


def vol(uid: int, length: int) -> Vol:
    return Vol(uid, length, length, 5, "add", 9.0, None)


def event(n: int) -> Event:
    return Event(n, float(n), "shop", "child_started", f"event {n}")


SNAPSHOT: list[Message] = [
    Ready(1, 4.0),
    SnapBegin(3, 2),
    Rows([row(1)]),
    Rows([row(2, 1)]),
    SnapEnd(3, 50.0),
]


class Driver:
    """A session and what it sent."""

    def __init__(self, **options: object) -> None:
        self.session = Session(client="test", **options)  # type: ignore[arg-type]
        self.decoder = request_decoder()

    def connect(self, now: float = 0.0) -> None:
        self.session.connecting(now)
        self.session.connected(now)
        self.decoder = request_decoder()

    def hear(self, *messages: Message, now: float = 0.0) -> None:
        self.session.receive(b"".join(map(encode, messages)), now)

    def said(self) -> list[object]:
        return list(self.decoder.feed(self.session.outgoing()))

    def is_in(self, phase: Phase) -> bool:
        return self.session.state.phase is phase


@pytest.fixture
def live() -> Driver:
    driver = Driver()
    driver.connect()
    driver.hear(HELLO, *SNAPSHOT)
    driver.said()
    driver.session.take_changes()
    return driver


def test_a_client_says_nothing_before_the_node_and_then_attaches() -> None:
    driver = Driver(rate_hz=2.0)
    driver.connect()
    assert driver.said() == []
    driver.hear(HELLO)
    assert driver.said() == [Attach(1, "test", ["tree", "events"], 2.0, None)]


def test_rows_appear_at_the_end_of_a_snapshot_and_not_before() -> None:
    driver = Driver()
    driver.connect()
    driver.hear(HELLO, *SNAPSHOT[:-1])
    assert driver.is_in(Phase.SYNCING)
    assert driver.session.progress == (2, 2)
    assert driver.session.rows == {}
    driver.hear(SNAPSHOT[-1], now=1.0)
    assert driver.is_in(Phase.LIVE)
    assert driver.session.rows == {1: row(1), 2: row(2, 1)}
    changes = driver.session.take_changes()
    assert changes.reset
    assert changes.structure
    assert list(changes.changed) == [1, 2]
    assert not driver.session.take_changes()


def test_a_delta_removes_then_adds_then_moves(live: Driver) -> None:
    up = row(3, 1)
    live.hear(Delta(4, 3, 51.0, [up], [vol(3, 7)], [2]))
    session = live.session
    assert list(session.rows) == [1, 3]
    assert session.rows[3] == evolve(
        row(3, 1), mailbox_len=7, mailbox_peak=7, handled=5, op="add", op_since=9.0
    )
    changes = session.take_changes()
    assert [gone.id for gone in changes.gone] == [2]
    assert changes.structure
    assert list(changes.changed) == [3]


def test_counters_alone_leave_the_structure_and_renew_the_row(live: Driver) -> None:
    before = live.session.rows[2].rev
    live.hear(Delta(4, 3, 51.0, vol=[vol(2, 9)]))
    changes = live.session.take_changes()
    assert not changes.structure
    assert not changes.reset
    assert list(changes.changed) == [2]
    assert live.session.rows[2].rev > before
    assert live.session.rows[2].version == 1


def test_what_names_unknown_rows_is_passed_over(live: Driver) -> None:
    live.hear(Delta(4, 3, 51.0, vol=[vol(77, 9)], gone=[78]))
    assert list(live.session.rows) == [1, 2]
    assert live.is_in(Phase.LIVE)


def test_a_gap_asks_for_a_snapshot_and_keeps_the_old_rows_until_it_is_whole(
    live: Driver,
) -> None:
    live.hear(Delta(9, 8, 51.0, [row(5)]))
    assert live.is_in(Phase.SYNCING)
    assert live.said() == [Resync()]
    live.hear(Delta(10, 9, 52.0, [row(6)]))
    assert live.said() == []
    assert list(live.session.rows) == [1, 2]
    live.hear(SnapBegin(10, 1), Rows([row(5)]), SnapEnd(10, 53.0))
    assert list(live.session.rows) == [5]
    assert live.is_in(Phase.LIVE)
    live.hear(Delta(11, 10, 54.0, [row(6)]))
    assert list(live.session.rows) == [5, 6]


def test_after_a_reconnect_it_resumes_where_it_left_off(live: Driver) -> None:
    live.hear(Delta(4, 3, 51.0, events=[event(1), event(2)]))
    live.session.lost(10.0, "gone")
    assert live.is_in(Phase.RECONNECTING)
    assert list(live.session.rows) == [1, 2]
    live.connect(11.0)
    live.hear(HELLO, now=11.0)
    (attach,) = live.said()
    assert isinstance(attach, Attach)
    assert attach.resume == Resume("e1", 4, 2)
    live.session.take_changes()
    live.hear(
        Ready(1, 4.0, True), Delta(6, 4, 60.0, [row(3)], events=[event(2), event(3)])
    )
    assert live.is_in(Phase.LIVE)
    changes = live.session.take_changes()
    assert not changes.reset
    assert [e.n for e in changes.events] == [3]


def test_another_epoch_is_a_restarted_node(live: Driver) -> None:
    live.hear(Delta(4, 3, 51.0, events=[event(1)]))
    live.session.ask.watch(2, 0.0)
    live.session.lost(10.0, "gone")
    live.connect(11.0)
    live.hear(evolve(HELLO, epoch="e2", pid=43), now=11.0)
    assert live.session.restarted_at == 11.0
    live.session.outgoing()
    live.hear(Ready(1, 4.0), SnapBegin(1, 1), Rows([row(1)]), SnapEnd(1, 5.0), now=12.0)
    assert list(live.session.rows) == [1]
    # The numbers of the new node begin again; the old one's watches mean nothing.
    live.hear(Delta(2, 1, 6.0, events=[event(1)]))
    assert [e.n for e in live.session.events] == [1, 1]
    assert live.said() == []


def test_silence_is_stale_and_a_word_is_live_again(live: Driver) -> None:
    live.session.tick(STALE_AFTER - 0.1)
    assert live.is_in(Phase.LIVE)
    live.session.tick(STALE_AFTER)
    assert live.is_in(Phase.STALE)
    assert live.session.silence(STALE_AFTER) == STALE_AFTER
    live.hear(Heartbeat(60.0, 0.0), now=9.0)
    assert live.is_in(Phase.LIVE)
    assert live.session.silence(9.0) == 0.0


def test_the_nodes_clock_runs_while_live_and_stands_when_nothing_is_heard(
    live: Driver,
) -> None:
    live.hear(Heartbeat(100.0, 0.0), now=1.0)
    assert live.session.node_time(3.0) == 102.0
    live.session.tick(20.0)
    assert live.session.node_time(20.0) == 100.0


def test_a_node_that_accepts_and_says_nothing_is_given_up() -> None:
    driver = Driver()
    driver.connect()
    driver.session.tick(SILENT_AFTER - 0.1)
    assert not driver.session.want_close
    driver.session.tick(SILENT_AFTER)
    assert driver.session.want_close
    assert driver.session.state.code == "silent"


def test_the_backoff_grows_to_five_seconds_and_a_success_resets_it() -> None:
    driver = Driver()
    now = 0.0
    waits: list[float] = []
    for _ in range(7):
        driver.session.connecting(now)
        driver.session.lost(now, "refused")
        assert driver.session.retry_at is not None
        waits.append(driver.session.retry_at - now)
        now = driver.session.retry_at
    assert waits == pytest.approx([*BACKOFF, 5.0, 5.0])
    driver.connect(now)
    driver.hear(HELLO, *SNAPSHOT, now=now)
    driver.session.lost(now, "gone", jitter=1.0)
    assert driver.session.retry_at == now + BACKOFF[0] * 1.25


def test_retry_now_makes_the_next_attempt_due_at_once() -> None:
    driver = Driver()
    driver.session.connecting(0.0)
    driver.session.lost(0.0, "refused")
    driver.session.retry_now(0.1)
    assert driver.session.retry_at == 0.1


def test_why_the_connection_was_lost_is_said_in_one_line() -> None:
    driver = Driver()
    driver.session.connecting(0.0)
    driver.session.lost(0.0, "connection refused")
    assert driver.session.state.text == "connection refused"
    driver.connect(1.0)
    driver.hear(HELLO, Error("too_many_clients", "16 are here"), now=1.0)
    assert driver.session.want_close
    driver.session.lost(1.0, "closed")
    assert driver.session.state.text == "16 are here (too_many_clients)"
    assert driver.is_in(Phase.RECONNECTING)


@pytest.mark.parametrize(
    ("hello", "side"),
    [
        (evolve(HELLO, proto_min=2, proto_max=3), "upgrade this trio-sup"),
        (evolve(HELLO, proto_min=0, proto_max=0), "upgrade trio-sup in the node"),
        (evolve(HELLO, cols=["id", "parent"]), "same version"),
        (evolve(HELLO, cols=[*reversed(ROW_COLUMNS)]), "same version"),
    ],
)
def test_a_node_of_another_version_is_refused_and_the_side_to_upgrade_named(
    hello: Hello, side: str
) -> None:
    driver = Driver()
    driver.connect()
    driver.hear(hello)
    assert driver.is_in(Phase.REFUSED)
    assert driver.session.state.code == "version"
    assert side in driver.session.state.text
    assert driver.said() == []
    driver.session.lost(1.0, "closed")
    driver.session.connecting(2.0)
    assert driver.is_in(Phase.REFUSED)


def test_a_newer_node_with_more_columns_and_versions_is_understood() -> None:
    driver = Driver()
    driver.connect()
    driver.hear(evolve(HELLO, proto_max=5, cols=[*ROW_COLUMNS, "new"]))
    (attach,) = driver.said()
    assert isinstance(attach, Attach)
    assert attach.proto == 1


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 400 no\r\n",
        b"{}\n",
        b'{"t":"ready","proto":1,"rate_hz":4}\n',
        b"x" * 2_000_000,
    ],
)
def test_what_is_no_node_is_refused_as_garbage(first: bytes) -> None:
    driver = Driver()
    driver.connect()
    driver.session.receive(first, 0.0)
    assert driver.is_in(Phase.REFUSED)
    assert driver.session.state.code == "garbage"


@pytest.mark.parametrize("code", ["version", "forbidden"])
def test_a_final_error_of_the_node_ends_the_attempts(code: str) -> None:
    driver = Driver()
    driver.connect()
    driver.hear(Error(code, "no"))
    assert driver.session.refused
    assert driver.session.state.code == code


def test_two_bad_frames_cost_a_resync_and_the_third_the_connection(
    live: Driver,
) -> None:
    for _ in range(2):
        live.session.receive(b"garbage\n", 1.0)
        assert live.said() == [Resync()]
        live.hear(*SNAPSHOT[1:], now=1.0)
        assert live.is_in(Phase.LIVE)
    live.session.receive(b'{"t":"delta"}\n', 1.0)
    assert live.session.want_close
    live.session.lost(1.0, "closed")
    assert live.is_in(Phase.RECONNECTING)


def test_rows_of_a_snapshot_that_was_given_up_are_not_taken(live: Driver) -> None:
    live.hear(SnapBegin(5, 3), Rows([row(7)]))
    live.session.receive(b"garbage\n", 1.0)
    live.hear(Rows([row(8)]), SnapEnd(5, 9.0))
    assert list(live.session.rows) == [1, 2]
    assert live.is_in(Phase.SYNCING)
    assert live.session.bad_frames == 1


def test_a_row_with_an_impossible_id_is_a_bad_frame(live: Driver) -> None:
    frame = json.loads(encode(Delta(4, 3, 1.0, [row(3)])))
    frame["up"][0][0] = ["list"]
    live.session.receive(json.dumps(frame).encode() + b"\n", 1.0)
    assert live.session.bad_frames == 1
    assert live.said() == [Resync()]


def test_a_watch_is_renewed_within_its_lease_and_after_a_reconnect(
    live: Driver,
) -> None:
    session = live.session
    session.ask.watch(2, 0.0)
    assert live.said() == [Watch(2)]
    sent: list[object] = []
    for tenth in range(1, 101):
        live.hear(Heartbeat(50.0, 0.0), now=tenth / 10)
        session.tick(tenth / 10)
        sent += live.said()
    assert sent == [Watch(2), Watch(2)]
    session.lost(10.0, "gone")
    live.connect(10.5)
    live.hear(HELLO, Ready(1, 4.0, True), now=10.5)
    assert live.said()[1:] == [Watch(2)]
    session.ask.unwatch(2)
    assert live.said() == [Unwatch(2)]
    session.tick(11.0)
    assert live.said() == []


def test_the_answer_to_a_watch_is_kept(live: Driver) -> None:
    detail = Detail(2, 51.0, row(2, 1), "Traceback", False)
    live.session.ask.watch(2, 0.0)
    live.hear(detail)
    assert live.session.details == {2: detail}
    assert live.session.take_changes().details == {2: detail}


def test_wishes_are_sent_only_while_attached(live: Driver) -> None:
    session = live.session
    session.ask.rate(99.0)
    session.ask.goodbye()
    assert live.said() == [Rate(10.0), Bye()]
    session.lost(1.0, "gone")
    session.ask.rate(2.0)
    session.ask.resync()
    session.ask.goodbye()
    session.ask.watch(2, 1.0)
    assert live.said() == []


def test_missed_events_are_counted(live: Driver) -> None:
    live.hear(Delta(4, 3, 51.0, dropped=5), Delta(5, 4, 52.0, dropped=2))
    assert live.session.events_dropped == 7


def test_a_client_that_wants_only_events_is_live_without_a_snapshot() -> None:
    driver = Driver(want=("events",))
    driver.connect()
    driver.hear(HELLO, Ready(1, 4.0), Delta(9, 7, 1.0, events=[event(1)]))
    assert driver.is_in(Phase.LIVE)
    assert [e.n for e in driver.session.events] == [1]


@given(
    st.lists(
        st.binary(max_size=60)
        | st.sampled_from(
            [encode(m) for m in [HELLO, *SNAPSHOT, Delta(4, 3, 1.0, [row(9)])]]
        ),
        max_size=12,
    )
)
def test_no_bytes_of_a_peer_make_a_session_raise(parts: list[bytes]) -> None:
    driver = Driver()
    driver.connect()
    for at, part in enumerate(parts):
        driver.session.receive(part, float(at))
        driver.session.tick(float(at))
        driver.session.outgoing()

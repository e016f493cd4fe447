"""A session whose node is silent, gone, of another version, or none at all."""

import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from tests.inspect.scripted import HELLO, SNAPSHOT, Driver, live_driver, row
from trio_sup.inspect.client.phase import BACKOFF, SILENT_AFTER, STALE_AFTER
from trio_sup.inspect.client.session import Phase
from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire import (
    ROW_COLUMNS,
    Attach,
    Delta,
    Error,
    Heartbeat,
    Hello,
    Resync,
)


@pytest.fixture
def live() -> Driver:
    return live_driver()


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
    assert live.session.node_time(None) == 100.0, "when it was heard"
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

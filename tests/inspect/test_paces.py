"""Restarts a minute are true from the first look on, and in a storm."""

from tests.inspector.rows import make_row
from trio_sup.inspect.client.answer import Answer
from trio_sup.inspect.client.paces import LEAST, Paces
from trio_sup.inspect.client.store import Store
from trio_sup.inspect.model.health import Limits, breaches
from trio_sup.inspect.model.problems import problem
from trio_sup.inspect.protocol.wire import Delta, Event, Hello, Row


def decided(n: int, at: float, path: str = "shop/api") -> Event:
    return Event(n, at, path, "restart_decided", f"{path} is restarted")


def store_at(at: float, *rows: Row) -> Store:
    store = Store()
    store.begin_snapshot()
    store.stage(rows)
    store.end_snapshot(at)
    return store


def api(restarts: int, **fields: object) -> Row:
    return make_row(7, 1, path="shop/api", label="api", restarts=restarts, **fields)


def rate(store: Store, now: float) -> int:
    pace = store.rows[7].pace
    return 0 if pace is None else pace.per_minute(now)


def test_restarts_from_before_the_first_look_count_at_once() -> None:
    store = store_at(1000.0, api(9))
    events = [decided(n, 900.0 + n) for n in range(1, 101) if n not in range(2, 60)]
    assert rate(store, 1000.0) == 0
    store.apply(Delta(1, 1, 1000.0, events=[decided(1, 100.0)]))
    store.apply(Delta(1, 1, 1000.0, events=[decided(n, 980.0 + n) for n in (2, 3)]))
    assert rate(store, 1000.0) == 2
    assert store.paces.total.per_minute(1000.0) == 2
    assert rate(store, 1042.5) == 1
    assert rate(store, 1050.0) == 0
    assert len(events) == 42  # The numbers of these have a gap: they cover 41 s.
    other = store_at(1000.0, api(200))
    other.apply(Delta(1, 1, 1000.0, events=events))
    assert rate(other, 1000.0) == round(41 * 60 / 40)


def test_what_a_storm_leaves_of_the_past_stands_for_its_minute() -> None:
    # 75 restarts a second: the node remembers the last 4 seconds of them.
    store = store_at(1000.0, api(90_000))
    events = [decided(n, 1000.0 - (5000 - n) / 75) for n in range(4700, 5001)]
    for first in range(0, 301, 100):
        store.apply(Delta(1, 1, 1000.0, events=events[first : first + 100]))
    assert 4400 <= rate(store, 1000.0) <= 4600
    for second in range(1, 90):
        at = 1000.0 + second
        store.apply(Delta(1, 1, at, up=[api(90_000 + 75 * second)]))
        assert 4300 <= rate(store, at) <= 4700, second


def test_a_row_counts_what_no_event_told() -> None:
    store = store_at(50.0, api(2))
    store.apply(Delta(1, 1, 51.0, up=[api(5)]))
    store.apply(Delta(1, 1, 52.0, gone=[7]))
    store.apply(Delta(1, 1, 53.0, up=[api(1)]))
    assert rate(store, 53.0) == 1
    assert store.paces.total.per_minute(53.0) == 4


def test_another_process_does_not_go_on_with_the_count() -> None:
    store = store_at(50.0, api(2))
    store.new_epoch()
    store.begin_snapshot()
    store.stage([api(40)])
    store.end_snapshot(5.0)
    assert rate(store, 5.0) == 0


def test_a_resync_loses_no_restart() -> None:
    store = store_at(50.0, api(2))
    store.begin_snapshot()
    store.stage([api(6)])
    store.end_snapshot(51.0)
    assert rate(store, 51.0) == 4


def test_a_crash_loop_is_a_problem_whatever_state_it_is_seen_in() -> None:
    for status in ("running", "starting", "backing_off", "restarting"):
        store = store_at(50.0, api(2))
        store.apply(Delta(1, 1, 51.0, up=[api(1202, status=status)]))
        row = store.rows[7]
        assert problem(row, 52.0) == "restarts 1,200 times a minute"
        answer = Answer(HELLO, 52.0, 0.0, store.rows, [])
        [breach] = breaches(answer)
        assert breach.problem == "restarts 1,200 times a minute"
        assert breaches(answer, Limits(restarts=1200, waiting=1)) == []
        assert [b.path for b in breaches(answer, Limits(restarts=1199))] == ["shop/api"]


def test_two_restarts_in_a_minute_are_none() -> None:
    store = store_at(50.0, api(2))
    store.apply(Delta(1, 1, 51.0, up=[api(4)]))
    assert problem(store.rows[7], 51.0) is None
    assert store.paces.fast(51.0, 1) == [7]


def test_nothing_grows_in_a_long_storm() -> None:
    paces = Paces()
    row = api(0)
    for n in range(100_000):
        paces.note(api(n + 1), row, n * 0.1)
        row = api(n + 1)
    assert len(paces.of[7]._seconds) <= 62  # pyright: ignore[reportPrivateUsage]
    assert LEAST <= paces.total.per_minute(10_000.0) <= 601


HELLO = Hello(1, 1, "shop", "e", 1, "3.13", "0.31", "0", 0.0, 0.0, 0.0)

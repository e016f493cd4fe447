"""A node's log records: seen while somebody follows, bounded, and gone after that."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.inspect.looking import Looker, looking
from trio_sup import child, current_node, open_supervisor
from trio_sup.inspect.client.topic_store import LINES_KEPT, TopicStore
from trio_sup.inspect.model.query import QueryError, parse_line_query
from trio_sup.inspect.node.log_tap import KEPT, LogTap
from trio_sup.inspect.node.watching import LEASE
from trio_sup.inspect.protocol.codec import encode, request_decoder, server_decoder
from trio_sup.inspect.protocol.wire_details import Follow
from trio_sup.inspect.protocol.wire_logs import LogLine, Logs
from trio_sup.inspect.text.log_lines import log_json, log_line, nothing_passes

SHOP = logging.getLogger("test.shop")
LINE = LogLine(
    7, 12.5, 30, "shop.db", 3, "shop/db", "slow: 2 s", "", "db.py:9 in ask", ""
)


@pytest.fixture(autouse=True)
def _all_levels() -> Iterator[None]:
    SHOP.setLevel(logging.DEBUG)
    SHOP.propagate = False
    yield
    SHOP.propagate = True


async def follow(looker: Looker, level: int = 0) -> None:
    topics = looker.session.topics
    looker.session.ask.follow(Follow("logs", level=level), trio.current_time())
    await looker.until(lambda: topics.logs)


def texts(looker: Looker) -> list[str]:
    return [line.text for line in looker.session.topics.log.lines]


@pytest.mark.trio
async def test_a_record_opens_the_child_that_wrote_it_threads_included(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    go = trio.Event()

    async def writer() -> None:
        await go.wait()
        SHOP.info("from %s", "the task")
        await trio.to_thread.run_sync(SHOP.warning, "from a thread")
        await trio.sleep_forever()

    async with (
        open_supervisor([child(writer, id="w")], id="top"),
        looking(tmp_path) as looker,
    ):
        await follow(looker)
        go.set()
        await looker.until(lambda: len(texts(looker)) == 2)
        first, second = looker.session.topics.log.lines
        assert first.path == second.path == "top/w"
        assert first.child == second.child == looker.id_of("top/w")
        assert (first.text, first.level, first.logger) == (
            "from the task",
            20,
            SHOP.name,
        )
        assert first.where.endswith(" in writer")
        assert first.thread == ""
        assert second.thread


@pytest.mark.trio
async def test_what_an_event_says_is_about_its_child(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    go = trio.Event()

    async def crashes() -> None:
        await go.wait()
        raise ValueError("boom")

    specs = [child(crashes, id="c", restart="temporary")]
    async with open_supervisor(specs, id="top"), looking(tmp_path) as looker:
        await follow(looker, logging.ERROR)
        go.set()
        await looker.until(lambda: texts(looker))
        (line,) = looker.session.topics.log.lines
        assert (line.path, line.logger, line.error) == ("top/c", "trio_sup", "")
        assert "boom" in line.text


@pytest.mark.trio
async def test_records_below_the_level_are_not_told(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with looking(tmp_path) as looker:
        await follow(looker, logging.WARNING)
        SHOP.info("no matter")
        SHOP.error("wrong", exc_info=ValueError("odd"))
        await looker.until(lambda: texts(looker))
        (line,) = looker.session.topics.log.lines
        assert (line.text, line.error) == ("wrong", "ValueError: odd")


@pytest.mark.trio
async def test_secrets_of_a_record_are_hidden_and_with_contents_hidden_all_of_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    for contents, shown in ((True, "login password=<redacted> of joe"), (False, "")):
        place = tmp_path / str(contents)
        place.mkdir()
        async with looking(place, contents=contents) as looker:
            await follow(looker)
            SHOP.warning("login password=hunter2 of joe")
            await looker.until(lambda: texts(looker))
            assert texts(looker) == [shown]
            logs = looker.session.topics.logs
            assert logs is not None
            assert logs.hidden is not contents


@pytest.mark.trio
@pytest.mark.parametrize("how", ["unfollow", "leave", "silence"])
async def test_nothing_of_logging_is_touched_unless_somebody_follows(
    how: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    before = logging.Logger.callHandlers
    async with looking(tmp_path) as looker:
        assert logging.Logger.callHandlers is before
        await follow(looker)
        assert logging.Logger.callHandlers is not before
        if how == "unfollow":
            looker.session.ask.unfollow("logs")
            await looker.stream.send_all(looker.session.outgoing())
        elif how == "leave":
            await looker.stream.aclose()
        else:
            await trio.sleep(LEASE + 1)
        await trio.sleep(2)
        assert logging.Logger.callHandlers is before


def test_warnings_still_come_where_nobody_handles_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SHOP, "handlers", [])  # those of pytest
    tap = LogTap(lambda: (0, ""))
    tap.open()
    SHOP.warning("nobody handles this")
    tap.close()
    assert "nobody handles this" in capsys.readouterr().err


def test_a_step_that_somebody_put_over_ours_stays_and_ours_does_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = logging.Logger.callHandlers
    monkeypatch.setattr(logging.Logger, "callHandlers", first)
    tap, calls = LogTap(lambda: (0, "")), list[str]()
    tap.open()
    ours = logging.Logger.callHandlers

    def over(logger: logging.Logger, record: logging.LogRecord) -> None:
        calls.append(record.getMessage())
        ours(logger, record)

    monkeypatch.setattr(logging.Logger, "callHandlers", over)
    tap.close()
    SHOP.warning("one")
    assert (calls, list(tap.drain(lambda t, n: t, 0.0))) == (["one"], [])
    assert logging.Logger.callHandlers is over
    tap.open()
    SHOP.warning("two")
    assert [line.text for line in tap.drain(lambda t, n: t, 0.0)] == ["two"]
    tap.close()


class _Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_a_record_that_cannot_speak_hurts_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tap = LogTap(lambda: (0, ""))
    monkeypatch.setattr(SHOP, "handlers", [logging.NullHandler()])
    tap.open()
    try:
        SHOP.warning("%s", _Hostile())
        SHOP.warning("%d arguments", "too", "many")
        SHOP.handle(logging.makeLogRecord({"levelno": 40, "created": "odd"}))
        SHOP.warning("\x1b[2J" + "x" * 100_000)
        lines = list(tap.drain(lambda text, limit: text[:limit], 0.0))
    finally:
        tap.close()
    assert [line.text[:34] for line in lines[:2]] == [
        "<the message could not be made: Ru",
        "<the message could not be made: Ty",
    ]
    assert len(lines[-1].text) == 500


@pytest.mark.trio
async def test_a_flood_is_cut_to_the_newest_and_the_rest_is_counted(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with looking(tmp_path) as looker:
        await follow(looker)
        SHOP.info("first")
        await looker.until(lambda: texts(looker))
        for number in range(3 * KEPT):
            SHOP.info("number %d", number)
        topics = looker.session.topics
        await looker.until(lambda: topics.log.count == KEPT + 1)
        assert topics.log.lines[-1].text == f"number {3 * KEPT - 1}"
        assert topics.log.missed == 2 * KEPT


@pytest.mark.trio
async def test_two_who_follow_get_what_their_own_level_lets_pass(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with looking(tmp_path) as one:
        path = next((tmp_path / "run").glob("*.sock"))
        async with await trio.open_unix_socket(path) as stream:
            two = Looker(stream)
            two.session.connecting(0.0)
            two.session.connected(0.0)
            await two.live()
            await follow(one, logging.ERROR)
            await follow(two, logging.DEBUG)
            SHOP.debug("small")
            SHOP.error("large")
            await two.until(lambda: len(texts(two)) == 2)
            await one.until(lambda: texts(one))
            assert (texts(one), texts(two)) == (["large"], ["small", "large"])


def test_a_client_holds_no_endless_log() -> None:
    store = TopicStore()
    for _ in range(10):
        store.take(Logs(0.0, [LINE] * 1000, missed=2))
    assert (len(store.log.lines), store.log.count) == (LINES_KEPT, 10_000)
    assert store.log.missed == 20
    assert len(store.log.since(9_995)) == 5
    assert len(store.log.since(0)) == LINES_KEPT


def test_records_are_read_as_they_were_written() -> None:
    message = Logs(5.0, [LINE], 3, 30, True)
    assert server_decoder().feed(encode(message)) == [message]
    wish = Follow("logs", level=20)
    assert request_decoder().feed(encode(wish)) == [wish]
    assert encode(Follow("tasks")) == b'{"t":"follow","topic":"tasks"}\n'


def test_a_line_says_when_how_loud_who_and_what() -> None:
    assert log_line(LINE, 0.0).endswith(" WARNING   shop/db: slow: 2 s")
    told = LogLine(1, 0.0, 41, "x", 0, "", "a\nb\x1b", "ValueError: c", "", "")
    assert log_line(told, 0.0).endswith("level 41  x: a·b·  [ValueError: c]")
    assert log_json(LINE, 1.0)["level"] == "WARNING"
    assert log_json(LINE, 1.0)["path"] == "shop/db"


def test_it_is_said_which_records_the_root_logger_keeps_back() -> None:
    assert nothing_passes(Logs(0.0, passes=30), 20) == (
        "the root logger lets WARNING and above pass"
    )
    assert not nothing_passes(Logs(0.0, passes=30), 30)


def test_a_filter_of_lines_takes_no_term_about_children() -> None:
    passes = parse_line_query("path:shop/db !timeout /s[lm]ow/")
    assert passes("shop/db shop slow")
    assert not passes("shop/web shop slow")
    assert not passes("shop/db timeout slow")
    for wrong in ("mailbox>3", "state:down", "!kind:server", "sate:down", "/x"):
        with pytest.raises(QueryError):
            parse_line_query(wrong)


def test_the_present_child_is_that_of_the_node_alone() -> None:
    async def main() -> None:
        assert current_node().present_child() == (0, "")

    trio.run(main)

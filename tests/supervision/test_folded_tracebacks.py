"""Crashes in the log: the machinery's frames folded, and what repeats said once."""

import io
import logging
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import quiet
from trio_sup import (
    Backoff,
    CrashLog,
    GenServer,
    address,
    cast,
    child,
    current_node,
    open_supervisor,
    serve,
)


class Fragile(GenServer):
    @cast
    async def fall(self, why: str) -> None:
        await inner(why)


FRAGILE = address("fragile", Fragile)


async def inner(why: str) -> None:
    raise ValueError(why)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = logging.Formatter()
    return [lines.format(r) for r in caplog.records if r.levelno >= logging.WARNING]


@pytest.mark.trio
async def test_four_crashes_print_one_traceback_without_framework_frames(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_supervisor([child(Fragile)], max_restarts=9) as sup:
        ref = sup.server(Fragile, "Fragile")
        for _ in range(4):
            ref.cast(Fragile.fall, "boom")
            await quiet()
    first, *others = errors(caplog)
    assert others == [
        f"root/Fragile crashed (life {life}): ValueError('boom'), same as life 1"
        for life in (2, 3, 4)
    ]
    assert "trio_sup/_servers" not in first
    assert "life.py" not in first
    assert "frames of trio-sup and Trio\n" in first
    assert "in fall\n" in first
    assert first.count("in inner\n") == 1
    assert "while it served 'fall'" in first
    record = caplog.records[0]
    assert record.exc_info is not None  # handlers that look at it have it whole
    assert record.exc_info[1].args == ("boom",)  # type: ignore[union-attr]
    assert record.filename == "crash_log.py"


@pytest.mark.trio
async def test_another_crash_is_shown_in_full_and_so_is_the_first_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_supervisor([child(Fragile)], max_restarts=9) as sup:
        ref = sup.server(Fragile, "Fragile")
        for why in ("a", "a", "b", "a"):
            ref.cast(Fragile.fall, why)
            await quiet()
    assert ["Traceback" in text for text in errors(caplog)] == [True, False, True, True]


@pytest.mark.trio
async def test_a_crash_that_comes_again_much_later_is_shown_in_full(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    async with open_supervisor([child(Fragile)], max_restarts=9) as sup:
        current_node().crash_log = CrashLog(again_after=60)
        ref = sup.server(Fragile, "Fragile")
        for _ in range(4):
            ref.cast(Fragile.fall, "boom")
            await trio.sleep(40)
    assert ["Traceback" in text for text in errors(caplog)] == [
        True,
        False,
        True,
        False,
    ]


@pytest.mark.trio
async def test_level_and_limit_are_configurable(
    caplog: pytest.LogCaptureFixture,
) -> None:
    style = CrashLog(level="WARNING", limit=1)

    async def falling() -> None:
        raise OSError("disk")

    backoff = Backoff(initial=1e6, immediate_first=False)
    async with trio.open_nursery() as nursery:
        specs = [child(Fragile, name=FRAGILE), child(falling, backoff=backoff)]
        nursery.start_soon(lambda: serve(specs, inspect=False, crash_log=style))
        await quiet()
        assert current_node().crash_log == style
        FRAGILE.cast(Fragile.fall, "boom")
        await quiet()
        nursery.cancel_scope.cancel()
    levels = {r.levelno for r in caplog.records if "crashed" in r.getMessage()}
    assert levels == {logging.WARNING}
    crash = next(text for text in errors(caplog) if "boom" in text)
    assert "in inner\n" in crash
    assert "in fall\n" not in crash


@pytest.mark.trio
async def test_nothing_is_folded_if_that_is_asked_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    current_node().crash_log = CrashLog(fold=False)
    async with open_supervisor([child(Fragile)], max_restarts=9) as sup:
        ref = sup.server(Fragile, "Fragile")
        for _ in range(2):
            ref.cast(Fragile.fall, "boom")
            await quiet()
    for text in errors(caplog):
        assert "life.py" in text
        assert "same as" not in text


@pytest.mark.trio
async def test_causes_and_members_of_groups_are_folded_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def grouped() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(chained)

    async def chained() -> None:
        try:
            await trio.lowlevel.checkpoint()
            await inner("first")
        except ValueError as error:
            raise OSError("second") from error

    async with open_supervisor([child(grouped, restart="temporary")]):
        await quiet()
    [text] = errors(caplog)
    assert "ExceptionGroup" in text
    assert "first" in text
    assert "second" in text
    assert "site-packages/trio/" not in text
    assert "trio_sup/_" not in text


def test_a_bad_style_is_told() -> None:
    bad: Any
    for bad in ({"level": "LOUD"}, {"limit": 0}, {"limit": True}, {"again_after": -1}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            CrashLog(**bad)


@pytest.mark.trio
async def test_what_cannot_be_formatted_is_left_to_logging(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    async def mute() -> None:
        raise Mute

    out = io.StringIO()
    handler = logging.StreamHandler(out)
    logging.getLogger("trio_sup").addHandler(handler)
    try:
        async with open_supervisor([child(mute, restart="temporary")]):
            await quiet()
    finally:
        logging.getLogger("trio_sup").removeHandler(handler)
    assert "root/mute crashed (life 1)" in out.getvalue()

"""A log handler or filter that raises is user code as hooks are: it harms no tree."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
import trio

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    GenServer,
    Registry,
    child,
    current_node,
    open_inspector,
    open_supervisor,
    run,
)
from trio_sup._trio.log import Log

LOGGERS = ("trio_sup", "trio_sup.inspect", "trio_sup.trace")


class Broken(Exception):
    pass


class Raises(logging.Handler):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def emit(self, record: logging.LogRecord) -> None:
        raise self.error


@contextmanager
def broken_handler(error: BaseException) -> Generator[None]:
    handler, logger = Raises(error), logging.getLogger("trio_sup")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@contextmanager
def broken_filter(error: BaseException) -> Generator[None]:
    def look(record: logging.LogRecord) -> bool:
        raise error

    for name in LOGGERS:
        logging.getLogger(name).addFilter(look)
    try:
        yield
    finally:
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(look)


Breaks = Callable[[BaseException], Any]
both = pytest.mark.parametrize("breaks", [broken_handler, broken_filter])


class Chatty(GenServer):
    """Logs by itself: it has no handle_info."""


@pytest.mark.trio
@both
async def test_the_tree_does_not_notice_a_log_handler_that_raises(
    breaks: Breaks, capsys: pytest.CaptureFixture[str]
) -> None:
    stage, registry = Stage(), Registry()

    def bad_hook(event: object) -> None:
        raise Boom("a hook")

    def bad_listener(notice: object) -> None:
        raise Boom("a listener")

    with breaks(Broken("no disk")):
        async with open_inspector("logs") as inspection:
            assert inspection.problem == ""
            current_node().add_hook(bad_hook)
            registry.add_listener(bad_listener)
            specs = [stage.spec("a", name=registry.via("a")), stage.spec("b")]
            async with open_supervisor([*specs, child(Chatty)]) as sup:
                chatty = sup.server(Chatty, "Chatty")
                chatty.send("what is this?")
                await chatty.trace()
                chatty.send("and this?")
                stage.crash("a", Boom("loud"))
                stage.crash("b")
                await quiet()
                assert sup.count_children().active == 3
                assert stage.lives == {"a": 2, "b": 2}
                assert (chatty.life, chatty.status) == (1, "running")
    err = capsys.readouterr().err
    assert "HookFailed: log handler or filter of" in err
    assert "no disk" in err
    # What could not be logged is not lost.
    assert "root/a crashed (life 1): Boom('loud')" in err
    assert "in _play" in err  # with its traceback


@pytest.mark.trio
async def test_a_handler_that_raises_is_reported_once_a_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with broken_handler(Broken("again")):
        async with open_supervisor(Stage().specs("a b c d")):
            pass
    assert capsys.readouterr().err.count("HookFailed") <= 1


@pytest.mark.parametrize("stream", [None, "closed"])
def test_without_stderr_nothing_is_raised_either(
    stream: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import sys

    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed if stream else None)
    with broken_handler(Broken("again")):
        Log("trio_sup").error("lost", exc_info=Boom())


def test_what_cannot_be_formatted_is_still_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Mute:
        def __str__(self) -> str:
            raise Broken

    with broken_filter(Broken("again")):
        Log("trio_sup").error("the words: %s", Mute())
    assert "the words" in capsys.readouterr().err


@both
@pytest.mark.parametrize("fatal", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_what_is_fatal_ends_the_tree_in_order_and_comes_out_bare(
    breaks: Breaks, fatal: BaseException
) -> None:
    stage = Stage()

    async def main() -> None:
        async with open_supervisor(stage.specs("a b")):
            stage.take()
            with breaks(fatal):
                stage.crash("a", Boom("loud"))
                await quiet()
            await trio.sleep_forever()

    with pytest.raises(type(fatal)) as info:
        trio.run(main)
    assert info.value is fatal
    assert stage.take() == ["a down", "b down"]


@both
def test_run_bears_a_log_handler_that_raises(
    breaks: Breaks, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Also in what it says by itself: that there is no inspector, and why."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(tmp_path / "file" / "run"))
    monkeypatch.setenv("TRIO_SUP_INSPECT", "nonsense")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    done: list[int] = []

    async def once() -> None:
        done.append(1)

    from trio_sup import supervisor

    spec = supervisor(
        [child(once, restart="temporary", significant=True)],
        auto_shutdown="any_significant",
    )
    with breaks(Broken("again")):
        run(spec)
    assert done == [1]

"""`run` and `serve` take signals only where they may, and give the handlers back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import pytest
import trio

from trio_sup import child, run, serve, supervisor
from trio_sup._tree.signals import Signals


def job(done: list[str]) -> object:
    async def works() -> None:
        done.append("worked")

    return supervisor(
        [child(works, restart="temporary", significant=True)],
        auto_shutdown="any_significant",
    )


def in_thread(work: Callable[[], None]) -> list[BaseException]:
    errors: list[BaseException] = []

    def target() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - looked at
            errors.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    return errors


def test_run_works_outside_of_the_main_thread() -> None:
    done: list[str] = []
    before = signal.getsignal(signal.SIGTERM)
    assert in_thread(lambda: run(job(done))) == []  # type: ignore[arg-type]
    assert done == ["worked"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_run_outside_of_the_main_thread_raises_what_the_tree_raises() -> None:
    async def exits() -> None:
        raise SystemExit(4)

    (error,) = in_thread(lambda: run([child(exits)]))
    assert isinstance(error, SystemExit)


def test_serve_says_that_signals_need_the_main_thread() -> None:
    done: list[str] = []

    async def main() -> None:
        await serve(job(done), handle_signals=True)  # type: ignore[arg-type]

    (error,) = in_thread(lambda: trio.run(main))
    assert type(error) is RuntimeError
    assert "main thread" in str(error)
    assert done == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_after_one_signal_the_former_handlers_are_back(number: int) -> None:
    async def asks() -> None:
        signal.raise_signal(number)
        await trio.sleep_forever()

    before = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)]
    run([child(asks)], inspect=False)
    assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)] == before


def test_a_second_run_after_a_storm_has_the_handlers_of_before_the_first() -> None:
    async def asks(times: int) -> None:
        for _ in range(times):
            signal.raise_signal(signal.SIGTERM)
        await trio.sleep_forever()

    before = signal.getsignal(signal.SIGTERM)
    for _ in range(3):
        run([child(asks, 5)], inspect=False)
        left = signal.getsignal(signal.SIGTERM)
        assert isinstance(getattr(left, "__self__", None), Signals)
    run([child(asks, 1)], inspect=False)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_handler_set_during_the_run_is_left_alone() -> None:
    def own(number: int, frame: object) -> None:
        raise AssertionError

    async def sets() -> None:
        signal.signal(signal.SIGTERM, own)
        signal.raise_signal(signal.SIGINT)
        await trio.sleep_forever()

    before = signal.getsignal(signal.SIGTERM)
    try:
        run([child(sets)], inspect=False)
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)

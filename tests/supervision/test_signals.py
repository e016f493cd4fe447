"""Signals at the worst moments: real processes, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from tests.directories import short_directory
from trio_sup import child, run, serve, supervisor
from trio_sup._tree.signals import Signals

ROOT = Path(__file__).parents[2]

PROGRAM = """
import os, signal, sys, threading, time, trio
from trio_sup import child, graceful_stop, run, serve, supervisor

def say(*words):
    print(*words, flush=True)

async def worker(id):
    try:
        await trio.sleep_forever()
    finally:
        say(id, "down")

async def polite(id):
    with graceful_stop() as stopping:
        await stopping.wait()
        say("asked")
        await trio.sleep(600)

async def ready():
    say("ready")
    await trio.sleep_forever()

tree = [child(worker, i, id=i) for i in "abc"] + [child(ready)]
"""

STORM = 200


@contextmanager
def program(
    text: str, directory: Path | None = None, **options: object
) -> Iterator[subprocess.Popen[str]]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    if directory is not None:
        environ["TRIO_SUP_RUNTIME_DIR"] = str(directory)
    process: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload]
        [sys.executable, "-c", textwrap.dedent(PROGRAM) + textwrap.dedent(text)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environ,
        **options,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    for got in process.stdout:
        if got.strip() == line:
            return
    assert process.stderr is not None
    raise AssertionError(f"no {line!r}: {process.stderr.read()}")


def storm(process: subprocess.Popen[str], *numbers: int) -> None:
    """Send signals a millisecond apart, to the very end of the process."""
    for turn in range(STORM):
        if process.poll() is not None:
            return
        process.send_signal(numbers[turn % len(numbers)])
        time.sleep(0.001)


def finish(process: subprocess.Popen[str]) -> tuple[int, list[str], str]:
    out, err = process.communicate(timeout=30)
    return process.returncode, out.split("\n")[:-1], err


DOWN = ["c down", "b down", "a down"]

STORMS = {
    "SIGTERM": (signal.SIGTERM,),
    "SIGINT": (signal.SIGINT,),
    "both": (signal.SIGTERM, signal.SIGINT),
}


@pytest.mark.parametrize("numbers", STORMS.values(), ids=STORMS)
@pytest.mark.parametrize("times", range(2))
def test_a_storm_of_signals_ends_in_order_and_leaves_no_socket(
    numbers: tuple[int, ...], times: int
) -> None:
    with short_directory() as directory:
        with program("run(tree, name='storm')", directory / "run") as process:
            read_until(process, "ready")
            storm(process, *numbers)
            code, lines, err = finish(process)
        assert lines == DOWN
        if signal.SIGINT not in numbers:
            assert (code, err) == (0, "")
        elif code != 0:  # it came between `run` and the interpreter's end
            assert code in (130, -signal.SIGINT)
            assert err.rstrip().endswith("KeyboardInterrupt")
        assert {path.suffix for path in (directory / "run").iterdir()} <= {""}


@pytest.mark.parametrize("numbers", STORMS.values(), ids=STORMS)
def test_a_storm_that_begins_before_the_tree_does_ends_in_order(
    numbers: tuple[int, ...],
) -> None:
    """From the moment in which `run` has the handlers; before it nothing stands."""
    text = """
    began = trio.run

    def begin(*args):
        say("called")
        while not signals_came:
            pass
        return began(*args)

    signals_came = []
    from trio_sup._tree.signals import Signals
    handle = Signals._handle

    def note(self, number, frame):
        signals_came.append(number)
        handle(self, number, frame)

    Signals._handle = note
    trio.run = begin
    run(tree, name='early')
    """
    with short_directory() as directory:
        with program(text, directory / "run") as process:
            read_until(process, "called")
            storm(process, *numbers)
            code, lines, err = finish(process)
        if signal.SIGINT not in numbers:
            assert (code, err) == (0, "")
        assert sorted(lines) == sorted(set(lines))  # what was up went down, once
        assert {path.suffix for path in (directory / "run").iterdir()} <= {""}


def test_a_storm_ends_serve_in_order_too() -> None:
    text = """
    async def main():
        await serve(tree, name='storm', handle_signals=True)
    trio.run(main)
    """
    with short_directory() as directory:
        with program(text, directory / "run") as process:
            read_until(process, "ready")
            storm(process, signal.SIGTERM)
            code, lines, err = finish(process)
        assert (code, lines, err) == (0, DOWN, "")
        assert {path.suffix for path in (directory / "run").iterdir()} <= {""}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_inspector_goes_does_not_kill(number: int) -> None:
    """The tree has ended, the socket is still there."""
    text = f"""
    from trio_sup.inspect.node import listener
    remove = listener._remove

    def slow(*args):
        os.kill(os.getpid(), {int(number)})
        remove(*args)

    listener._remove = slow

    async def once():
        pass

    spec = supervisor([child(once, restart="temporary", significant=True)],
                      auto_shutdown="any_significant")
    run(spec, name='late')
    say("returned")
    """
    with short_directory() as directory:
        with program(text, directory / "run") as process:
            assert finish(process) == (0, ["returned"], "")
        assert {path.suffix for path in (directory / "run").iterdir()} <= {""}


def test_a_signal_while_the_interpreter_ends_does_not_change_the_exit_code() -> None:
    text = """
    class Late:
        def __del__(self, kill=os.kill, pid=os.getpid()):
            kill(pid, 15)
            kill(pid, 2)

    sys.late = Late()
    run(tree, inspect=False)
    """
    with program(text) as process:
        read_until(process, "ready")
        process.send_signal(signal.SIGTERM)
        assert finish(process) == (0, DOWN, "")


def test_a_program_that_no_signal_has_ended_keeps_its_handlers_to_the_end() -> None:
    text = """
    async def once():
        pass

    spec = supervisor([child(once, restart="temporary", significant=True)],
                      auto_shutdown="any_significant")
    run(spec, inspect=False)
    say("returned")
    time.sleep(60)
    """
    with program(text) as process:
        read_until(process, "returned")
        process.send_signal(signal.SIGTERM)
        assert finish(process) == (-signal.SIGTERM, [], "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_program_that_goes_on_after_run_can_be_ended_by_signals(number: int) -> None:
    """After many signals, too; those of the first second belong to the first wish."""
    text = """
    run([child(polite, "p", shutdown=600), child(ready)], inspect=False)
    say("returned")
    time.sleep(60)
    """
    with program(text) as process:
        read_until(process, "ready")
        process.send_signal(number)
        read_until(process, "asked")
        process.send_signal(number)
        read_until(process, "returned")
        began = time.monotonic()
        while process.poll() is None:
            process.send_signal(number)
            time.sleep(0.05)
            assert time.monotonic() - began < 30
        code, _, err = finish(process)
        assert code in (-number, 130)
        assert err == "" or err.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_ignored_at_the_start_stays_ignored(number: int) -> None:
    """As under ``nohup`` and behind ``&`` in a script."""
    other = ({signal.SIGTERM, signal.SIGINT} - {number}).pop()

    def ignore() -> None:
        signal.signal(number, signal.SIG_IGN)

    text = f"run(tree, inspect=False); say(signal.getsignal({int(number)}).name)"
    with program(text, preexec_fn=ignore) as process:
        read_until(process, "ready")
        for _ in range(5):
            process.send_signal(number)
        process.send_signal(other)
        assert finish(process) == (0, [*DOWN, "SIG_IGN"], "")


def test_a_script_in_the_background_is_not_stopped_by_ctrl_c() -> None:
    """A shell without job control ignores SIGINT for what it starts behind ``&``."""
    with short_directory() as directory:
        script = directory / "program.py"
        script.write_text(textwrap.dedent(PROGRAM) + "run(tree, inspect=False)\n")
        command = f"{sys.executable} {script} & echo $! ; wait $!"
        shell = subprocess.Popen(
            ["sh", "-c", command],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert shell.stdout is not None
        pid = int(shell.stdout.readline())
        assert shell.stdout.readline() == "ready\n"
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
        out, _ = shell.communicate(timeout=30)
        assert out.split("\n")[:-1] == DOWN
        assert shell.returncode == 0


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


# --- sys.exit() in a child ------------------------------------------------------------

EXITS = """
async def exits(code, how):
    if how == "bare":
        sys.exit(code)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(exits, code, "bare")
        if how == "twice":
            nursery.start_soon(exits, 0, "bare")
        await trio.sleep_forever()

async def forever():
    await trio.sleep_forever()
"""


@pytest.mark.parametrize("code", [0, None, 7, "a word"])
@pytest.mark.parametrize("how", ["bare", "nursery", "twice"])
@pytest.mark.parametrize("depth", [0, 2])
def test_sys_exit_in_a_child_is_an_exit_code_and_no_traceback(
    code: object, how: str, depth: int
) -> None:
    text = f"""{EXITS}
import logging
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
spec = child(exits, {code!r}, {how!r})
for turn in range({depth}):
    spec = supervisor([child(forever), spec], id=f"s{{turn}}")
run([child(worker, "a", id="a"), spec], inspect=False)
"""
    expected = {0: 0, None: 0, 7: 7, "a word": 1}[code]  # type: ignore[index]
    with program(text) as process:
        got, lines, err = finish(process)
    assert (got, lines) == (expected, ["a down"])
    assert "Traceback" not in err
    assert "crashed" not in err
    assert "ends the program (life 1): " in err
    assert ("ERROR" in err) == (expected != 0)
    assert ("a word" in err.split("\n")) == (code == "a word")


def test_ctrl_c_in_a_childs_nursery_is_ctrl_c_to_the_shell() -> None:
    text = """
    async def presses():
        async with trio.open_nursery():
            raise KeyboardInterrupt

    run([child(worker, "a", id="a"), child(presses)], inspect=False)
    """
    with program(text) as process:
        code, lines, err = finish(process)
    assert code in (130, -signal.SIGINT)
    assert lines == ["a down"]
    assert err.rstrip().endswith("\nKeyboardInterrupt")


def test_sys_exit_beside_another_error_hides_nothing() -> None:
    text = """
    async def both():
        async with trio.open_nursery():
            raise BaseExceptionGroup("two", [SystemExit(0), ValueError("lost?")])

    run([child(both)], inspect=False)
    """
    with program(text) as process:
        code, _, err = finish(process)
    assert code == 1
    assert "lost?" in err

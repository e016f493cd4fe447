"""Signals at the worst moments: real processes, real signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.directories import short_directory
from tests.supervision.signalled import PROGRAM, finish, program

ROOT = Path(__file__).parents[2]


STORM = 200


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
            assert "KeyboardInterrupt" in err
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
        # Trio closes its wake-up socket before Python has let go of it; Python then
        # says that it could not write there, which is true and harms nobody.
        said = re.match(
            "Exception ignored wh(en|ile) trying to write to the signal", err
        )
        assert (code, lines, err if not said else "") == (0, DOWN, "")
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

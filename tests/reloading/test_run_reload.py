"""``trio-sup run --reload``: real files, a real process, real edits."""

from __future__ import annotations

import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from tests.commands.rig import COMMAND, environment
from tests.reloading.__main__ import judged
from tests.reloading.session import session
from trio_sup.cli import main

pytest.importorskip("watchfiles", reason="needs trio-sup[reload]")

TREE = """
import os, trio
from trio_sup import child
from parts import WORD

async def tell():
    print(os.getpid(), WORD, flush=True)
    await trio.sleep_forever()

async def stay():
    print("stays", flush=True)
    await trio.sleep_forever()

spec = [child(tell), child(stay)]
"""
STAY = "import trio\n" + TREE[TREE.index("async def stay") : TREE.index("spec =")]
APART = TREE.replace(STAY.removeprefix("import trio\n"), "from stay import stay\n")


class Output:
    """What a program has said, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        self.heard: list[str] = []
        stream = process.stdout
        assert stream is not None

        def read() -> None:
            for line in stream:
                self._lines.put(line.rstrip("\n"))

        threading.Thread(target=read, daemon=True).start()

    def until(self, pattern: str) -> str:
        """Wait for a line that matches, and return it."""
        while True:
            line = self._lines.get(timeout=30)
            self.heard.append(line)
            if re.search(pattern, line):
                return line


@contextmanager
def run(
    folder: Path, *args: str, **files: str
) -> Iterator[tuple[subprocess.Popen[str], Output]]:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    with subprocess.Popen(
        [*COMMAND, "run", "tree:spec", "--reload", "--no-inspect", *args],
        env=environment(folder),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            output = Output(process)
            yield process, output
            process.send_signal(signal.SIGINT)
            assert process.wait(20) in (0, 130)
        finally:
            process.kill()


def test_an_edit_is_taken_over_and_a_mistake_shown_with_its_place(
    tmp_path: Path,
) -> None:
    files = {"tree": APART, "stay": STAY, "parts": "WORD = 'first'"}
    with run(tmp_path, **files) as (process, output):
        assert output.until(r"\d+ first").split()[0] == str(process.pid)
        output.until("stays")
        (tmp_path / "parts.py").write_text("WORD = 'second'")
        assert output.until(r"\d+ second").split()[0] == str(process.pid)
        (tmp_path / "parts.py").write_text("WORD = (")
        output.until(r'File ".*parts.py", line 1')
        output.until("SyntaxError")
        (tmp_path / "parts.py").write_text("WORD = 'third'")
        output.until(r"\d+ third")
        assert output.heard.count("stays") == 1


@pytest.mark.slow
def test_where_it_cannot_be_sound_the_whole_begins_anew_in_the_same_process(
    tmp_path: Path,
) -> None:
    parts = "import stay\nWORD = 'first'\ndef hook(): ...\nstay.HOOKS.append(hook)\n"
    files = {"tree": APART, "stay": STAY + "HOOKS = []\n", "parts": parts}
    with run(tmp_path, **files) as (process, output):
        output.until("first")
        (tmp_path / "parts.py").write_text(parts.replace("first", "second"))
        output.until("the whole begins anew: stay goes on, and keeps parts.hook")
        assert output.until(r"\d+ second").split()[0] == str(process.pid)
        output.until("stays")


@pytest.mark.slow
def test_what_does_not_run_at_all_waits_for_an_edit(tmp_path: Path) -> None:
    files = {"tree": APART, "stay": STAY, "parts": "raise OSError('not yet')"}
    with run(tmp_path, **files) as (_, output):
        output.until(r'File ".*parts.py", line 1')
        output.until("waiting for an edit")
        (tmp_path / "parts.py").write_text("WORD = 'first'")
        output.until(r"\d+ first")


@pytest.mark.slow
def test_a_tree_that_gave_up_waits_for_an_edit(tmp_path: Path) -> None:
    tree = APART.replace(
        "    await trio.sleep_forever()", "    raise OSError('always')"
    )
    files = {"tree": tree, "stay": STAY, "parts": "WORD = 'first'"}
    with run(tmp_path, **files) as (_, output):
        output.until("waiting for an edit")
        (tmp_path / "tree.py").write_text(APART.replace("WORD,", "WORD, 'mended',"))
        output.until("mended")


def test_reload_dir_goes_with_reload(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "tree:spec", "--reload-dir", "."]) == 2
    assert capsys.readouterr().err == "trio-sup: --reload-dir goes with --reload\n"


def test_without_the_extra_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    assert main(["run", "tree:spec", "--reload"]) == 2
    said = capsys.readouterr().err
    assert "watchfiles, which is not installed" in said
    assert "[reload]'" in said


@pytest.mark.slow
def test_people_keep_their_connections_while_an_application_is_edited(
    short_dir: Path,
) -> None:
    seen = trio.run(session, short_dir, 4, 3)
    assert judged(seen, 4) == []
    assert seen.answers

"""Every input that once did harm, and their relatives: none of them does any more."""

import contextlib
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.rig import ROOT, environment
from tests.hostile.records import watch
from tests.hostile.viewer import GREETING, RAW, WAYS, Viewer
from trio_sup import cli

CORPUS = Path(__file__).parent / "corpus"
FRAMES = sorted(CORPUS.glob("*.ndjson"))
RECORDINGS = sorted(CORPUS.glob("*.rec"))
COMMANDS = (
    *(["tree"], ["tree", "--json"], ["ps"], ["ps", "--json"], ["status"]),
    *(["status", "--json"], ["events"], ["events", "--json"], ["inspect"]),
    ["show", "#3"],
)
MEMORY = 1_000_000_000


def named(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", FRAMES, ids=named)
def test_a_hostile_node_harms_no_viewer(path: Path) -> None:
    viewer = Viewer()
    for frame in path.read_bytes().splitlines(keepends=True):
        viewer.hear(frame)
        viewer.look(WAYS)
    viewer.look(WAYS)


@pytest.mark.parametrize("path", RECORDINGS, ids=named)
def test_a_hostile_recording_harms_no_view(path: Path) -> None:
    watch(path, random.Random(0), everything=True)


@pytest.mark.parametrize("path", RECORDINGS, ids=named)
def test_a_hostile_recording_is_shown_or_refused_in_one_line(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    large = "bomb" in path.stem or "many" in path.stem
    for words in COMMANDS[:: 4 if large else 1]:
        code = cli.main([words[0], str(path), *words[1:]])
        out, err = capsys.readouterr()
        assert not RAW.search(out)
        assert not RAW.search(err)
        assert code in (0, 2, 3, 4), (words, err)
        assert "Traceback" not in err
        if code:
            assert err.startswith("trio-sup: ")
            assert err.count("\n") == 1
        assert err.count("\n") <= 1 or words == ["inspect"]


def test_no_recording_takes_more_memory_than_a_viewer_may_have() -> None:
    """In a process of its own: what it took at most is known of processes alone."""
    code = (
        "import resource, sys;"
        f"resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}));"
        "from trio_sup import cli;"
        "codes = [cli.main(['tree', path]) for path in sys.argv[1:]];"
        # Not `ru_maxrss`, which a process has from who started it.
        "status = open('/proc/self/status').read();"
        "print(codes, int(status.partition('VmHWM:')[2].split()[0]) * 1024)"
    )
    bombs = [str(path) for path in RECORDINGS if "bomb" in path.stem]
    done = subprocess.run(
        [sys.executable, "-c", code, *bombs],
        env=environment(CORPUS),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    peak = int(done.stdout.splitlines()[-1].rpartition(" ")[2])
    assert peak < 200_000_000
    # One never ends its line: it is taken for what a killed recorder left behind.
    assert done.stderr.count("\n") == len(bombs) - 1


def test_nothing_in_the_command_prints_but_its_one_module() -> None:
    said = re.compile(r"\bprint\(|std(out|err)\.write|\.buffer\b|print_exc")
    command = ROOT / "trio_sup" / "_commands"
    for path in [ROOT / "trio_sup" / "cli.py", *command.glob("*.py")]:
        if path.name != "output.py":
            assert not said.search(path.read_text(encoding="utf-8")), path


def test_nothing_in_the_application_makes_terminal_text_but_its_one_module() -> None:
    made = re.compile(
        r"\bSegment\(|\bStatic\((?!\"[^\"\[]*\")|\bLabel\(|Text\(|Content\("
    )
    application = ROOT / "inspector" / "trio_sup_inspector"
    for path in application.rglob("*.py"):
        if path.name != "paint.py":
            assert not made.search(path.read_text(encoding="utf-8")), path


def test_the_greeting_of_the_attacks_is_understood() -> None:
    viewer = Viewer()
    assert len(viewer.session.rows) == 5
    assert GREETING.count(b"\n") >= 6
    with contextlib.suppress(StopIteration):
        assert viewer.session.bad_frames == 0

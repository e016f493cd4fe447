"""``completion``: what shells are told, by the shells themselves where they are."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.rig import COMMAND, environment

pytest.importorskip("argcomplete", reason="needs the extra `completion`")

Here = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(shop_directory: Path, tmp_path: Path) -> Callable[..., str]:
    """Runs a line in a shell that finds `trio-sup`; returns what it prints."""
    command = tmp_path / "trio-sup"
    command.write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
    command.chmod(0o755)
    environ = environment(shop_directory)
    environ["PATH"] = f"{tmp_path}{os.pathsep}{environ['PATH']}"
    environ["HOME"] = str(tmp_path)

    def run(name: str, line: str) -> str:
        if shutil.which(name) is None:
            pytest.skip(f"no {name} here")
        done = subprocess.run(
            [name, "-c", line],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return done.stdout

    return run


BASH = """
source <(trio-sup completion bash)
COMP_LINE={line!r} COMP_POINT={point} COMP_TYPE=9 COMP_WORDS=({line}) COMP_CWORD={at}
_python_argcomplete trio-sup {last!r}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def in_bash(line: str) -> str:
    words = line.split(" ")
    return BASH.format(
        line=line, point=len(line), at=len(words) - 1, last=words[-1] or ""
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("trio-sup sn", ["snapshot"]),
        ("trio-sup tree sh", ["shop"]),
        ("trio-sup status --max-l", ["--max-lag"]),
        ("trio-sup show shop shop/boards/b", ["b0", "b1", "b2"]),
    ],
)
def test_bash_completes_commands_options_nodes_and_children(
    line: str, expected: list[str], shell: Callable[..., str]
) -> None:
    words: list[str] = []
    for _ in range(20):  # a busy machine may offer nothing in the time there is
        words = shell("bash", in_bash(line)).split()
        if words:
            break
    assert [word.strip().rpartition("/")[2] for word in words] == expected


def test_fish_completes_with_descriptions(shell: Callable[..., str]) -> None:
    out = shell("fish", "trio-sup completion fish | source; complete -C 'trio-sup sn'")
    assert out.split()[0] == "snapshot"


def test_zsh_can_read_its_script(shell: Callable[..., str], here: Here) -> None:
    script = here("completion", "zsh")[1]
    assert script.startswith("#compdef trio-sup")
    assert shell("zsh", "trio-sup completion zsh | zsh -n") == ""


def test_a_node_that_hangs_completes_to_nothing_soon(
    environ: dict[str, str], start: Callable[..., int], tmp_path: Path
) -> None:
    os.kill(start("shop"), 19)
    line = "trio-sup show shop shop/b"
    asked = {
        "_ARGCOMPLETE": "1",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "out"),
    }
    done = subprocess.run(
        COMMAND, env={**environ, **asked}, capture_output=True, check=False, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "out").read_text() == ""

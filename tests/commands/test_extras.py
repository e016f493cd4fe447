"""What a command says when the extra that it needs is not installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.rig import environment

PROGRAM = """\
import sys
*words, missing = sys.argv[1:]
sys.modules[missing] = None
from trio_sup.cli import main
raise SystemExit(main(words))
"""


def without(
    missing: str, words: list[str], directory: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words, missing],
        env=environment(directory),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "missing", "extra"),
    [
        (["completion", "bash"], "argcomplete", "completion"),
        (["inspect", "--web"], "textual_serve", "web"),
        (["inspect", "--web"], "aiohttp", "web"),
        (["inspect", "--web"], "textual", "inspector"),
    ],
)
def test_it_names_the_extra(
    words: list[str], missing: str, extra: str, directory: Path
) -> None:
    done = without(missing, words, directory)
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"extra `{extra}`" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_an_extra_does_not_bring_is_missed_loudly(directory: Path) -> None:
    done = without("asyncio", ["inspect", "--web"], directory)
    assert done.returncode == 1
    assert "ModuleNotFoundError: " in done.stderr
    assert "asyncio" in done.stderr.splitlines()[-1]

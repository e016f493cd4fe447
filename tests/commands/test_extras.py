"""What a command says when the extra that it needs is not installed."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.commands.rig import environment
from trio_sup._core.extras import how_to_install

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
    assert done.stderr.endswith(f"{how_to_install(extra)}\n")
    assert "Traceback" not in done.stderr


def test_what_an_extra_does_not_bring_is_missed_loudly(directory: Path) -> None:
    done = without("asyncio", ["inspect", "--web"], directory)
    assert done.returncode == 1
    assert "ModuleNotFoundError: " in done.stderr
    assert "asyncio" in done.stderr.splitlines()[-1]


FROM_AN_INDEX = "pip install 'trio-sup[web]'"
IN_A_CHECKOUT = "pip install -e '.[web]'"


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (None, FROM_AN_INDEX),
        ('{"url": "file:///src", "dir_info": {"editable": true}}', IN_A_CHECKOUT),
        ('{"url": "file:///src", "dir_info": {}}', FROM_AN_INDEX),
        ('{"url": "file:///x.whl", "archive_info": {}}', FROM_AN_INDEX),
        ("no json", FROM_AN_INDEX),
        ("[]", FROM_AN_INDEX),
    ],
)
def test_the_words_are_those_that_work_where_it_is_installed(
    origin: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "trio_sup-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Name: trio-sup\nVersion: 1\n")
    if origin is not None:
        (installed / "direct_url.json").write_text(origin)
    monkeypatch.syspath_prepend(tmp_path)
    assert how_to_install("web") == said


def test_without_an_installation_it_is_a_checkout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nothing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", nothing)
    assert how_to_install("web") == IN_A_CHECKOUT

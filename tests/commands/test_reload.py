"""``trio-sup reload``: a node makes its specification once more, and says what it does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.rig import COMMAND
from trio_sup.cli import main

TREE = """
import pathlib, trio
from trio_sup import child, supervisor

WANTED = pathlib.Path(__file__).with_name("wanted")

async def work(word):
    await trio.sleep_forever()

async def ready():
    print("ready", flush=True)
    await trio.sleep_forever()

async def broken(*, task_status):
    raise OSError("no such host")

def spec():
    words = WANTED.read_text().split()
    more = [child(broken)] if "broken" in words else []
    return supervisor([child(work, words[0]), *more, child(ready)], id="shop")
"""

Answer = tuple[int, str, str]


class Shop:
    def __init__(self, wanted: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.wanted = wanted
        self._capsys = capsys

    def reload(self, *args: str) -> Answer:
        return self.ask("reload", "shop", *args)

    def ask(self, *args: str) -> Answer:
        self._capsys.readouterr()
        code = main(args)
        out, err = self._capsys.readouterr()
        return code, out, err


def started(
    control: list[str], tmp_path: Path, environ: dict[str, str]
) -> subprocess.Popen[str]:
    (tmp_path / "shoptree.py").write_text(TREE)
    (tmp_path / "wanted").write_text("first")
    process = subprocess.Popen(
        [*COMMAND, "run", "shoptree:spec", "--name", "shop", *control],
        env=environ,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture
def shop(
    tmp_path: Path,
    directory: Path,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Shop]:
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(directory))
    with started(["--control"], tmp_path, environ) as process:
        yield Shop(tmp_path / "wanted", capsys)
        process.kill()


DIFF = """\
shop
  ! work: restart (args ('first',) -> ('second',), loses its state)
  = ready
ends 1 life: 1 with its state, 0 that hand it on
"""


def test_a_plan_changes_nothing_and_a_reload_does_what_it_said(shop: Shop) -> None:
    assert shop.reload("--plan") == (0, "shop: nothing changes\n", "")
    shop.wanted.write_text("second")
    assert shop.reload("--plan") == (0, DIFF, "")
    assert shop.reload() == (0, DIFF + "done: shop: 1 kept, 1 restarted\n", "")
    assert shop.reload("--plan") == (0, "shop: nothing changes\n", "")

    # What goes wrong: nothing is changed, and the exit code says which it was.
    shop.wanted.write_text("second broken")
    code, out, err = shop.reload()
    assert (code, err) == (1, "")
    assert "failed: 'shop' was not reconfigured: child 'shop/broken'" in out
    shop.wanted.unlink()
    code, out, err = shop.reload("--json")
    assert (code, err.count("\n")) == (8, 1)
    assert "shoptree:spec() raised FileNotFoundError" in err
    said = json.loads(out)
    assert (said["action"], said["state"], said["code"], said["affected"]) == (
        "reload",
        "refused",
        "not_applicable",
        0,
    )
    shop.wanted.write_text("third")
    said = json.loads(shop.reload("--json")[1])
    assert (said["state"], said["affected"]) == ("done", 1)
    assert said["plan"][0] == "shop"

    # Who asked for it, and what came of it, are events of the node.
    out = shop.ask("events", "shop")[1]
    assert "reload the node: accepted: shop;" in out
    assert "shop: reconfigured: 1 kept, 1 restarted" in out


def test_a_node_that_only_shows_itself_refuses(
    tmp_path: Path,
    directory: Path,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(directory))
    with started([], tmp_path, environ) as process:
        assert Shop(tmp_path, capsys).reload()[0] == 8
        process.kill()

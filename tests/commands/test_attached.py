"""Tasks that attached themselves are seen by every command."""

import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio

from tests.commands.rig import COMMAND, environment
from trio_sup import attach, child, current_node, open_inspector, open_supervisor
from trio_sup._inspected.operator import Operator
from trio_sup.metrics import prometheus_text

Run = Callable[..., Awaitable[str]]


@pytest.mark.trio
async def test_a_viewer_with_a_full_mailbox_that_drops_can_be_found(
    short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = environment(short_dir)
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", environ["TRIO_SUP_RUNTIME_DIR"])

    async def command(*args: str) -> str:
        done = await trio.run_process(
            [*COMMAND, *args],
            env=environ,
            capture_stdout=True,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return str(done.stdout.decode())

    async with (
        open_supervisor([child(trio.sleep_forever)], id="shop"),
        open_inspector(inspect="control"),
    ):
        assert "attached" not in await command("ps")
        async with attach(id="viewer", capacity=3, when_full="drop_oldest") as me:
            for number in range(9):
                me.send(number)
            await _every_command_shows_it(command)
            assert (me.waiting, me.dropped, me.status) == (3, 6, "running")
            for action in ("restart", "terminate", "crash", "vanish", "suspend"):
                told = Operator(current_node()).consequence(action, me.record, 1, "")
                assert told.code == "not_applicable"
                assert "attached/viewer attached itself" in told.why
        assert "attached" not in await command("ps")
        assert "attached" not in prometheus_text()


async def _every_command_shows_it(command: Run) -> None:
    tree = (await command("tree")).splitlines()
    assert "shop" in tree[0]
    group, viewer = (line for line in tree if "attached" in line or "viewer" in line)
    assert group.index("attached") < viewer.index("viewer")
    listed = await command("ps", "--columns", "path,mailbox", "--no-heading")
    assert [line.split()[0] for line in listed.splitlines()] == [
        "attached",
        "attached/viewer",
        "shop",
        "shop/sleep_forever",
    ]
    assert "3/3" in listed
    assert "attached/viewer" in await command("top", "--once")
    shown = await command("show", "attached/viewer")
    assert "attached/viewer" in shown
    assert "3" in shown
    assert "attached" in await command("show", "attached")
    status = await command("status")
    assert "attached/viewer has a full mailbox (3/3)" in status
    text = prometheus_text()
    assert 'trio_sup_supervisor_mailbox_messages{path="attached"} 3' in text

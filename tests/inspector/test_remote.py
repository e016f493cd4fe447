"""The application on a node behind ssh, with an ssh that runs the command here."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from tests.commands.rig import environment
from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import PATIENCE, Rig, open_rig
from tests.inspector.shop import shop_rows
from trio_sup.inspect.client.session import Session
from trio_sup.inspect.protocol.wire_actions import AskControl, Plan, Planned, Role
from trio_sup_inspector.connection import Connection, Target

LINE = "life 3 of it ends, life 4 starts"
FAKE = """\
#!/bin/sh
printf '%s\\n' "$*" >> "$0.log"
[ -e "$0.broken" ] && {{ echo 'ssh: connect to host far: refused' >&2; exit 255; }}
for last; do :; done
exec sh -c "$last"
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ssh"
    path.write_text(FAKE.format())
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", environment(Path())["PYTHONPATH"])
    monkeypatch.setenv("TRIO_SUP_REMOTE", f"{sys.executable} -m trio_sup")
    return path


def test_a_remote_node_is_shown_lost_and_found_again(
    ssh: Path, short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(short_dir))

    async def main() -> None:
        node = FakeNode(rows=shop_rows())
        wanted = "ssh://me@far/shop"
        async with open_rig(node, wanted=wanted, directory=short_dir) as rig:
            assert "payments" in rig.text()
            assert "LIVE" in rig.text()
            log = ssh.with_name("ssh.log").read_text()
            assert log.startswith("-T -o BatchMode=yes -- me@far ")
            ssh.with_name("ssh.broken").touch()
            await node.stop()
            await rig.until_shown("RECONNECTING")
            await rig.press("r")
            await rig.until_shown("ssh to far failed: ssh: connect to host far")
            assert "payments" in rig.text()
            ssh.with_name("ssh.broken").unlink()
            await node.start()
            await rig.press("r")
            await rig.until_shown("LIVE")

    asyncio.run(main())


async def ask_to_restart(rig: Rig, node: FakeNode) -> None:
    """Up to the question about the first child below the root."""
    await rig.until(lambda: AskControl() in node.asked)
    node.say(Role("control", "", ["restart"]))
    await rig.until_shown("CONTROL")
    await rig.press("down", "a")
    await rig.until_shown("terminate")
    await rig.press("enter")
    await rig.until(lambda: any(isinstance(asked, Plan) for asked in node.asked))
    plan = [asked for asked in node.asked if isinstance(asked, Plan)][-1]
    node.say(Planned(plan.req, lines=[LINE], affected=1))
    await rig.until_shown(LINE)


@pytest.mark.parametrize("size", [(60, 20), (100, 30)])
def test_a_node_of_another_machine_says_on_which_one_it_is(
    size: tuple[int, int], ssh: Path, short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(short_dir))

    async def main() -> None:
        node = FakeNode(rows=shop_rows())
        wanted, directory = "ssh://me@far:2222/shop", short_dir
        async with open_rig(
            node, wanted=wanted, directory=directory, size=size, control=True
        ) as rig:
            await ask_to_restart(rig, node)
            assert "Restart shop/db on far?" in rig.text()
            await rig.press("escape")
            assert " on far " in rig.text().splitlines()[0]
            await rig.press("6")
            assert "far, over ssh" in rig.line("machine")

    asyncio.run(main())


def test_a_node_with_a_long_name_does_not_hide_where_it_is(
    ssh: Path, short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(short_dir))

    async def main() -> None:
        node = FakeNode(rows=shop_rows(), name="shop" * 7)
        wanted, size = f"ssh://me@far:2222/{node.name}", (40, 15)
        async with open_rig(node, wanted=wanted, directory=short_dir, size=size) as rig:
            await rig.until_shown("LIVE")
            assert "… on far " in rig.text().splitlines()[0]

    asyncio.run(main())


def test_a_node_of_this_machine_names_none() -> None:
    async def main() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node, control=True) as rig:
            await ask_to_restart(rig, node)
            assert "Restart shop/db?" in rig.text()
            await rig.press("escape", "6")
            assert " on " not in rig.text().splitlines()[0]
            assert "machine" not in rig.text()

    asyncio.run(main())


def test_why_ssh_fails_is_on_the_screen(ssh: Path, tmp_path: Path) -> None:
    async def main() -> None:
        ssh.with_name("ssh.broken").touch()
        async with open_rig(wanted="ssh://far/shop", wait=False) as rig:
            await rig.until_shown(
                "ssh to far failed: ssh: connect to host far: refused"
            )
            assert "without a password" in rig.text()

    asyncio.run(main())


@pytest.mark.parametrize("turns", range(3))
def test_ssh_is_ended_even_if_the_loop_ends_at_once(
    turns: int, ssh: Path, tmp_path: Path
) -> None:
    ssh.write_text('#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 60\n')
    written = ssh.with_name("ssh.pid")

    async def main() -> None:
        target = Target(tmp_path, "ssh://far/shop")
        connection = Connection(Session(client="test"), target, time.monotonic)
        running = asyncio.create_task(connection.run())
        async with asyncio.timeout(PATIENCE):
            while not (written.exists() and written.read_text()):
                await asyncio.sleep(0.005)
        running.cancel()
        for _ in range(turns):
            await asyncio.sleep(0)

    asyncio.run(main())
    with pytest.raises(ProcessLookupError):
        os.kill(int(written.read_text()), 0)

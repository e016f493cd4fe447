"""The application on a real pseudo-terminal, in a process of its own."""

import asyncio
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.inspector import shop_inside
from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import PATIENCE
from tests.inspector.shop import shop_rows

pytestmark = pytest.mark.slow

PROGRAM = "import sys; from trio_sup_inspector.app import main; sys.exit(main(None, remember=False))"
COLOUR = re.compile(rb"\x1b\[(?:[0-9;:]*;)?(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|38|48)[;:m]")


class Terminal:
    """Reads what a program draws, and types."""

    def __init__(self, directory: Path, **environ: str) -> None:
        self.screen = b""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        keep = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "LC_ALL")}
        keep |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        keep |= {"TRIO_SUP_RUNTIME_DIR": str(directory), "HOME": str(directory)}
        keep |= {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=keep | environ,
            start_new_session=True,
        )
        os.close(slave)
        os.set_blocking(self.master, False)
        asyncio.get_running_loop().add_reader(self.master, self._read)

    def _read(self) -> None:
        try:
            self.screen += os.read(self.master, 65536)
        except OSError:  # the program has ended
            asyncio.get_running_loop().remove_reader(self.master)

    async def until(self, text: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while text.encode() not in self.screen:
                assert self.process.poll() is None, self.screen[-2000:]
                await asyncio.sleep(0.02)

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            while self.process.poll() is None:
                await asyncio.sleep(0.02)
        return self.process.returncode

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.mark.parametrize(
    ("environ", "coloured", "plain"),
    [
        ({}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, True, True),
    ],
)
def test_it_draws_types_and_leaves_the_terminal_as_it_was(
    environ: dict[str, str], coloured: bool, plain: bool, short_dir: Path
) -> None:
    async def main() -> None:
        node = FakeNode(rows=shop_rows(), topics=shop_inside.topics())
        await node.start(short_dir)
        terminal = Terminal(short_dir, **environ)
        try:
            await terminal.until("payments")
            await terminal.until("LIVE")
            assert terminal.screen.isascii() == plain
            assert ("●".encode() in terminal.screen) != plain
            assert b"\x1b[?1049h" in terminal.screen
            assert bool(COLOUR.search(terminal.screen)) == coloured
            terminal.type(b"jjj\r")
            await terminal.until("app.payments.Charge")
            terminal.type(b"5")
            await terminal.until("What  ")
            terminal.type(b"8")
            await terminal.until("watch_limits")
            terminal.type(b"q")
            assert await terminal.ended() == 0
            assert terminal.screen.rfind(b"\x1b[?1049l") > terminal.screen.rfind(
                b"LIVE"
            )
        finally:
            terminal.close()
            await node.stop()

    asyncio.run(main())

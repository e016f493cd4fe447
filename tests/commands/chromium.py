"""A headless Chromium, spoken to over a pair of pipes. No library."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe")


def find() -> str | None:
    """The command, if there is one."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """One page, and what came over its websockets."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._rest = b""
        self._serial = 0
        self._session: str | None = None
        self.received = b""

    def open(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self.call("Network.enable")

    def call(self, method: str, **params: object) -> dict[str, Any]:
        self._serial += 1
        message = {"id": self._serial, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            said = self._next()
            if said.get("id") == self._serial:
                result: dict[str, Any] = said["result"]
                return result

    def value(self, expression: str) -> object:
        """What a script says."""
        result = self.call("Runtime.evaluate", expression=expression)["result"]
        return result.get("value")

    def click(self, x: int, y: int) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            place = {"x": x, "y": y, "button": "left", "clickCount": 1}
            self.call("Input.dispatchMouseEvent", type=kind, **place)

    def press(self, digit: str) -> None:
        key = {"key": digit, "code": f"Digit{digit}", "text": digit}
        number = ord(digit)
        self.call(
            "Input.dispatchKeyEvent",
            type="keyDown",
            windowsVirtualKeyCode=number,
            **key,
        )
        self.call("Input.dispatchKeyEvent", type="keyUp", windowsVirtualKeyCode=number)

    def until(self, happened: Callable[[], object]) -> None:
        """Listen until something has come; the test's own timeout ends it."""
        while not happened():
            self._next()

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = os.read(self._read, 65536)
            if not data:
                raise EOFError("the browser is gone")
            self._rest += data
        line, self._rest = self._rest.split(b"\0", 1)
        said: dict[str, Any] = json.loads(line)
        if said.get("method") == "Network.webSocketFrameReceived":
            frame = said["params"]["response"]
            binary = frame["opcode"] == 2
            data = frame["payloadData"]
            self.received += base64.b64decode(data) if binary else data.encode()
        return said


@contextlib.contextmanager
def browser(command: str, profile: Path) -> Generator[Browser, None, None]:
    """Start it, and end it with the block."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    # It reads from 3 and writes to 4, whatever numbers we were given.
    script = (
        "import os, sys\n"
        f"read, write = os.dup({theirs_in}), os.dup({theirs_out})\n"
        "os.dup2(read, 3), os.dup2(write, 4)\n"
        "os.set_inheritable(3, True), os.set_inheritable(4, True)\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    arguments = [command, *FLAGS, f"--user-data-dir={profile}"]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        pass_fds=(theirs_in, theirs_out),
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        page = Browser(ours_out, ours_in)
        page.open()
        yield page
    finally:
        # Nobody speaks to it any more: it ends, and removes what it left in /tmp.
        os.close(ours_out)
        os.close(ours_in)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

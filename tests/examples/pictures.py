"""Draws the applications in use: ``python -m tests.examples.pictures [NAME ...]``.

Each runs as its page says, with what it needs beside it, and is used for some seconds;
then the inspector, attached to it, is drawn as it looks, and a page as a browser shows
it. Times and numbers are those of the day, so the files change with each drawing.
"""

import asyncio
import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import trio
from attrs import field, frozen
from trio_websocket import open_websocket_url

from tests.commands import chromium
from tests.commands.rig import COMMAND, ROOT
from tests.directories import short_directory
from tests.inspector.pictures import IMAGES, own_fonts
from trio_sup_inspector.app import InspectorApp
from trio_sup_inspector.connection import Target
from trio_sup_inspector.settings import Settings

SIZE = (104, 26)


@frozen
class Application:
    """How one is run, and what is beside it."""

    name: str
    port: int
    """Where it listens when it is ready to be used; 0 if nowhere."""
    beside: tuple[tuple[str, ...], ...] = ()
    """Programs that it needs, as modules with arguments."""
    variables: dict[str, str] = field(factory=dict)
    used_by: str = ""
    """A function of this module that uses it."""
    seconds: float = 6.0
    keys: tuple[str, ...] = ()
    page: str = ""
    """What a browser is to open; the picture is called after the application."""


async def write_down_tasks() -> None:
    """Write down what is to do, at the door of the reminders."""
    things = "call Bob", "water the plants", "pay the rent", "answer Cy", "buy milk"
    async with await trio.open_tcp_stream("127.0.0.1", 8780) as door:
        for every, thing in enumerate(things * 3, 1):
            line = f"add {every} ada@example.org {thing}\n"
            await door.send_all(line.encode())
            await door.receive_some()


async def greet() -> None:
    """Come in as some guests."""
    async with await trio.open_tcp_stream("127.0.0.1", 8760) as door:
        for guest in "Ada", "Bob", "Cy", "Ada", "Di", "Ed", "Ada":
            await door.send_all(f"{guest}\n".encode())
            await door.receive_some()


async def post() -> None:
    """Write on some boards, one of which falls over, and stay."""
    people = [("news", "ada"), ("news", "bob"), ("sport", "cy"), ("chess", "di")]
    async with contextlib.AsyncExitStack() as stack:
        for board, name in people:
            person = await stack.enter_async_context(
                open_websocket_url("ws://127.0.0.1:8770")
            )
            for said in (
                {"create": board},
                {"join": board, "name": name},
                {"post": f"hello from {name}"},
                {"post": "ring \N{BELL}"} if name == "bob" else {"post": "bye"},
            ):
                await person.send_message(json.dumps(said))
                await person.get_message()
        await trio.sleep_forever()


APPLICATIONS = (
    Application(
        "transactions",
        0,
        (("transactions.source", "--errors", "0.2"),),
        {"TRANSACTIONS_NUMBER": "40", "TRANSACTIONS_EVERY": "2"},
        seconds=7,
    ),
    Application("greeter", 8760, used_by="greet"),
    Application("boards", 8770, used_by="post"),
    Application(
        "reminders",
        8780,
        (("reminders.post", "--refuse", "0.6"),),
        used_by="write_down_tasks",
        seconds=9,
    ),
    Application(
        "mentions",
        8790,
        (("mentions.standin", "--every", "2", "--errors", "0.1"),),
        {
            "MENTIONS_GITHUB": "http://127.0.0.1:8791",
            "MENTIONS_EVERY": "1",
            "MENTIONS_REPOSITORY": "ada/engine",
        },
        seconds=9,
        page="http://127.0.0.1:8790/@octocat",
    ),
)


@contextlib.contextmanager
def started(*command: str, folder: Path, **variables: str) -> Iterator[None]:
    """Run a program as long as the block lasts."""
    with subprocess.Popen(
        command, cwd=folder, env={**os.environ, **variables}, stderr=subprocess.DEVNULL
    ) as program:
        try:
            yield
        finally:
            program.terminate()


def is_open(port: int) -> bool:
    """Whether somebody listens there; True for no port."""
    with contextlib.suppress(OSError):
        if port:
            socket.create_connection(("127.0.0.1", port)).close()
        return True
    return False


async def inspector(directory: Path, application: Application) -> str:
    """Attach the inspector, look for some seconds, and return what it shows."""
    app = InspectorApp(Target(directory, application.name), Settings())
    async with app.run_test(size=SIZE) as pilot:
        await asyncio.sleep(application.seconds)
        await pilot.press(*application.keys)
        await pilot.pause()
        return app.export_screenshot(title=f"trio-sup inspect {application.name}")


def browser(url: str, seconds: float, file: Path) -> contextlib.ExitStack:
    """Open a page, draw it after some seconds, and leave it open."""
    command = chromium.find()
    if command is None:
        raise SystemExit("no chromium here: apt-get install chromium")
    stack = contextlib.ExitStack()
    profile = stack.enter_context(
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    )
    page = stack.enter_context(chromium.browser(command, Path(profile)))
    size = {"width": 760, "height": 520, "deviceScaleFactor": 1, "mobile": False}
    page.call("Emulation.setDeviceMetricsOverride", **size)
    page.call("Page.navigate", url=url)
    end = time.monotonic() + seconds
    state = "document.getElementById('state')?.className"
    while time.monotonic() < end or page.value(state) != "live":
        time.sleep(0.05)
    shot = page.call("Page.captureScreenshot", format="png")["data"]
    file.write_bytes(base64.b64decode(shot))
    return stack


def draw(application: Application, images: Path) -> None:
    """Run an application, use it, and write its pictures into a directory."""
    with contextlib.ExitStack() as stack:
        runtime = stack.enter_context(short_directory())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        variables = {
            **application.variables,
            "PYTHONPATH": os.pathsep.join(
                [str(ROOT), str(ROOT / "examples" / application.name / "src")]
            ),
            "TRIO_SUP_RUNTIME_DIR": str(runtime),
        }
        for module, *arguments in application.beside:
            command = sys.executable, "-m", module, *arguments
            stack.enter_context(started(*command, folder=folder, **variables))
        run = *COMMAND, "run", f"{application.name}.tree:spec"
        command = *run, "--name", application.name
        stack.enter_context(started(*command, folder=folder, **variables))
        while not list(runtime.glob("*.sock")) or not is_open(application.port):
            time.sleep(0.05)
        if application.used_by:
            use = f"import trio; from {__spec__.name} import *; "
            use += f"trio.run({application.used_by})"
            command = sys.executable, "-c", use
            stack.enter_context(started(*command, folder=folder, **variables))
        if application.page:
            file = images / f"{application.name}-page.png"
            stack.enter_context(browser(application.page, application.seconds, file))
        svg = own_fonts(asyncio.run(inspector(runtime, application)))
        # One name for the classes of a picture, so that little changes.
        svg = re.sub(r"terminal-\d+-", f"terminal-{application.name}-", svg)
        (images / f"{application.name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    wanted = sys.argv[1:]
    for each in APPLICATIONS:
        if not wanted or each.name in wanted:
            draw(each, IMAGES)

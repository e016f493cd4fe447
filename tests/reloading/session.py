"""A developer at work: an application is edited while people use it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from attrs import define, field
from trio_websocket import WebSocketConnection, open_websocket

from tests.reloading.recording import Said
from trio_sup.inspect.client import oneshot
from trio_sup.inspect.finding.discovery import find_node

ROOT = Path(__file__).parents[2]
NEWS = """
import trio

EDIT = {number}


async def news():
    await trio.sleep_forever()
"""
CHANGED = 'child(open_door, port), child(news, id="news", shutdown={grace})]'


@define
class Seen:
    """What the people, and an onlooker, have seen."""

    answers: int = 0
    """Messages that were answered as they should be."""
    lives: dict[str, int] = field(factory=dict[str, int])
    """In which life each child is at the end, by path."""
    memory: list[int] = field(factory=list[int])
    """Bytes that the program takes, after each edit."""
    last_words: str = ""
    """What the program has said."""
    story: list[Said] = field(factory=list[Said])
    """What happened when, for a recording."""


class Developer:
    """Edits the boards: now the module of a child, now the tree.

    Args:
        folder: Where the program stands; a copy of the example is put there.
    """

    def __init__(self, folder: Path) -> None:
        self.home = folder / "boards"
        source = ROOT / "examples" / "boards" / "src" / "boards"
        shutil.copytree(source, self.home, ignore=shutil.ignore_patterns("__pycache__"))
        self._tree = (self.home / "tree.py").read_text()
        assert "child(open_door, port)]" in self._tree
        self.edit(0)

    def edit(self, number: int) -> None:
        """Make the edit of a number: each leaves other files than before."""
        if number % 2 == 0:
            text = NEWS.format(number=number)
            (self.home / "news.py").write_text(text)
        if number % 2 or not number:
            text = self._tree.replace(
                "child(open_door, port)]", CHANGED.format(grace=1 + number)
            )
            text = text.replace("from .server", "from .news import news\nfrom .server")
            (self.home / "tree.py").write_text(text)


def edited(number: int) -> str:
    """The file that the edit of a number changes."""
    return "tree.py" if number % 2 else "news.py"


@asynccontextmanager
async def boards(folder: Path, port: int) -> AsyncIterator[trio.Process]:
    """The application, as a developer runs it."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "BOARDS_PORT": str(port),
        "TRIO_SUP_RUNTIME_DIR": str(folder),
    }
    command = [sys.executable, "-m", "trio_sup", "run", "boards.tree:spec", "--reload"]
    with (folder / "output").open("wb") as output:
        process = await trio.lowlevel.open_process(
            [*command, "--name", "boards"],
            cwd=folder,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
        process.terminate()
        with trio.fail_after(20):
            assert await process.wait() == 0
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


async def person(port: int, number: int, seen: Seen, task_status: object) -> None:
    """Talk to a board for ever, over one connection."""
    async with open_websocket("127.0.0.1", port, "/", use_ssl=False) as socket:
        await say(socket, join="talk", name=f"p{number}")
        task_status.started()  # type: ignore[attr-defined]
        while True:
            # An answer of the board's, which keeps nothing of it.
            answer = await say(socket, post=" ")
            assert answer["error"].startswith("a post has 1 to"), answer
            seen.answers += 1
            await trio.sleep(0.002)


async def say(socket: WebSocketConnection, **message: object) -> dict[str, str]:
    await socket.send_message(json.dumps(message))
    answer: dict[str, str] = json.loads(await socket.get_message())
    return answer


async def session(folder: Path, edits: int, people: int, pause: float = 0.0) -> Seen:
    """Let people talk while a program is edited so often; return what was seen.

    Args:
        folder: Where the program stands.
        edits: How often it is edited.
        people: How many talk.
        pause: Seconds before and after each edit, for who looks at a recording.
    """
    seen = Seen()
    developer = Developer(folder)
    port = await free_port()
    async with boards(folder, port) as process:
        await trio.to_thread.run_sync(until_listening, port)
        async with open_websocket("127.0.0.1", port, "/", use_ssl=False) as socket:
            await say(socket, create="talk")
        async with trio.open_nursery() as nursery:
            for number in range(people):
                await nursery.start(person, port, number, seen)
            begun, told = trio.current_time(), len((folder / "output").read_text())

            def say_so(by: str, *lines: str) -> None:
                at = trio.current_time() - begun
                seen.story.extend(Said(at, by, line) for line in lines)

            for number in range(1, edits + 1):
                await trio.sleep(pause)
                say_so("developer", f"* the developer saves boards/{edited(number)}")
                developer.edit(number)
                await taken_over(folder, number)
                output = (folder / "output").read_text()
                say_so("program", *output[told:].splitlines())
                told = len(output)
                await trio.sleep(pause)
                answers = f"{people} people, {seen.answers} answers, no connection lost"
                say_so("people", answers)
                seen.memory.append(resident(process.pid))
            seen.lives = await trio.to_thread.run_sync(lives, folder)
            nursery.cancel_scope.cancel()
    seen.last_words = (folder / "output").read_text()
    return seen


async def taken_over(folder: Path, number: int) -> None:
    """Wait until the program has said that it took over so many edits."""
    with trio.fail_after(30):
        while (folder / "output").read_text().count("reload: boards.") < number:
            await trio.sleep(0.02)


async def free_port() -> int:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        port: int = listener.socket.getsockname()[1]
        return port


def until_listening(port: int) -> None:
    import socket
    import time

    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the program does not listen")


def lives(folder: Path) -> dict[str, int]:
    node = find_node([folder], "boards")
    return {row.path: row.life for row in oneshot.ask(node).rows.values()}


def resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")

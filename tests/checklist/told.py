"""Servers that write down what they are told."""

from __future__ import annotations

from typing import Any

import trio
from attrs import Factory, define

from tests.supervision.stage import Boom
from trio_sup import (
    Continue,
    Exit,
    GenServer,
    ServerRef,
    Stop,
    call,
    cast,
)


@define
class Story:
    """What servers tell."""

    lines: list[str] = Factory(list)


class Plain(GenServer):
    """Has nothing but an operation."""

    @call
    async def ping(self) -> str:
        return "pong"

    @cast
    async def crash(self) -> None:
        raise Boom("crash")

    @call
    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)


class Told(Plain):
    """Tells of all that happens to it."""

    def __init__(self, story: Story) -> None:
        self.story = story

    async def init(self) -> Continue:
        self.story.lines.append("init")
        return Continue("go")

    async def handle_continue(self, *args: object) -> None:
        self.story.lines.append(f"continue {args[0]}")

    async def handle_info(self, message: object) -> None:
        self.story.lines.append(f"info {type(message).__name__}")

    async def terminate(self, exit: Exit) -> Any:
        self.story.lines.append(f"terminate {exit}")
        return "ignored"

    @call
    async def finish(self, reason: object) -> str:
        self.continue_with("never")
        raise Stop(reason, reply="bye")

    @call
    async def again(self) -> str:
        self.continue_with("again")
        return "answer"

    @call
    async def watch(self, ref: ServerRef[Plain]) -> None:
        self.monitor(ref)


class Idle(GenServer):
    """Runs an operation of its own when nothing comes."""

    heard: list[tuple[float, str]]

    async def init(self) -> None:
        self.heard = []
        self.idle_after(5, Idle.bored, "of waiting")

    @cast
    async def bored(self, why: str) -> None:
        self.heard.append((trio.current_time(), why))


async def answer() -> int:
    return 42

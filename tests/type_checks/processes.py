"""Programs, and servers that ask them. Read by checkers, never run."""

from pathlib import Path
from typing import assert_type

from attrs import frozen

from trio_sup import (
    ChildSpec,
    Command,
    JsonLines,
    LengthPrefixed,
    Lines,
    LogLines,
    OnLine,
    OnNotify,
    OnPort,
    Port,
    PortOptions,
    Process,
    ProcessUsage,
    ServerRef,
    Supervisor,
    call,
    child,
    command,
    process,
)


@frozen
class Question:
    text: str


@frozen
class Answer:
    number: int


async def is_up(made: Process) -> bool:
    return made.pid is not None


async def hear(line: str) -> None: ...


def specifications() -> None:
    assert_type(process("ffmpeg", "-i", Path("in.avi")), ChildSpec[Process])
    process("a", ready=OnLine("up"), stop="SIGINT", ok_codes=(0, "SIGPIPE"))
    process("a", ready=OnPort(80), stdout=print, stderr=hear, shutdown="brutal_kill")
    process("a", ready=OnNotify(), stdout=LogLines(per_second=5), stderr=Path("log"))
    process("a", ready=is_up, env={"A": None}, limits={"nofile": (1, 2)}, id=3)
    process("a", ready="up")  # type: ignore[arg-type]
    process("a", stdout=3)  # type: ignore[arg-type]
    process("a", nicer=3)  # type: ignore[call-arg]
    process("a", 3)  # type: ignore[arg-type]
    assert_type(command("bc", cwd="/", nice=3), Command)


class Calculator(Port[Question, Answer]):
    @call
    async def add(self, text: str) -> int:
        answer = await self.exchange(Question(text))
        assert_type(answer, Answer)
        return answer.number


def ports() -> None:
    bc = command("bc")
    lines = child(Port, bc, Lines())
    assert_type(lines, ChildSpec[ServerRef[Port[str, str]]])
    raw = child(Port, bc, LengthPrefixed(2), PortOptions(reply_timeout=3))
    assert_type(raw, ChildSpec[ServerRef[Port[bytes, bytes]]])
    ours = child(Calculator, bc, JsonLines(Question, Answer))
    assert_type(ours, ChildSpec[ServerRef[Calculator]])
    child(Calculator, bc, Lines())  # type: ignore[call-arg, arg-type]


async def asking(sup: Supervisor, made: Process) -> None:
    port = await sup.start_child(child(Port, command("bc"), Lines()))
    assert_type(await Port.ask(port, "1 + 1"), str)
    await Port.ask(port, 3)  # type: ignore[misc]
    ours = sup.server(Calculator, "calculator")
    assert_type(await ours.call(Calculator.add, "1"), int)
    assert_type(await Port.ask(ours, Question("")), Answer)
    assert_type(made.pid, int | None)
    assert_type(made.usage(), ProcessUsage | None)
    assert_type(made.value, object)

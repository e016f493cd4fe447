"""Trees with programs under the harness: no program runs, its faults are drawn."""

from __future__ import annotations

from typing import Any

import pytest

from trio_sup import Port, ServerRef, call, child, command, process
from trio_sup._processes.framing import Lines
from trio_sup.testing import (
    OF_PROGRAMS,
    STANDARD,
    Garbage,
    KillProgram,
    Slow,
    StopProgram,
    SupervisionViolation,
    World,
    check_supervision,
    replay,
)


def encoder(**options: Any) -> Any:
    return [process("no-such-program", id="encoder", shutdown=2.0, **options)]


def test_a_tree_with_programs_survives_their_faults() -> None:
    report = check_supervision(
        encoder, faults=[*STANDARD, *OF_PROGRAMS], max_examples=40, derandomize=True
    )
    assert "root/encoder" in report.targets


def test_a_killed_program_comes_back_and_one_that_ended_well_may_not() -> None:
    world = replay(
        lambda: encoder(restart="transient"),
        [KillProgram("root/encoder", at=1), KillProgram("root/encoder", at=2, code=0)],
    )
    assert world.lives("root/encoder") == 2
    assert world.crashes("root/encoder") == 1


def test_a_stopped_program_is_killed_at_the_end_of_its_grace() -> None:
    world = replay(encoder, [StopProgram("root/encoder", at=1)])
    exit = world.child("root/encoder").last_exit
    assert exit is not None
    assert exit.kind == "killed"


def test_a_start_may_be_slow() -> None:
    late = Slow("root/encoder", checkpoint=-1, seconds=3)
    world = replay(encoder, [late])
    assert world.lives("root/encoder") == 1


def test_garbage_reaches_the_function_and_what_it_raises_is_found() -> None:
    def parse(line: str) -> None:
        int(line)

    with pytest.raises(SupervisionViolation, match="ValueError"):
        replay(lambda: encoder(stdout=parse), [Garbage("root/encoder", at=1)])


class Shouting(Port[str, str]):
    async def stand_in(self, request: str) -> str:
        return request.upper()

    @call
    async def shout(self, text: str) -> str:
        return await self.exchange(text)


def test_a_port_answers_by_its_stand_in() -> None:
    said: list[str] = []

    async def client(world: World) -> None:
        port: ServerRef[Shouting] = world.root.server(Shouting, "port")
        said.append(await port.call(Shouting.shout, "hello"))

    replay(
        lambda: [child(Shouting, command("no-such-program"), Lines(), id="port")],
        [],
        client=client,
    )
    assert said == ["HELLO"]

"""SIGHUP under `run`: the specification is made once more, and the tree becomes that."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
import trio

import trio_sup
from trio_sup import ChildSpec, child

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP"
)


class Program:
    """A child that sends signals, and a second one that a reload adds."""

    def __init__(self) -> None:
        self.lives = 0
        self.calls = 0
        self.added = trio.Event()
        self.told = trio.Event()

    async def keeper(self) -> None:
        self.lives += 1
        os.kill(os.getpid(), signal.SIGHUP)
        await self.told.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await trio.sleep_forever()

    async def newcomer(self) -> None:
        self.told.set()
        await trio.sleep_forever()

    def more(self) -> list[ChildSpec[Any]]:
        self.calls += 1
        return [child(self.keeper, id="keeper"), child(self.newcomer, id="newcomer")]


def test_sighup_makes_the_tree_what_the_function_returns_now() -> None:
    program = Program()
    former = signal.getsignal(signal.SIGHUP)
    trio_sup.run(
        [child(program.keeper, id="keeper")], inspect=False, reload=program.more
    )
    assert (program.lives, program.calls) == (1, 1)
    assert signal.getsignal(signal.SIGHUP) == former


def fails(program: Program) -> Callable[[], list[ChildSpec[Any]]]:
    def make() -> list[ChildSpec[Any]]:
        program.told.set()
        raise LookupError("no such setting")

    return make


def test_a_reload_that_fails_leaves_the_tree_alone_and_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    program = Program()
    with caplog.at_level(logging.ERROR, logger="trio_sup"):
        trio_sup.run(
            [child(program.keeper, id="keeper")], inspect=False, reload=fails(program)
        )
    assert program.lives == 1
    assert [record.getMessage() for record in caplog.records] == [
        "not reloaded, the tree goes on as it is: LookupError: no such setting"
    ]

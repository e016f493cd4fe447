"""The example programs, run under virtual time, say what they promise."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType

import pytest
import trio
import trio.testing

from trio_sup import open_supervisor

pytestmark = pytest.mark.usefixtures("quiet_log")

EXAMPLES = Path(__file__).parents[2] / "examples"

OUTPUT = {
    "mentions_sync": """\
['bob mentions you'] at 5 s
['cy mentions you', 'di mentions you'] at 10 s
syncs left: 0
""",
    "task_reminders": """\
3 s: water the plants (reminder 1)
4 s: call Ada (reminder 1)
6 s: water the plants (reminder 2)
done after 2 reminders
workers left: 1
""",
}


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        f"example_{name}", EXAMPLES / f"{name}.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def run(main: Callable[[], Awaitable[object]]) -> None:
    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_every_example_is_tested() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(OUTPUT)


@pytest.mark.parametrize("name", OUTPUT)
def test_an_example_prints_what_it_promises(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(load(name).main)
    assert capsys.readouterr().out == OUTPUT[name]


@pytest.mark.parametrize("name", OUTPUT)
def test_an_example_is_short_enough_to_read_at_once(name: str) -> None:
    lines = (EXAMPLES / f"{name}.py").read_text().splitlines()
    code = [line for line in lines if line.strip()]
    assert len(code) <= 100


def test_reminders_come_back_when_their_supervisor_does() -> None:
    reminders = load("task_reminders")

    async def main() -> None:
        async with open_supervisor(reminders.reminders({"sweep": 5.0})) as top:
            await top.child("start_open_tasks").wait_stopped()
            workers = top.dynamic("reminders")
            assert workers.count_children().active == 1
            await workers.stop()
            await workers.wait_running()
            await top.child("start_open_tasks").wait_stopped()
            assert workers.count_children().active == 1

    run(main)

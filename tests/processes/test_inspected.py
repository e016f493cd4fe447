"""What an operator sees of a program, in the inspector and when it is stuck."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from tests.inspect.looking import looking
from tests.processes.programs import LONG, handle, shell, state_of, until
from trio_sup import Lines, Port, child, command, current_node, open_supervisor
from trio_sup._core.events import ChildStuck
from trio_sup._processes.usage import usage_facts, usage_of


def facts_of(detail: Any) -> dict[str, str]:
    return dict(detail.facts or ())


@pytest.mark.trio
async def test_a_program_is_shown_with_its_number_and_what_it_takes(
    tmp_path: Path, quiet_log: None
) -> None:
    script = f"echo oh no >&2; [ -e once ] && exec sleep {LONG}; touch once; exit 3"
    async with open_supervisor([shell(script, cwd=tmp_path)], id="top") as tree:
        made = handle(tree, "sh")
        await made.wait_exit(1)
        await made.wait_running()
        await until(lambda: made.stderr_tail)
        async with looking(tmp_path) as looker:
            detail = await looker.watch("top/sh", "overview")
        facts = facts_of(detail)
        assert facts["pid"] == str(made.pid)
        assert facts["state"].startswith("sleeping")
        assert facts["memory"].endswith(" MiB")
        assert facts["stderr"] == "oh no"
        assert "'sh' ended: exit code 3" in detail.traceback


@pytest.mark.trio
async def test_the_program_of_a_port_is_shown_too() -> None:
    spec = child(Port, command("cat"), Lines(), id="cat")
    async with open_supervisor([spec]) as tree:
        port = tree.child("cat")
        facts = dict(port.record.body.facts())
        assert usage_of(int(facts["pid"])) is not None
        await tree.terminate_child("cat")
        assert dict(port.record.body.facts()) == {"last end": "exit code 0"}


@pytest.mark.trio
async def test_a_stopped_program_is_shown_as_stopped() -> None:
    async with open_supervisor([shell(f"exec sleep {LONG}")]) as tree:
        made = handle(tree, "sh")
        made.send_signal("SIGSTOP")
        assert made.pid is not None
        pid = made.pid
        await until(lambda: state_of(pid) == "T")
        assert dict(usage_facts(pid))["state"].startswith("stopped")


@pytest.mark.trio
async def test_who_is_stuck_is_reported_with_the_state_of_its_process() -> None:
    told: list[ChildStuck] = []
    go_on = trio.Event()

    async def hear(line: str) -> None:
        with trio.CancelScope(shield=True):
            await go_on.wait()

    def note(event: object) -> None:
        if isinstance(event, ChildStuck):
            told.append(event)
            go_on.set()

    spec = shell(f"echo x; exec sleep {LONG}", stdout=hear, shutdown="brutal_kill")
    async with open_supervisor([spec]) as tree:
        current_node().add_hook(note)
        made = handle(tree, "sh")
        await until(lambda: made.record.task is not None and made.pid)
        await trio.testing.wait_all_tasks_blocked(0.05)
        pid = made.pid
        await tree.terminate_child("sh")
    assert f"pid: {pid}" in told[0].frames


@pytest.mark.trio
async def test_of_a_process_that_is_gone_nothing_is_told() -> None:
    assert usage_of(2**22 + 1) is None
    assert list(usage_facts(2**22 + 1)) == []

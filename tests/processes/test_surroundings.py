"""What a program finds when it starts: directory, environment, limits, user, signals."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.processes.programs import LONG, handle, python, shell
from trio_sup import ChildSpec, OnLine, Process, open_supervisor, process

pytestmark = pytest.mark.trio

LOOK = """
import json, os, resource, signal, sys, time
print("seen " + json.dumps({
    "cwd": os.getcwd(), "env": dict(os.environ), "nice": os.getpriority(0, 0),
    "nofile": resource.getrlimit(resource.RLIMIT_NOFILE), "umask": os.umask(0),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "uid": [os.getuid(), os.geteuid()], "gid": os.getgid(), "groups": os.getgroups(),
    "session": os.getsid(0) == os.getpid(), "group": os.getpgrp() == os.getpid(),
    "files": [fd for fd in map(int, os.listdir("/proc/self/fd")) if fd < 100 and
              os.path.exists(f"/proc/self/fd/{fd}")],
    "ignored": open("/proc/self/status").read().split("SigIgn:")[1].split()[0],
    "blocked": open("/proc/self/status").read().split("SigBlk:")[1].split()[0],
}), flush=True)
time.sleep(60)
"""


def look(**options: Any) -> ChildSpec[Process]:
    return python(LOOK, id="look", ready=OnLine("^seen "), **options)


async def seen(spec: ChildSpec[Process]) -> dict[str, Any]:
    async with open_supervisor([spec]) as tree:
        line = handle(tree, "look").value
    assert isinstance(line, str)
    found: dict[str, Any] = json.loads(line.removeprefix("seen "))
    return found


async def test_the_options_say_what_it_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOES", "away")
    monkeypatch.setenv("STAYS", "here")
    found = await seen(
        look(
            cwd=tmp_path,
            env={"ADDED": "1", "GOES": None},
            nice=7,
            limits={"nofile": (50, 60), "core": 0},
            umask=0o027,
            new_session=True,
        )
    )
    assert found["cwd"] == str(tmp_path)
    assert found["env"]["ADDED"] == "1"
    assert found["env"]["STAYS"] == "here"
    assert "GOES" not in found["env"]
    assert found["nice"] == 7
    assert found["nofile"] == [50, 60]
    assert found["core"] == [0, 0]
    assert found["umask"] == 0o027
    assert found["session"]


async def test_without_options_it_finds_what_the_node_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The C locale is where Python changes the environment of what it runs.
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    found = await seen(
        process(
            sys.executable,
            "-I",
            "-S",
            "-X",
            "utf8",
            "-c",
            LOOK,
            id="look",
            ready=OnLine("^seen "),
        )
    )
    assert found["cwd"] == os.getcwd()
    assert found["env"].get("LC_CTYPE") in (None, "C.UTF-8")  # set by what looks
    assert {k: v for k, v in found["env"].items() if k != "LC_CTYPE"} == dict(
        os.environ
    )
    assert found["nofile"] == list(resource.getrlimit(resource.RLIMIT_NOFILE))
    assert found["group"]
    assert not found["session"]


async def test_it_inherits_no_files_and_no_signals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        found = await seen(look())
    finally:
        signal.signal(signal.SIGHUP, before)
    assert found["files"] == [0, 1, 2]
    ignored = int(found["ignored"], 16)
    # Python, which looks, ignores SIGPIPE and SIGXFSZ by itself.
    own = {signal.SIGPIPE, signal.SIGXFSZ}
    # The C library keeps some signals for itself: nobody can set these.
    assert not [n for n in signal.valid_signals() - own if ignored >> (n - 1) & 1]
    assert int(found["blocked"], 16) == 0


async def test_a_program_that_is_no_python_has_the_environment_unchanged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    spec = shell(
        f"echo seen ${{LC_CTYPE-none}}; exec sleep {LONG}",
        id="look",
        ready=OnLine("seen"),
    )
    async with open_supervisor([spec]) as tree:
        assert handle(tree, "look").value == "seen none"


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
async def test_it_can_run_as_another_user(tmp_path: Path) -> None:
    nobody = 65534
    spec = shell(
        "echo seen $(id -u) $(id -g) $(id -G); sleep 60",
        id="look",
        user="nobody",
        ready=OnLine("seen"),
    )
    async with open_supervisor([spec]) as tree:
        assert str(handle(tree, "look").value).startswith(f"seen {nobody} ")
        await tree.terminate_child("look")
        assert handle(tree, "look").returncode == -signal.SIGTERM


async def test_the_handle_tells_what_it_takes() -> None:
    spec = python(
        "print('up', flush=True)\nwhile True: pass", id="it", ready=OnLine("up")
    )
    async with open_supervisor([spec]) as tree:
        made = handle(tree, "it")
        usage = made.usage()
        assert usage is not None
        assert usage.state == "running"
        assert usage.memory > 2**20
        assert usage.threads == 1
        await tree.terminate_child("it")
        assert made.usage() is None
        assert made.pid is None

"""Specifications of programs: what is refused before anything runs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.processes.programs import shell
from trio_sup import ChildSpecError, OnLine, OnNotify, OnPort, process


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"ready": "up"}, "OnLine('up')"),
        ({"ready": 80}, "OnPort(80)"),
        ({"ready": OnNotify}, "write OnNotify()"),
        ({"stop": "SIGSTOPPED"}, "a signal, such as 'SIGTERM'"),
        ({"ok_codes": 3}, "several exit codes"),
        ({"ok_codes": (0, 300)}, "exit codes from 0 to 255"),
        ({"stdout": "out.log"}, "Path('out.log')"),
        ({"nice": 30}, "from -20 to 19"),
        ({"limits": {"files": 3}}, "nofile"),
        ({"limits": {"nofile": -3}}, "whole numbers"),
        ({"env": {"A": 3}}, "A=<int>"),
        ({"env": ["A"]}, "a dict"),
        ({"umask": "022"}, "0o777"),
        ({"user": ""}, "a name or a number"),
        ({"new_session": 1}, "True or False"),
        ({"shutdown": -1}, "brutal_kill"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(
    options: Any, says: str
) -> None:
    with pytest.raises(ChildSpecError, match=re.escape(says)):
        shell("exit", **options)


def test_words_that_are_no_words_are_refused() -> None:
    number: Any = 3
    with pytest.raises(ChildSpecError, match=re.escape("str(3)")):
        process("sleep", number)
    with pytest.raises(ChildSpecError, match="null character"):
        process("sh", "a\0b")
    with pytest.raises(ChildSpecError, match="name or path"):
        process("")
    with pytest.raises(TypeError, match=r"'cdw'.*\bcwd\b"):
        shell("exit", cdw="/")
    with pytest.raises(ChildSpecError, match="regular expression"):
        OnLine("(")
    with pytest.raises(ChildSpecError, match="65535"):
        OnPort(0)


def test_a_specification_can_be_changed_but_not_become_another_program() -> None:
    spec = shell("exit", id="a").replace(restart="transient", shutdown=1)
    assert (spec.id, spec.restart, spec.shutdown, spec.kind) == (
        "a",
        "transient",
        1,
        "process",
    )
    with pytest.raises(ChildSpecError, match=re.escape("process()")):
        spec.replace(target=print)

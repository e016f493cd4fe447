"""What of a recording becomes faults, and what is no recording for tests."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.harness.recordings import (
    SHOP,
    Told,
    crash,
    operator,
    requested,
    row,
    sent,
    starts,
    write,
)
from trio_sup.testing import (
    Ask,
    Crash,
    CtrlC,
    CutTree,
    Deaf,
    FailBlock,
    FailStart,
    Fault,
    Flood,
    Interrupt,
    KillProgram,
    Scenario,
    StartAgain,
    StopServer,
    Suspend,
    Terminate,
    Vanish,
    scenario_from,
)


def recorded(tmp_path: Path, *told: Told, **how: object) -> Scenario:
    return scenario_from(write(tmp_path / "a.rec", told, **how))  # type: ignore[arg-type]


def faults(tmp_path: Path, *told: Told, **how: object) -> list[Fault]:
    return recorded(tmp_path, *told, **how).faults


# --- what becomes of events --------------------------------------------------------


def test_a_crash_is_one_and_what_the_supervisor_did_is_not(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        crash("shop/db", 2.5),
        Told(2.5, "shop/db", "restart_decided"),
        starts("shop/db", 2.5, 2),
        Told(2.5, "shop/db", "child_started", life=2),
        Told(9.0, "shop/cache", "child_stopping", asked=True),
        Told(9.0, "shop/cache", "child_stopped", "shutdown", asked=True),
        crash("shop", 9.5, "trio_sup.RestartLimitExceeded"),
    )
    assert found == [Crash("shop/db", at=2.5)]


DB, CACHE, SHOP_PATH = "shop/db", "shop/cache", "shop"
STOPPING = "supervisor_stopping"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([operator(DB, 1, "vanish"), crash(DB, 1.25)], [Vanish(DB, at=1.25)]),
        (
            [starts(DB, 1, 2), Told(1, DB, "child_start_failed", "crashed", "x.Y")],
            [FailStart(DB, life=2)],
        ),
        ([crash(CACHE, 1, "builtins.KeyboardInterrupt")], [Interrupt(CACHE, at=1)]),
        ([Told(1, DB, "child_stopped", "normal")], [StopServer(DB, at=1)]),
        (
            [requested(DB, 1, "terminate_child"), requested(DB, 2, "restart_child")],
            [Terminate(DB, at=1), StartAgain(DB, at=2)],
        ),
        (
            [requested(DB, 1, "replace_child")],
            [Terminate(DB, at=1), StartAgain(DB, at=1)],
        ),
        (
            [operator(DB, 1, "suspend"), operator(DB, 3.5, "resume")],
            [Suspend(DB, at=1, seconds=2.5)],
        ),
        (
            [operator(DB, 1, "suspend"), crash(DB, 2)],
            [Suspend(DB, at=1, seconds=1), Crash(DB, at=2)],
        ),
        ([operator(DB, 1, "suspend")], [Suspend(DB, at=1, seconds=19)]),
        (
            [operator(DB, 1, "flood", "70 empty messages")],
            [Flood(DB, at=1, count=70)],
        ),
        (
            [
                Told(1, DB, "child_stopping", asked=True),
                Told(4, DB, "child_stuck"),
                Told(6, DB, "child_stopped", "killed", asked=True),
            ],
            [Deaf(DB, at=0.999, seconds=5)],
        ),
        (
            [Told(1, SHOP_PATH, STOPPING, "cancelled from outside"), crash(DB, 1)],
            [CutTree(at=1)],
        ),
        (
            [Told(1, SHOP_PATH, STOPPING, "KeyboardInterrupt in the block")],
            [CtrlC(at=1)],
        ),
        ([Told(1, SHOP_PATH, STOPPING, "ValueError in the block")], [FailBlock(at=1)]),
    ],
)
def test_each_cause_becomes_the_fault_that_brings_it_about(
    tmp_path: Path, told: list[Told], expected: list[Fault]
) -> None:
    assert faults(tmp_path, *told) == expected


def test_a_program_that_was_killed_is_killed_again(tmp_path: Path) -> None:
    rows = [*SHOP, row(5, "shop/web", "process")]
    text = "shop/web crashed (life 1): ProgramExit(\"'web' ended: exit code 3\")"
    told = Told(
        1.0, "shop/web", "child_crashed", "crashed", "trio_sup.ProgramExit", text=text
    )
    assert faults(tmp_path, told, rows=rows) == [
        KillProgram("shop/web", at=1.0, code=3)
    ]


def test_how_children_were_when_it_began_is_a_part_of_it(tmp_path: Path) -> None:
    rows = [
        SHOP[0],
        row(2, "shop/db", "server", "suspended"),
        row(3, "shop/cache", "task", "stopped"),
        row(4, "shop/mail", "task", "quarantined"),
    ]
    scenario = recorded(tmp_path, operator("shop/db", 4.0, "resume"), rows=rows)
    assert scenario.faults == [
        Terminate("shop/cache", at=0.0),
        Suspend("shop/db", at=0.0, seconds=4.0),
    ]
    assert scenario.unplayable == [
        "shop/mail was quarantined when the recording began: no fault does that"
    ]


# --- messages ----------------------------------------------------------------------


def test_what_others_sent_is_asked_again(tmp_path: Path) -> None:
    scenario = recorded(
        tmp_path,
        sent=[
            sent(DB, 1, "put", "(1, 'two', [None])", message="cast"),
            sent(DB, 2, "get", "()"),
            # The tree of the test does these by itself.
            sent(DB, 3, "get", "()", parent=7),
            sent(DB, 4, "get", "()", sender=CACHE),
            sent(DB, 5, "stop", "()", message="stop"),
        ],
    )
    assert scenario.faults == [
        Ask(DB, at=1, op="put", args=(1, "two", [None])),
        Ask(DB, at=2, op="get"),
    ]
    assert scenario.unplayable == []


def test_what_a_flood_is_made_of_is_no_message_of_anybody(tmp_path: Path) -> None:
    flood = operator(DB, 1, "flood", "2 empty messages")
    drops = [sent(DB, 1, "flood", "()", message="cast")] * 2
    told = recorded(tmp_path, flood, sent=drops)
    assert told.faults == [Flood(DB, at=1, count=2)]
    assert recorded(tmp_path, sent=drops).faults == [Ask(DB, at=1, op="flood")] * 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the node does not show contents"),
        ("(<redacted>)", "its arguments are not all literals"),
        ("(1, name='x')", "its arguments are not all literals"),
        ("('abc\u2026')", "its arguments are not all literals"),
        ("(1)(2)", "its arguments are not all literals"),
        ("(Board(1))", "its arguments are not all literals"),
        ("(" * 300, "its arguments are not all literals"),
    ],
)
def test_what_is_not_shown_is_not_guessed(tmp_path: Path, text: str, why: str) -> None:
    scenario = recorded(tmp_path, sent=[sent(DB, 1, "get", text)])
    assert scenario.faults == []
    assert why in scenario.unplayable[0]


# --- what is no recording for tests ------------------------------------------------


def test_bad_files_are_errors_that_say_why(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"

    def refused(word: str) -> None:
        with pytest.raises(ValueError, match=word) as found:
            scenario_from(path)
        assert str(found.value).count("\n") == 0
        assert str(path) in str(found.value)

    with pytest.raises(FileNotFoundError):
        scenario_from(path)
    path.write_bytes(b"")
    refused("no recording of trio-sup")
    path.write_bytes(gzip.compress(b'{"trio_sup_recording":7,"tool":"x 9"}\n'))
    refused("version 7 by x 9, this trio-sup reads 1")
    path.write_bytes(gzip.compress(b'{"trio_sup_recording":1,"for_tests":5}\n'))
    refused("for tests in their version 5, this trio-sup plays 1")
    path.write_bytes(gzip.compress(b'{"trio_sup_recording":1,"for_tests":"x"}\n'))
    refused("makes no sense")
    write(path, [crash("shop/db", 1.0)], for_tests=False)
    refused("a recording to look at.*--for-tests")
    write(path, [crash("shop/db", 1.0)], ended=False)
    refused("breaks off after 20 s")
    write(path, [])
    refused("nothing went wrong in 20.0 s")


def test_a_cut_recording_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "a.rec", [crash("shop/db", n / 9 + 1) for n in range(20)])
    whole = path.read_bytes()
    for size in range(0, len(whole) - 8, 37):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"breaks off|no recording"):
            scenario_from(path)


def test_nothing_that_is_in_a_file_makes_reading_fail_otherwise(tmp_path: Path) -> None:
    path = write(tmp_path / "a.rec", [crash("shop/db", n / 9 + 1) for n in range(5)])
    lines = gzip.decompress(path.read_bytes()).splitlines()
    odd: list[object] = [None, -1, 1e300, "x\n\x1b[2J", [], {}, True, "9" * 5000]
    choose = random.Random(3)
    read = 0
    for _ in range(60):
        number = choose.randrange(1, len(lines))
        data = json.loads(lines[number])
        spoil(data, choose, odd)
        spoiled = [*lines[:number], json.dumps(data).encode(), *lines[number + 1 :]]
        path.write_bytes(gzip.compress(b"\n".join([*spoiled, b""])))
        try:
            text = str(scenario_from(path))
        except ValueError as error:
            text = str(error)
        else:
            read += 1
        assert "\x1b" not in text
    assert read > 10


def spoil(data: Any, choose: random.Random, odd: list[object]) -> None:
    """Put something odd somewhere into a document."""
    places: list[tuple[Any, Any]] = []
    todo: list[Any] = [data]
    while todo:
        one = todo.pop()
        keys: list[Any] = list(one) if isinstance(one, dict) else [*range(len(one))]
        for key in keys:
            places.append((one, key))
            if isinstance(one[key], dict | list):
                todo.append(one[key])
    holder, key = choose.choice(places)
    holder[key] = choose.choice(odd)

"""What programs write: to the log with a limit, to functions, to files; never unbounded."""

from __future__ import annotations

import logging
import math
import tracemalloc
from pathlib import Path

import pytest
import trio

from tests.processes.programs import LONG, handle, python, shell, until
from trio_sup import LogLines, OnLine, open_supervisor
from trio_sup._processes.lines import MAX_LINE, TAIL_BYTES, LineCutter, Tail

LOGGER = "trio_sup.processes"


def lines_in(caplog: pytest.LogCaptureFixture, logger: str = LOGGER) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == logger]


@pytest.mark.trio
async def test_lines_go_to_the_log_with_the_path_of_the_child(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    script = r"printf 'one\r\ntwo\033[2J\nno end'; echo bad >&2"
    async with open_supervisor([]) as tree:
        made = await tree.start_child(shell(script, restart="temporary"))
        await made.wait_exit()
    assert sorted(lines_in(caplog)) == [
        "root/sh: bad",
        "root/sh: no end",
        "root/sh: one",
        r"root/sh: two\x1b[2J",
    ]
    found = {
        (vars(r)["child"], vars(r)["stream"])
        for r in caplog.records
        if r.name == LOGGER
    }
    assert found == {("root/sh", "stdout"), ("root/sh", "stderr")}


@pytest.mark.trio
async def test_what_is_more_than_the_limit_is_left_out_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    how = LogLines(level=logging.DEBUG, per_second=3, max_length=4, logger="mine")
    spec = shell("seq 100001 101000", restart="temporary", stdout=how)
    async with open_supervisor([]) as tree:
        await (await tree.start_child(spec)).wait_exit()
    said = lines_in(caplog, "mine")
    assert said[:3] == ["root/sh: 1000…"] * 3
    logged = [line for line in said if line.endswith("…")]
    omitted = [line.split()[1] for line in said if "left out" in line]
    assert len(logged) + sum(map(int, omitted)) == 1000


@pytest.mark.trio
async def test_no_limit_is_said_by_inf(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    how = LogLines(per_second=math.inf, max_length=math.inf)
    spec = shell("seq 3000", restart="temporary", stdout=how)
    async with open_supervisor([]) as tree:
        await (await tree.start_child(spec)).wait_exit()
    assert len(lines_in(caplog)) == 3000


@pytest.mark.trio
async def test_functions_of_both_kinds_get_each_line() -> None:
    said: list[str] = []

    async def hear(line: str) -> None:
        await trio.lowlevel.checkpoint()
        said.append(line)

    spec = shell(
        "seq 5; echo bad >&2", restart="temporary", stdout=hear, stderr=said.append
    )
    async with open_supervisor([]) as tree:
        await (await tree.start_child(spec)).wait_exit()
    assert sorted(said) == ["1", "2", "3", "4", "5", "bad"]


@pytest.mark.trio
async def test_what_a_function_raises_is_the_crash_of_the_child(
    quiet_log: None,
) -> None:
    def refuse(line: str) -> None:
        raise LookupError(line)

    spec = shell(f"echo hello; sleep {LONG}", restart="temporary", stdout=refuse)
    async with open_supervisor([]) as tree:
        made = await tree.start_child(spec)
        exit = await made.wait_exit()
        assert isinstance(exit.error, LookupError)
        assert made.pid is None


@pytest.mark.trio
async def test_a_slow_function_holds_the_program_up_and_gets_all_of_it() -> None:
    heard = 0

    async def hear(line: str) -> None:
        nonlocal heard
        heard += 1
        if not heard % 5000:
            await trio.sleep(0.01)

    spec = shell("seq 40000", restart="temporary", stdout=hear)
    async with open_supervisor([]) as tree:
        await (await tree.start_child(spec)).wait_exit()
    assert heard == 40_000


@pytest.mark.trio
async def test_a_file_gets_the_lines_of_all_lives(
    tmp_path: Path, quiet_log: None
) -> None:
    out = tmp_path / "out.log"
    script = f"echo line; [ $(wc -l < {out}) -lt 3 ] && exit 1; sleep {LONG}"
    async with open_supervisor([shell(script, stdout=out)]) as tree:
        await until(lambda: handle(tree, "sh").life == 3)
        await until(lambda: out.read_text() == "line\n" * 3)


@pytest.mark.trio
async def test_garbage_is_text_all_the_same() -> None:
    said: list[str] = []
    script = r"printf '\377\376\000\n\n'; head -c 50000 /dev/zero; echo"
    spec = shell(script, restart="temporary", stdout=said.append)
    async with open_supervisor([]) as tree:
        await (await tree.start_child(spec)).wait_exit()
    assert said[:2] == ["\ufffd\ufffd\0", ""]
    assert len("".join(said[2:])) == 50_000
    assert max(map(len, said)) <= MAX_LINE


FLOOD = """
import os, sys
piece = (b"x" * 99 + b"\\n") * 640
for _ in range(int(sys.argv[1])): os.write(1, piece)
print("the end")
"""


@pytest.mark.trio
async def test_a_flood_is_bounded_in_memory_and_lets_others_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await trio.sleep(0.001)
            ticks += 1

    pieces = 100  # of 64 kB
    async with open_supervisor([]) as tree, trio.open_nursery() as nursery:
        nursery.start_soon(tick)
        tracemalloc.start()
        try:
            few = LogLines(per_second=5)
            spec = python(
                FLOOD, str(pieces), id="flood", restart="temporary", stdout=few
            )
            await (await tree.start_child(spec)).wait_exit()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        nursery.cancel_scope.cancel()
    assert peak < 4 * 2**20
    assert ticks > 5  # others had their turns; the flood takes 50 ms at least
    assert sum("left out" in line for line in lines_in(caplog)) >= 1


@pytest.mark.trio
async def test_a_line_that_makes_it_ready_is_found_in_a_flood() -> None:
    script = "seq 20000; echo ready now; sleep 60"
    async with open_supervisor([shell(script, ready=OnLine("^ready now$"))]) as tree:
        assert handle(tree, "sh").value == "ready now"


def test_lines_are_cut_wherever_the_pieces_end() -> None:
    text = "".join(f"line {n} é\n" for n in range(50)).encode()
    for size in (1, 2, 7, 1000):
        cutter = LineCutter()
        found: list[str] = []
        for at in range(0, len(text), size):
            found += cutter.feed(text[at : at + size])
        assert found + cutter.end() == text.decode().splitlines()


def test_what_is_skipped_is_counted_and_a_whole_line_follows() -> None:
    cutter = LineCutter(10)
    assert cutter.feed(b"a\nb") == ["a"]
    assert cutter.skip(b"c\nd\ne") == 2
    assert cutter.skip(b"f" * 100) == 0
    assert cutter.feed(b"\n") == ["f" * 10]


def test_of_a_stream_only_the_end_is_kept() -> None:
    tail = Tail()
    for number in range(5000):
        tail.feed(b"line %d\n" % number)
    assert tail.lines(3) == ["line 4997", "line 4998", "line 4999"]
    tail.feed(b"x" * 3 * TAIL_BYTES)
    assert [len(line) for line in tail.lines()] == [TAIL_BYTES]

"""What a shell sees of a program whose child exits or is interrupted."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.supervision.signalled import finish, program

ROOT = Path(__file__).parents[2]


EXITS = """
async def exits(code, how):
    if how == "bare":
        sys.exit(code)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(exits, code, "bare")
        if how == "twice":
            nursery.start_soon(exits, 0, "bare")
        await trio.sleep_forever()

async def forever():
    await trio.sleep_forever()
"""


@pytest.mark.parametrize("code", [0, None, 7, "a word"])
@pytest.mark.parametrize("how", ["bare", "nursery", "twice"])
@pytest.mark.parametrize("depth", [0, 2])
def test_sys_exit_in_a_child_is_an_exit_code_and_no_traceback(
    code: object, how: str, depth: int
) -> None:
    text = f"""{EXITS}
import logging
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
spec = child(exits, {code!r}, {how!r})
for turn in range({depth}):
    spec = supervisor([child(forever), spec], id=f"s{{turn}}")
run([child(worker, "a", id="a"), spec], inspect=False)
"""
    expected = {0: 0, None: 0, 7: 7, "a word": 1}[code]  # type: ignore[index]
    with program(text) as process:
        got, lines, err = finish(process)
    assert (got, lines) == (expected, ["a down"])
    assert "Traceback" not in err
    assert "crashed" not in err
    assert "ends the program (life 1): " in err
    assert ("ERROR" in err) == (expected != 0)
    assert ("a word" in err.split("\n")) == (code == "a word")


def test_ctrl_c_in_a_childs_nursery_is_ctrl_c_to_the_shell() -> None:
    text = """
    async def presses():
        async with trio.open_nursery():
            raise KeyboardInterrupt

    run([child(worker, "a", id="a"), child(presses)], inspect=False)
    """
    with program(text) as process:
        code, lines, err = finish(process)
    assert code in (130, -signal.SIGINT)
    assert lines == ["a down"]
    assert err.rstrip().endswith("\nKeyboardInterrupt")


def test_sys_exit_beside_another_error_hides_nothing() -> None:
    text = """
    async def both():
        async with trio.open_nursery():
            raise BaseExceptionGroup("two", [SystemExit(0), ValueError("lost?")])

    run([child(both)], inspect=False)
    """
    with program(text) as process:
        code, _, err = finish(process)
    assert code == 1
    assert "lost?" in err

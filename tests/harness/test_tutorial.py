"""The lesson's later steps, which show only what changes, are true as well."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from trio_sup.testing import SupervisionViolation

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/tutorial/finding-a-bug.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def changed(*changes: tuple[str, str]) -> str:
    """The first program, with parts replaced."""
    [program] = blocks("python")
    for old, new in changes:
        assert program.count(old) == 1, old
        program = program.replace(old, new)
    return program


def printed(program: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(program, "lesson", "exec"), {"__name__": "__main__"})
    return out.getvalue()


GOODBYE_FIRST = blocks("text")[0]
RELEASE_FIRST = blocks("text")[1]
EVERYWHERE = blocks("text")[2]
TABLE = blocks("text")[3]
WORST_CALL = "    return await pool.call(Pool.take)\n"
LAST_PART = re.compile(r"    try:\n        report = check_supervision.*", re.DOTALL)


def everywhere(program: str, last_part: str) -> str:
    program = program.replace("    check_supervision,", "    every_checkpoint,")
    return LAST_PART.sub(last_part, program)


def without_time(text: str) -> str:
    return re.sub(r"in \S+ s", "in some time", text)


REPLAYED = """    from trio_sup.testing import Crash, replay

    world = replay(
        build_tree,
        script=[Crash('shop/cache', at=0.0)],
        client=users,
        invariants=[eventually(no_connection_is_lost, within=5)],
    )
    print(world.outcome)
"""


def test_the_first_correction_makes_the_printed_program_pass() -> None:
    with pytest.raises(SupervisionViolation):
        printed(LAST_PART.sub(REPLAYED, changed()))
    program = changed((GOODBYE_FIRST, RELEASE_FIRST))
    assert printed(LAST_PART.sub(REPLAYED, program)) == "stopped\n"


def test_every_checkpoint_finds_the_other_bug() -> None:
    program = changed((GOODBYE_FIRST, RELEASE_FIRST))
    shown = printed(everywhere(program, EVERYWHERE))
    assert without_time(shown).startswith(without_time(TABLE))
    assert "script=[Crash('shop/sessions/ann', checkpoint=0)]" in shown


def test_the_second_correction_leaves_nothing() -> None:
    program = changed((GOODBYE_FIRST, RELEASE_FIRST), (WORST_CALL, blocks("text")[6]))
    last_part = EVERYWHERE.replace("    print(report.failures[0])\n", "")
    shown = printed(everywhere(program, last_part))
    assert without_time(shown) == without_time(blocks("text")[7])


def test_without_the_corrections_both_are_there() -> None:
    program = everywhere(changed(), EVERYWHERE.replace("check=False", "check=True"))
    with pytest.raises(SupervisionViolation):
        printed(program)

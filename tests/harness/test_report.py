"""What a failure prints can be read, and pasted."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from trio_sup import Child, ChildSpec, GenServer, call, child, current_node
from trio_sup.testing import (
    SupervisionViolation,
    World,
    eventually,
    invariant,
    replay,
)


def one() -> list[ChildSpec[Child]]:
    return [child(trio.sleep_forever, id="one")]


def found_by(*args: object, **options: object) -> SupervisionViolation:
    with pytest.raises(SupervisionViolation) as found:
        replay(one, *args, **options)  # type: ignore[arg-type]
    return found.value


never: Callable[[World], bool] = lambda world: False  # noqa: E731 - has no name


PROPERTIES = """
import trio
from trio_sup import child
from trio_sup.testing import supervision_property

def build_tree():
    return [child(trio.sleep_forever, id="one")]

@supervision_property(build_tree, max_examples=10)
async def test_client(world):
    raise ValueError("no client at all")

@supervision_property(build_tree, max_examples=10)
async def test_fixture(world, tmp_path):
    raise ValueError(f"no client in {tmp_path}")

@supervision_property(build_tree, max_examples=10)
def test_invariant(world):
    assert world.lives("root/one") == 0
"""


@pytest.mark.slow
def test_the_program_of_each_property_fails_as_it_did(tmp_path: Path) -> None:
    name = "test_properties_that_fail"
    (tmp_path / f"{name}.py").write_text(PROPERTIES)
    sys.path.insert(0, str(tmp_path))
    try:
        module = __import__(name)
        for test, fixtures in (
            ("test_client", {}),
            ("test_fixture", {"tmp_path": Path("here")}),
            ("test_invariant", {}),
        ):
            with pytest.raises(SupervisionViolation) as found:
                getattr(module, test)(**fixtures)
            # pytest is to see one test, and not the property over again.
            text = found.value.program
            assert test not in text.partition("def test_replay")[0]
            (tmp_path / f"test_pasted_{test}.py").write_text(text + "\n")
    finally:
        sys.path.remove(str(tmp_path))
    report = tmp_path / "report.xml"
    options = ("-p", "no:cacheprovider", "-p", "no:xdist", f"--junitxml={report}")
    inner = tmp_path / "inner"
    pasted = sorted(map(str, tmp_path.glob("test_pasted_*.py")))
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--basetemp={inner}", *pasted],
        capture_output=True,
        check=False,
        text=True,
        cwd=tmp_path,
    )
    # The texts, not the screen: how often that shows one, and how much of it,
    # depends on its width and on CI being set.
    failures = [it.text or "" for it in ET.parse(report).iter("failure")]
    assert len(failures) == 3, ran.stdout
    # Without what pytest puts before each line.
    words = [[word for word in text.split() if word != "E"] for text in failures]
    client, fixture, invariant = (" ".join(each) for each in words)
    assert "the client gets along" in client
    assert "ValueError: no client at all (" in client
    told = f"ValueError: no client in {inner}".replace(" ", "")
    assert told in fixture.replace(" ", "")
    assert "test_invariant" in invariant, invariant
    assert "here goes" not in ran.stdout


def test_a_check_without_a_name_gets_one_in_the_program() -> None:
    text = found_by(invariants=[never]).program
    assert "invariants=[check]," in text
    assert "# here goes `check`: " in text
    text = found_by(invariants=[eventually(never, within=1)]).program
    assert "invariants=[eventually(check, within=1)]," in text
    compile(text, "program", "exec")


def test_the_program_imports_only_what_is_there_under_that_name() -> None:
    def check(world: World) -> bool:
        return False

    check.__qualname__ = "one"  # as a function that was replaced by a decorator
    assert "# here goes `check`" in found_by(invariants=[check]).program


def test_an_allowed_error_of_a_local_class_is_no_broken_import() -> None:
    class Local(Exception):
        pass

    text = found_by(invariants=[never], allow=[Local, OSError]).program
    assert "allow=[Local, OSError]," in text
    assert "# here goes `Local`: " in text


def test_an_error_is_told_with_its_place_in_the_users_code_and_once() -> None:
    async def fails_again_and_again() -> None:
        with trio.fail_after(1):
            await trio.sleep_forever()

    with pytest.raises(SupervisionViolation) as found:
        replay(lambda: [child(fails_again_and_again, id="it")])
    broken = str(found.value).partition("What broke:\n\n")[2].partition("\n\n")[0]
    law, page, *rest = (line.strip() for line in broken.splitlines())
    assert law == "no child fails without a fault that explains it"
    assert page.startswith("see docs/how-to/test-restart-semantics.md#")
    line = " ".join(rest)
    assert "root/it: TooSlowError (test_report.py:" in line
    assert line.endswith(", in fails_again_and_again) (4 times)")
    assert str(found.value).count("PROBLEM no child fails") <= 4


class Back(GenServer):
    @call
    async def ask(self) -> int:
        raise LookupError("nothing there")


class Front(GenServer):
    @call
    async def ask(self) -> int:
        return await current_node().registry.ref("back", Back).call(Back.ask)


async def ask_front(world: World) -> None:
    await world.root.server(Front, "Front").call(Front.ask)


def test_who_only_hears_of_an_error_is_not_told_of_beside_it() -> None:
    with pytest.raises(SupervisionViolation) as found:
        replay(lambda: [child(Back, name="back"), child(Front)], client=ask_front)
    problems = [problem.what for problem in found.value.world.problems]
    [told] = [what for what in problems if what.startswith("root/")]
    assert told.startswith("root/Back: LookupError: nothing there (test_report.py:")


def test_pytest_shows_the_line_of_the_check_and_none_of_the_harness(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import trio
        from trio_sup import child
        from trio_sup.testing import check_supervision, every_checkpoint, replay

        def never(world):
            return False

        def one():
            return [child(trio.sleep_forever, id="one")]

        def test_check():
            check_supervision(one, invariants=[never])

        def test_every():
            every_checkpoint(one, invariants=[never])

        def test_replay():
            replay(one, invariants=[never])
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines([">*check_supervision(one, invariants=[[]never])"])
    result.stdout.fnmatch_lines([">*every_checkpoint(one, invariants=[[]never])"])
    result.stdout.no_fnmatch_line("*def run_checked*")
    result.stdout.no_fnmatch_line("*_findings.py*")


def test_a_run_of_which_too_much_is_found_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def ticks() -> None:
        while True:
            await trio.sleep(0.0625)

    wrong = invariant(when="quiet")(never)
    monkeypatch.setattr("trio_sup.testing._run.watchdog.MOST_FOUND", 3)
    with pytest.raises(SupervisionViolation) as found:
        replay(lambda: [child(ticks, id="t")], invariants=[wrong])
    problems = found.value.world.problems
    assert 3 < len(problems) < 9
    assert len({problem.invariant for problem in problems}) == 1

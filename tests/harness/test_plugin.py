"""The pytest plugin, in projects of its users."""

import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PLUGIN = "trio_sup.testing.pytest_plugin"

TREE = """
import pytest, trio
from trio_sup import child, open_supervisor
from trio_sup.testing import run_virtual, supervision_property

async def tick():
    while True:
        await trio.sleep(1)

async def crash():
    await trio.sleep(1)
    raise ValueError("planned")

def build_tree():
    return [child(tick)]

async def run(*specs):
    async with open_supervisor(specs):
        await trio.sleep(1.5)
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyprojecttoml(
        '[tool.pytest.ini_options]\nfilterwarnings = ["error"]\n'
    )
    return pytester


def run(project: pytest.Pytester, source: str, *args: str) -> pytest.RunResult:
    project.makepyfile(TREE + source)
    installed = "trio_sup" in project.plugins
    plugin = [] if installed or _is_installed() else ["-p", PLUGIN]
    return project.runpytest_subprocess(*plugin, *args)


def _is_installed() -> bool:
    from importlib.metadata import entry_points

    return any(e.value == PLUGIN for e in entry_points(group="pytest11"))


def test_the_fixture_checks_a_tree_and_takes_the_option(
    project: pytest.Pytester,
) -> None:
    source = """
def test_tree(check_supervision):
    report = check_supervision(build_tree)
    assert report.examples == 7
"""
    run(project, source, "--supervision-examples=7").assert_outcomes(passed=1)


def test_the_decorator_needs_no_plugin_and_takes_fixtures(
    project: pytest.Pytester,
) -> None:
    source = """
@supervision_property(build_tree, max_examples=5)
async def test_client(world, tmp_path):
    assert tmp_path.exists()
    assert world.root.status == "running"

@supervision_property(build_tree, max_examples=5)
def test_after(world):
    assert world.outcome != "running"
"""
    run(project, source, "-p", "no:trio", "-n", "1").assert_outcomes(passed=2)


def test_pytest_trio_in_strict_mode_leaves_it_alone(project: pytest.Pytester) -> None:
    source = """
@supervision_property(build_tree, max_examples=5)
async def test_client(world):
    await trio.sleep(1)

@pytest.mark.trio
async def test_other(autojump_clock, no_crashes):
    await run(child(tick))
    assert no_crashes.story()[0] == ("child_starting", "root/tick")
"""
    run(project, source).assert_outcomes(passed=2)


def test_pytest_trio_in_auto_mode_leaves_it_alone(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\ntrio_mode = true\nfilterwarnings = error\n")
    source = """
@supervision_property(build_tree, max_examples=5)
async def test_client(world):
    await trio.sleep(1)
"""
    run(project, source).assert_outcomes(passed=1)


def test_a_crash_that_nobody_expected_fails_the_test(project: pytest.Pytester) -> None:
    source = """
def test_hides(no_crashes):
    run_virtual(run, child(crash))

@pytest.mark.allow_crashes(errors=ValueError)
def test_allows(no_crashes):
    run_virtual(run, child(crash))

def test_does_not_ask():
    run_virtual(run, child(crash))
"""
    result = run(project, source)
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*a child crashed unexpectedly: root/crash crashed*"])


def test_a_failing_assertion_of_a_child_fails_the_test(
    project: pytest.Pytester,
) -> None:
    source = """
async def asserts():
    await trio.sleep(1)
    assert 1 + 1 == 3

def test_hides():
    run_virtual(run, child(asserts))

@pytest.mark.trio
async def test_hides_too(autojump_clock):
    await run(child(asserts, restart="temporary"))

@pytest.mark.allow_crashes(errors=AssertionError)
def test_allows():
    run_virtual(run, child(asserts))

def test_tries_it_on_purpose(check_supervision):
    check_supervision(
        lambda: [child(asserts, restart="temporary")],
        allow=[AssertionError],
        max_examples=5,
    )

def test_other_errors_are_the_supervisors_affair():
    run_virtual(run, child(crash))
"""
    result = run(project, source)
    result.assert_outcomes(failed=2, passed=3)
    result.stdout.fnmatch_lines(
        ["*an assertion of a child failed: root/asserts crashed*assert*1 + 1*"]
    )


def test_an_assertion_of_a_child_fails_the_test_in_whose_fixture_it_is(
    project: pytest.Pytester,
) -> None:
    source = """
async def asserts():
    await trio.sleep(1)
    assert 1 + 1 == 3

@pytest.fixture
def before():
    run_virtual(run, child(asserts))

@pytest.fixture
def after():
    yield
    run_virtual(run, child(asserts))

def test_begins(before):
    pass

def test_ends(after):
    pass

def test_hears_on_meanwhile(after, supervision_events):
    run_virtual(run, child(tick))
    assert supervision_events.story()
"""
    result = run(project, source)
    result.assert_outcomes(passed=2, errors=3)


def test_to_ask_for_what_is_loaded_already_is_no_error() -> None:
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    # pytest knows plugins by their names: two for one module would be an error.
    assert project["entry-points"]["pytest11"] == {PLUGIN: PLUGIN}


def test_a_failure_survives_the_way_between_processes(
    project: pytest.Pytester,
) -> None:
    source = """
async def broken():
    raise KeyError("typo")

def test_tree(check_supervision):
    check_supervision(lambda: [child(broken, restart="temporary")])
"""
    result = run(project, source, "-n", "1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*def test_replay() -> None:*", "*KeyError: 'typo'*"])


def test_the_mark_takes_types_without_the_keyword(project: pytest.Pytester) -> None:
    source = """
@pytest.mark.allow_crashes(KeyError, ValueError)
def test_allows(no_crashes):
    run_virtual(run, child(crash))
"""
    run(project, source).assert_outcomes(passed=1)

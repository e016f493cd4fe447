"""`python -m bench` as users see it."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench import __main__ as bench, counting, parts
from bench.counting import Count, NoCounter, counts
from bench.parts import PARTS
from bench.report import Figure, Found, machine
from bench.tables import TABLES

Run = Callable[..., int]
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["bench", *words])
        return bench.main()

    return run


def test_list_names_each_part(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(PARTS)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nope",), "there is no part 'nope'; there are call, cast"),
        (("instructions", "memory"), "there is no part 'memory'; there are call"),
        (("call", "--rounds", "0"), "at least one round"),
        (("call", "--write"), "--write belongs to `python -m bench budget`"),
        (("page",), "wants the files"),
        (("budget", "call"), "name none"),
        (("budget", "--json", "x"), "budget writes no JSON"),
        (("instructions", "--quick"), "instructions takes no option"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_mistake_is_told_with_what_is_accepted(
    run: Run, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_json_goes_to_a_file_and_the_table_to_stdout(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.json"
    words = ("registry", "--quick", "--rounds", "1", "--no-instructions")
    assert run(*words, "--json", str(file)) == 0
    printed = capsys.readouterr()
    assert "registry.lookup" in printed.out
    assert "registry: round 1 of 1" in printed.err
    results = json.loads(file.read_text(encoding="utf-8"))
    assert set(results) == {"machine", "parts", "rounds"}
    assert set(results["machine"]) == set(machine())
    [part] = results["parts"]
    assert part["part"] == "registry"
    assert [row["name"] for row in part["rows"]] == ["dict look-up", "registry.lookup"]


def test_json_on_stdout_is_nothing_but_json(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("registry", "--quick", "--rounds", "1", "--no-instructions")
    assert run(*words, "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["rounds"] == 1


def test_without_valgrind_the_times_are_told_all_the_same(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert run("registry", "--quick", "--rounds", "1") == 0
    printed = capsys.readouterr().out
    assert "left out: instructions are counted with valgrind" in printed
    assert "registry.lookup" in printed
    with pytest.raises(NoCounter, match="valgrind"):
        run("instructions", "registry")


def test_what_was_measured_before_a_ctrl_c_is_kept(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(_: object) -> Iterator[Found]:
        yield Figure("first", 1.0, "s")
        raise KeyboardInterrupt

    part = parts.Part("registry", "", interrupted)
    monkeypatch.setitem(PARTS, "registry", part)
    file = tmp_path / "out.json"
    words = ("cast", "registry", "--quick", "--rounds", "1", "--no-instructions")
    with pytest.raises(KeyboardInterrupt):
        run(*words, "--json", str(file))
    results = json.loads(file.read_text(encoding="utf-8"))
    whole, begun = results["parts"]
    assert whole["part"] == "cast"
    assert len(whole["rows"]) >= 2
    assert [one["name"] for one in begun["figures"]] == ["first"]


def test_ctrl_c_ends_it_with_130_and_without_a_traceback() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", "call", "--no-instructions", "--rounds", "999"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        assert "warm-up" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "ended by Ctrl-C" in said
    assert "Traceback" not in said


def test_instructions_are_told_as_they_are_counted_and_kept_as_json(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def counts(wanted: list[tuple[str, str]]) -> Iterator[Count]:
        for number, (table, name) in enumerate(wanted):
            yield Count(table, name, 1000.0 * (number + 1))

    monkeypatch.setattr(bench, "counts", counts)
    monkeypatch.setattr(bench, "counter", lambda: "valgrind-3")
    assert run("instructions", "registry", "--json", "-") == 0
    printed = capsys.readouterr()
    assert "registry.lookup" in printed.err
    [part] = json.loads(printed.out)["parts"]
    assert [one["instruction_ratio"] for one in part["counts"]] == [1.0, 2.0]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_counts_of_the_same_work_are_the_same_to_a_percent() -> None:
    try:
        counting.counter()
    except NoCounter as no:
        pytest.skip(str(no))
    wanted = [("registry", "dict look-up"), ("cast", "cast")]
    first, second = ([one.instructions for one in counts(wanted)] for _ in range(2))
    assert first == pytest.approx(second, rel=0.01)
    assert all(one > 100 for one in first)


@pytest.mark.slow
def test_what_fails_under_the_counter_is_told() -> None:
    try:
        counting.counter()
    except NoCounter as no:
        pytest.skip(str(no))
    with pytest.raises(NoCounter, match="KeyError"):
        list(counts([("no such table", "x")]))


def test_what_is_counted_has_a_floor_that_is_counted() -> None:
    for table in TABLES.values():
        assert table.variants[0].counted, table.name

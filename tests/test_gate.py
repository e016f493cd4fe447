"""The gate promises what the package does, and hides nothing that users see."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GATE = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_gate_covers_every_python_that_is_promised_and_no_other() -> None:
    promised = re.findall(r"Python :: 3\.(\d+)", str(PROJECT["project"]["classifiers"]))
    floor, ceiling = (
        int(found[1])
        for name in ("floor", "ceiling")
        if (found := re.search(rf"^{name}=(\d+)", GATE, re.MULTILINE))
    )
    assert list(map(int, promised)) == list(range(floor, ceiling + 1))
    assert PROJECT["project"]["requires-python"] == f">=3.{floor}"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Python 3.{floor} to 3.{ceiling}" in readme


def test_nothing_that_changes_what_programs_print_is_set_for_the_whole_gate() -> None:
    exported = "".join(re.findall(r"^export .*", GATE, re.MULTILINE))
    for name in ("PYTHONUNBUFFERED", "CI=", "COLOR", "LC_ALL", "COLUMNS", "TERM"):
        assert name not in exported


def test_the_readers_command_sees_the_plainest_environment() -> None:
    """Home, path and language, and how pip finds its index."""
    body = GATE[GATE.index("plainly()") :]
    function = body[: body.index("\n}\n") + 3]
    loud = {"CI": "true", "PYTHONUNBUFFERED": "1", "PIP_INDEX_URL": "http://here"}
    home = {"HOME": "/nowhere", "PATH": os.environ["PATH"]}
    show = "import os; print(sorted(os.environ.items()))"
    done = subprocess.run(
        ["bash", "-c", f'{function}\nplainly "$@"', "bash", sys.executable, "-c", show],
        env={**home, **loud},
        capture_output=True,
        text=True,
        check=True,
    )
    seen = dict(eval(done.stdout))
    seen.pop("LC_CTYPE", None)  # Python sets it for itself
    kept = {"PIP_INDEX_URL": "http://here", "LANG": "C.UTF-8"}
    assert seen == {**home, **kept}


STUB = """#!/bin/bash
# A Python that makes environments of stubs, and says which one it is.
here=$(dirname "$0"); minor=$(cat "$here/minor" 2>/dev/null || echo "${0##*python3.}")
case "$1" in
  -c) case "$2" in *"print(sys.version_info"*) echo "$minor" ;; esac ;;
  --version) echo "Python 3.$minor.0" ;;
  -m) target=${@: -1}; mkdir -p "$target/bin"; echo "$minor" > "$target/bin/minor"
      cp "$0" "$target/bin/python"
      for tool in pip poe trio-sup; do
        printf '#!/bin/bash\\n' > "$target/bin/$tool"; chmod +x "$target/bin/$tool"
      done
      printf '#!/bin/bash\\necho "3.%s ${LC_ALL-plain} ${CI-quiet} $*" >> runs\\n' \
        "$minor" > "$target/bin/pytest"
      chmod +x "$target/bin/pytest" ;;
esac
"""


LIMITS = {"quick_until": 800, "short_until": 1000, "shorter_until": 1250}


def run_gate(folder: Path, minors: list[int], *late: str) -> list[str]:
    """The runs of the tests that the gate makes: which Python, and how.

    Args:
        folder: Where the gate is played.
        minors: The Pythons that there are.
        late: The limits that are over at once.
    """
    gate = GATE
    for name, seconds in LIMITS.items():
        line = f"\n{name}={seconds}\n"
        assert line in gate
        if name in late:
            gate = gate.replace(line, f"\n{name}=0\n")
    done = play_gate(folder, gate, minors)
    assert done.returncode == 0, done.stderr
    assert "all gates passed" in done.stdout
    return (folder / "runs").read_text().splitlines()


def play_gate(
    folder: Path, gate: str, minors: list[int]
) -> subprocess.CompletedProcess[str]:
    """The gate in a folder where every program is a stub."""
    (folder / ".ci").mkdir()
    # Of the machine's own Pythons none is to be found.
    gate = gate.replace("type -aP ", "type -P ")
    (folder / ".ci" / "run").write_text(gate)
    (folder / "README.md").write_text((ROOT / "README.md").read_text())
    (folder / "dist").mkdir()
    (folder / "dist" / "a.whl").touch()
    programs = folder / "bin"
    programs.mkdir()
    for minor in range(11, 16):
        text = STUB if minor in minors else "#!/bin/bash\nexit 1\n"
        (programs / f"python3.{minor}").write_text(text)
        (programs / f"python3.{minor}").chmod(0o755)
    (programs / "python3").write_text(
        f'#!/bin/bash\nexec "{programs}/python3.{minors[0]}" "$@"\n'
    )
    (programs / "python3").chmod(0o755)
    env = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "CI": "true",
    }
    return subprocess.run(
        ["bash", ".ci/run"],
        cwd=folder,
        env={**env, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


SHORTEST = "auto -m not slow README.md tests/core"
SHORTER = f"{SHORTEST} tests/supervision tests/servers"
SHORT = f"{SHORTER} docs tests/tasks tests/registry tests/commands"


def test_the_first_run_is_whole_and_plain_the_second_loud_the_newest_before_the_oldest(
    short_dir: Path,
) -> None:
    runs = run_gate(short_dir, [13, 11, 12, 14, 15])
    plain, loud, *rest = runs
    assert plain == "3.13 plain quiet -n auto"
    assert re.fullmatch(r"3\.15 (C|\w+\.\S+) true -n auto -m not slow", loud)
    assert rest == [f"3.{n} plain true -n auto -m not slow" for n in (11, 14, 12)]


@pytest.mark.parametrize(("late", "wanted"), [(1, SHORT), (2, SHORTER), (3, SHORTEST)])
def test_the_later_a_run_begins_the_shorter_it_is(
    late: int, wanted: str, short_dir: Path
) -> None:
    first, *others = run_gate(short_dir, [11, 12, 13], *[*LIMITS][:late])
    assert first.endswith("-n auto")
    assert [run.split(" -n ")[1] for run in others] == [wanted] * 2


def test_of_three_pythons_none_is_tested_in_part(short_dir: Path) -> None:
    first, *others = run_gate(short_dir, [11, 12, 13])
    assert first.endswith("-n auto")
    assert [run.split(" -n ")[1] for run in others] == ["auto -m not slow"] * 2


def test_a_single_python_is_tested_plainly_and_loudly(short_dir: Path) -> None:
    runs = run_gate(short_dir, [12])
    assert [run.split()[0] for run in runs] == ["3.12", "3.12"]
    assert [run.split()[2] for run in runs] == ["quiet", "true"]
    assert [run.partition(" -n auto")[2] for run in runs] == ["", " -m not slow"]


@pytest.mark.parametrize("failing", [".venv/bin/poe --quiet types", 'install "${other'])
def test_what_fails_beside_the_rest_fails_the_gate_with_its_words(
    failing: str, short_dir: Path
) -> None:
    bad = "bash -c 'echo what is wrong; exit 3' "
    assert failing in GATE
    done = play_gate(short_dir, GATE.replace(failing, bad + failing), [11, 12])
    assert done.returncode == 3
    assert "all gates passed" not in done.stdout
    *_, (name, words) = re.findall(r"={16} (.*) \(\d+ s\)\n([^=]*)", done.stdout)
    assert words == "what is wrong\n"
    assert f"FAILED: {name}" in done.stderr
    assert not list(short_dir.glob("tmp*")), "what was said is not kept"


def test_what_is_left_out_on_other_pythons_is_a_marker_that_pytest_knows() -> None:
    (left_out,) = set(re.findall(r'-m "not (\w+)"', GATE))
    markers = PROJECT["tool"]["pytest"]["ini_options"]["markers"]
    assert left_out in [marker.partition(":")[0] for marker in markers]

"""The gate promises what the package does, and hides nothing that users see."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

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

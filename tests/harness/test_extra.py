"""Hypothesis is an extra: needed by what draws examples, and by nothing else."""

import re
import subprocess
import sys
from pathlib import Path

from trio_sup._core.extras import how_to_install

ROOT = Path(__file__).parents[2]

IMPORTS = """
import sys
import trio_sup
import trio_sup.testing
import trio_sup.testing.pytest_plugin
assert "hypothesis" not in sys.modules
"""

WITHOUT = """
import sys
sys.modules["hypothesis"] = None  # as if it were not installed
import trio
from trio_sup import child
from trio_sup.testing import check_supervision, every_checkpoint

def build():
    return [child(trio.sleep_forever)]

print(every_checkpoint(build).runs, "runs")
try:
    check_supervision(build)
except ImportError as error:
    print(error)
"""


def printed(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_imports_hypothesis_before_it_is_needed() -> None:
    assert printed(IMPORTS) == ""


def test_where_it_is_missing_the_extra_is_named_and_the_rest_works() -> None:
    runs, error = printed(WITHOUT).splitlines()
    assert runs == "4 runs"
    assert how_to_install("testing") in error


def test_the_reference_has_every_public_name() -> None:
    page = (ROOT / "docs/reference/testing.md").read_text(encoding="utf-8")
    shown = re.findall(r"^::: trio_sup\.testing\.(\w+)$", page, re.MULTILINE)
    source = (ROOT / "trio_sup/testing/__init__.py").read_text(encoding="utf-8")
    names = re.findall(r"\b(\w+) as \1\b", source)
    assert sorted(shown) == sorted(names)

"""What the mutation run makes of mutmut's results."""

from __future__ import annotations

from pathlib import Path

import pytest

from .__main__ import SURVIVORS, report
from .results import Mutant, place_of
from .survivors import Survivor, load, parse_diff

DIFF = """\
# a.window.x: survived
--- trio_sup/_core/window.py
+++ trio_sup/_core/window.py
@@ -1,3 +1,3 @@
 def clear(self) -> None:
-    self._times = None
+    self._times = ""
"""
CLEAR = Survivor("window.clear", "self._times = None", 'self._times = ""')
ALIVE = Mutant("k", "window", "window.clear", "survived")
DEAD = Mutant("d", "window", "window.used", "killed")


def test_a_survivor_is_told_by_what_it_changes() -> None:
    assert parse_diff("window.clear", DIFF) == CLEAR


def test_places_are_modules_classes_and_functions() -> None:
    method = "trio_sup._core.window.xǁRestartWindowǁadmit__mutmut_3"
    assert place_of(method) == "window.RestartWindow.admit"
    function = "trio_sup._core.specs.x__one_of__mutmut_12"
    assert place_of(function) == "specs._one_of"


def test_only_excused_survivors_are_fine(capsys: pytest.CaptureFixture[str]) -> None:
    files = ("window",)
    assert report([DEAD, ALIVE], {ALIVE: CLEAR}, (CLEAR,), files) == 0
    assert "1 killed,   1 excused,   0 survived" in capsys.readouterr().out
    assert report([DEAD, ALIVE], {ALIVE: CLEAR}, (), files) == 1
    assert CLEAR.as_toml() in capsys.readouterr().out
    assert report([DEAD], {}, (CLEAR,), files) == 1  # stale
    assert report([DEAD], {}, (CLEAR,), ("names",)) == 0  # of a file that was not run


def test_every_excuse_has_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "survivors.toml"
    file.write_text(CLEAR.as_toml())
    with pytest.raises(ValueError, match=r"window\.clear: the reason is missing"):
        load(file)
    assert load(SURVIVORS)

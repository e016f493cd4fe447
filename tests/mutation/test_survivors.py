"""What the mutation run makes of what the tests said."""

from __future__ import annotations

from pathlib import Path

import pytest

from .__main__ import FILES, SURVIVORS, figures, report
from .judging import Verdict
from .survivors import Judged, Survivor, load, parse_diff

DIFF = """\
---
+++
@@ -3 +3 @@
-    self._times = None
+    self._times = ""
"""
CLEAR = Survivor("window.clear", "self._times = None", 'self._times = ""')


def judged(verdict: Verdict) -> Judged:
    return Judged("window", CLEAR, verdict)


def test_a_survivor_is_told_by_what_it_changes() -> None:
    assert parse_diff("window.clear", DIFF) == CLEAR


def test_a_place_begins_with_its_module() -> None:
    assert CLEAR.stands_in("window")
    assert not CLEAR.stands_in("win")
    assert Survivor("code.former.Former.wait", "", "").stands_in("code.former")


@pytest.mark.parametrize(
    ("verdict", "survived"),
    [("killed", False), ("endless", False), ("survived", True), ("no tests", True)],
)
def test_what_no_test_runs_or_notices_survives(
    verdict: Verdict, survived: bool
) -> None:
    assert judged(verdict).survived is survived


def test_only_excused_survivors_are_fine(capsys: pytest.CaptureFixture[str]) -> None:
    found = [judged("killed"), judged("endless"), judged("survived")]
    (line,) = figures("window", found, (CLEAR,))
    assert "3 mutants,    2 killed (1 without an end)" in line
    assert "1 excused,   0 survived" in line
    assert report(found, (CLEAR,), ["window"]) == 0
    (line,) = figures("window", found, ())
    assert "0 excused,   1 survived" in line
    assert capsys.readouterr().out == ""
    assert report(found, (), ["window"]) == 1
    assert CLEAR.as_toml() in capsys.readouterr().out
    assert report(found[:2], (CLEAR,), ["window"]) == 1  # stale
    assert report(found[:2], (CLEAR,), ["names"]) == 0  # of a file that was not run
    assert list(figures("names", found, ())) == []


def test_all_modules_of_the_core_are_run() -> None:
    assert {"state", "judge", "plan.groups", "plan.supervision"} <= FILES.keys()
    assert all(path.is_file() for path in FILES.values())


def test_every_excuse_has_a_reason_and_a_module(tmp_path: Path) -> None:
    file = tmp_path / "survivors.toml"
    file.write_text(CLEAR.as_toml())
    with pytest.raises(ValueError, match=r"window\.clear: the reason is missing"):
        load(file)
    for survivor in load(SURVIVORS):
        assert any(map(survivor.stands_in, FILES)), survivor.place

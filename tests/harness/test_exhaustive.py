"""`every_checkpoint` and `every_cancellation`: every place there is, and the map of them."""

import io
from typing import Any

import pytest

from tests.harness.broken import leaky, spins
from trio_sup import child, supervisor
from trio_sup.testing import (
    ProgressBar,
    SupervisionViolation,
    every_cancellation,
    every_checkpoint,
    replay,
)

from .trees import customer, flat, shop, slow_start, tick


def test_every_checkpoint_of_a_sound_tree_is_survived() -> None:
    seen: list[tuple[int, int]] = []

    def progress(done: int, of: int) -> None:
        seen.append((done, of))

    report = every_checkpoint(shop, client=customer, duration=3, progress=progress)
    assert report.runs > 20
    assert seen[-1] == (report.runs, report.runs)
    assert {kind for _, kind in report.rows} == {"crash", "vanish", "fail start"}
    row = report.rows["shop/db", "crash"]
    assert row.hit == row.places > 3


def test_the_report_tells_every_child_checkpoint_and_fault() -> None:
    def build() -> Any:
        return supervisor([child(tick, id="t"), child(slow_start, id="s")], id="app")

    report = every_checkpoint(build, modes=("crash", "slow"), duration=5)
    assert report.details().splitlines() == [
        "app/t",
        "  crash       ...",
        "  slow        ...",
        "  fail start  ..",
        "app/s",
        "  crash       ..",
        "  slow        ..",
        "  fail start  ..",
    ]


def test_the_report_shows_which_place_is_bad() -> None:
    report = every_checkpoint(leaky, modes=("vanish",), duration=3, check=False)
    assert "  vanish      x." in report.details().splitlines()


def test_a_bar_shows_the_progress() -> None:
    screen = io.StringIO()
    bar = ProgressBar(screen, interval=0)
    report = every_checkpoint(flat, duration=3, progress=bar)
    lines = screen.getvalue().split("\r")[1:]
    assert len(lines) == report.runs
    assert lines[0].startswith("[")
    assert lines[-1] == f"[{'#' * 30}] {report.runs}/{report.runs} runs, 0 s left \n"


def test_every_checkpoint_finds_the_await_before_a_release() -> None:
    report = every_checkpoint(leaky, duration=3, check=False)
    assert {place for (place, _), row in report.rows.items() if row.failed} == {
        "leaky/forgets_to_unregister"
    }
    assert "bad" in str(report)
    with pytest.raises(SupervisionViolation):
        report.check()


def test_every_cancellation_of_a_sound_tree_is_survived() -> None:
    report = every_cancellation(shop, client=customer, duration=2)
    assert report.rows["the tree", "cut"].hit > 40


def test_a_tree_that_spins_is_found() -> None:
    with pytest.raises(SupervisionViolation, match="no rest in"):
        replay(lambda: [child(spins)])

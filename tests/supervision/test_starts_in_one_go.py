"""Who is ready lets the next one begin, and it comes to the same as by the supervisor.

The task of the next child takes the turn of the control task. Whoever looks cannot tell.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.supervision.scenes import (
    Scene,
    first_steps,
    groups,
    nested,
    no_log,
    story_of,
)
from trio_sup._supervisors.lives import Lives

__all__ = ["no_log"]


class Coin:
    """Takes the place of the one that Trio tosses for the order of its tasks."""

    def __init__(self, side: float) -> None:
        self.side = side

    def random(self) -> float:
        """Return what leaves a batch as it is, or turns it."""
        return self.side

    def shuffle(self, batch: list[Any]) -> None:
        """Let the older go first, or last."""
        if self.random() < 0.5:
            batch.reverse()


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("side", [0.0, 1.0])
@pytest.mark.parametrize("scene", [groups, nested, first_steps])
def test_who_is_ready_lets_the_next_begin_as_the_supervisor_itself_would(
    scene: Scene, side: float, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trio._core._run._r", Coin(side))
    sent: list[str] = []
    send: Any = getattr(Lives, "_send_next")  # noqa: B009 - of any plan

    def noting(self: Lives[Any]) -> None:
        sent.append(self.path_text)
        send(self)

    monkeypatch.setattr(Lives, "_send_next", noting)
    quick = story_of(scene, told=told)
    monkeypatch.setattr(Lives, "_send_next", lambda self: self.bell.wake())
    assert quick == story_of(scene, told=told)
    assert quick["seen"]
    assert len(sent) >= 5
    assert scene is not first_steps or len(quick["steps"]) > 40

"""A node under attack; ``python -m tests.inspect.hostile`` does more of it."""

from __future__ import annotations

import pytest

from tests.inspect.hostile.run import run


@pytest.mark.parametrize("control", [False, True])
def test_hostile_frames_are_refused_as_documented_and_harm_nothing(
    control: bool,
) -> None:
    # How much memory a node takes at first says little; the long run judges that.
    report = run(1500, control=control, loris=False, growth=20_000_000)
    assert report.broken == []
    assert report.frames >= 1500

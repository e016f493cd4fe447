"""A child that stands by until its name is free."""

from __future__ import annotations

from typing import Any

import trio

from trio_sup._core.specs import ChildSpec
from trio_sup._tree.open import open_supervisor


async def stand_by(
    spec: ChildSpec[Any], *, max_restarts: int, max_seconds: float
) -> None:
    """Run a child as soon as it gets its name, under a supervisor of its own.

    Raises:
        StartFailed: it did not start.
        RestartLimitExceeded: it crashed too often.
    """
    async with open_supervisor(
        [spec], max_restarts=max_restarts, max_seconds=max_seconds, id=spec.label
    ):
        await trio.sleep_forever()

"""The monitor judges a tree by the specification that it was given last."""

from __future__ import annotations

import pytest
import trio

from tests.supervision.stage import Stage, quiet
from trio_sup import open_supervisor, supervisor
from trio_sup.testing.monitor import ConformanceMonitor

pytestmark = pytest.mark.trio


async def test_a_tree_that_was_reconfigured_is_judged_by_what_it_is_now() -> None:
    stage, monitor = Stage(), ConformanceMonitor()
    with monitor.watching():
        async with open_supervisor(stage.specs("a b c")) as sup:
            inner = supervisor(stage.specs("x"), id="inner")
            new = supervisor([*stage.specs("c d"), inner], strategy="one_for_all")
            await sup.reconfigure(new)
            stage.take()
            stage.crash("d")
            await quiet()
            assert stage.take() == [
                "d down",
                "x down",
                "c down",
                "c up",
                "d up",
                "x up",
            ]
            monitor.settled(trio.current_time())
    monitor.check()


async def test_a_stop_in_the_middle_of_a_change_is_no_violation() -> None:
    stage, monitor = Stage(start_seconds={"slow": 60}), ConformanceMonitor()
    with monitor.watching():
        async with open_supervisor(stage.specs("a"), id="top"):
            async with open_supervisor(stage.specs("b"), id="root") as sup:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(sup.reconfigure, stage.specs("b slow"))
                    await quiet()
                    nursery.cancel_scope.cancel()
    monitor.check()

"""A significant child that ends by itself is active until it has ended (SUP-134)."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from trio_sup import (
    Exit,
    GenServer,
    Supervisor,
    cast,
    child,
    open_supervisor,
    supervisor,
)

from .stage import Boom, Stage, quiet


class SlowToEnd(GenServer):
    """Crashes on demand, and takes a second to clean up."""

    @cast
    async def crash(self) -> None:
        raise Boom

    async def terminate(self, exit: Exit) -> None:
        await trio.sleep(1)


def with_all_significant(*specs: Any) -> Any:
    """A supervisor that ends with the last of its children."""
    return supervisor(
        [spec.replace(restart="transient", significant=True) for spec in specs],
        auto_shutdown="all_significant",
        id="s",
        restart="temporary",
    )


@pytest.mark.trio
async def test_a_server_that_cleans_up_after_a_crash_comes_back_sup_134(
    autojump_clock: None,
) -> None:
    stage = Stage()
    tree = with_all_significant(child(SlowToEnd, id="a"), stage.spec("b"))
    async with open_supervisor([tree]) as sup:
        a = sup.server(SlowToEnd, "s", "a")
        a.cast(SlowToEnd.crash)
        await quiet()
        assert a.status == "stopping"
        stage.finish("b")
        await trio.sleep(2)
        assert (a.status, a.life) == ("running", 2)
        assert sup.child("s").status == "running"


@pytest.mark.trio
async def test_a_supervisor_that_stops_itself_is_active_until_its_end_sup_134(
    autojump_clock: None,
) -> None:
    stage = Stage()
    stage.stop_seconds["x"] = 1
    inner = supervisor([stage.spec("x")], id="inner")
    tree = with_all_significant(inner, stage.spec("b"))
    async with open_supervisor([tree]) as sup, trio.open_nursery() as nursery:
        s = sup.supervisor("s")
        assert isinstance(s, Supervisor)
        nursery.start_soon(s.supervisor("inner").stop)
        await quiet()
        stage.finish("b")
        await quiet()
        assert s.status == "running"
        await s.wait_stopped()
        assert str(s.last_exit) == "shutdown (auto_shutdown)"

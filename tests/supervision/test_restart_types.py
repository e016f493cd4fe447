"""Which ends lead to a restart, and what they count."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    AlreadyPresent,
    Ignore,
    RestartLimitExceeded,
    Stop,
    child,
    open_supervisor,
    supervisor,
)

pytestmark = pytest.mark.trio

ENDS: dict[str, BaseException | None] = {
    "returns": None,
    "stop": Stop(),
    "shutdown": Stop("a reason"),
    "group of stops": ExceptionGroup("all", [Stop(), Stop("b")]),
    "crash": Boom(),
    "mixed group": ExceptionGroup("some", [Stop(), Boom()]),
    "too slow": trio.TooSlowError(),
}
IN_ORDER = {"returns", "stop", "shutdown", "group of stops"}


async def end(stage: Stage, how: str) -> None:
    error = ENDS[how]
    if error is None:
        stage.finish("a")
    else:
        stage.crash("a", error)
    await quiet()


@pytest.mark.parametrize("how", ENDS)
async def test_permanent_is_restarted_whatever_the_end_sup_040_046(how: str) -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a")) as sup:
        await end(stage, how)
        assert stage.lives["a"] == 2
        assert sup.statistics().restarts == 1
        assert sup.child("a").restarts == 1


@pytest.mark.parametrize("how", ENDS)
async def test_transient_is_restarted_after_a_crash_only_sup_041(how: str) -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a", restart="transient")) as sup:
        await end(stage, how)
        again = how not in IN_ORDER
        assert stage.lives["a"] == (2 if again else 1)
        assert sup.statistics().restarts == int(again)


@pytest.mark.parametrize("how", ENDS)
async def test_temporary_is_never_restarted_and_dropped_sup_042_044(how: str) -> None:
    stage = Stage()
    async with open_supervisor(
        stage.specs("a", restart="temporary"), max_restarts=0
    ) as sup:
        await end(stage, how)
        assert stage.lives["a"] == 1
        assert sup.count_children().specs == 0
        await sup.start_child(stage.spec("a"))  # the id is free at once (SUP-016)


async def test_a_finished_transient_keeps_its_specification_sup_043() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a", restart="transient")) as sup:
        await end(stage, "returns")
        counts = sup.count_children()
        assert (counts.specs, counts.active) == (1, 0)
        with pytest.raises(AlreadyPresent):
            await sup.start_child(stage.spec("a"))
        await sup.restart_child("a")
        assert stage.up == ["a"]


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
async def test_an_end_that_does_not_restart_touches_nobody_sup_045(
    strategy: str,
) -> None:
    stage = Stage()
    specs = [
        stage.spec("t", restart="transient"),
        stage.spec("u", restart="temporary"),
        stage.spec("z"),
    ]
    async with open_supervisor(
        specs,
        strategy=strategy,  # type: ignore[arg-type]
        max_restarts=0,
    ):
        stage.finish("t")
        stage.crash("u")
        await quiet()
        assert stage.up == ["z"]
        assert stage.lives["z"] == 1


async def test_one_normal_end_of_a_permanent_child_can_be_too_many_sup_046() -> None:
    stage = Stage()
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(stage.specs("a"), max_restarts=0):
            stage.finish("a")
            await trio.sleep_forever()


@pytest.mark.parametrize(
    ("restart", "comes_back"),
    [("permanent", True), ("transient", False), ("temporary", False)],
)
async def test_giving_up_is_a_shutdown_to_the_parent_sup_047(
    restart: str, comes_back: bool
) -> None:
    stage = Stage()
    inner = supervisor(
        stage.specs("a"),
        max_restarts=0,
        id="inner",
        restart=restart,  # type: ignore[arg-type]
    )
    async with open_supervisor([inner, stage.spec("z")]) as sup:
        handle = sup.supervisor("inner")
        stage.crash("a")
        await quiet()
        assert handle.last_exit is not None
        assert handle.last_exit.kind == "shutdown"
        assert isinstance(handle.last_exit.error, RestartLimitExceeded)
        assert (stage.lives["a"] == 2) is comes_back
        assert "z" in stage.up


async def test_giving_up_inside_a_users_function_is_a_crash() -> None:
    stage = Stage()

    async def own_tree() -> None:
        async with open_supervisor(stage.specs("a"), max_restarts=0, id="own"):
            await trio.sleep_forever()

    async with open_supervisor([child(own_tree, restart="transient")]) as sup:
        await quiet()
        stage.crash("a")
        await quiet()
        exit = sup.child("own_tree").last_exit
        assert exit is not None
        assert exit.kind == "crashed"
        assert sup.child("own_tree").life == 2


async def test_a_stop_asked_for_is_a_shutdown_whatever_the_child_does(
    autojump_clock: MockClock,
) -> None:
    """Trap 12 of the checklist: classify by intent (SUP-115, 116)."""

    async def swallows() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            return

    async def raises() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise Boom("in the clean-up")

    async def raises_in_a_nursery() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(raises)
            await trio.sleep_forever()

    targets = [swallows, raises, raises_in_a_nursery]
    async with open_supervisor([child(t) for t in targets], max_restarts=0) as sup:
        await quiet()
        for target in targets:
            handle = sup.child(target.__name__)
            await sup.terminate_child(target.__name__)
            assert handle.last_exit is not None
            assert handle.last_exit.kind == "shutdown"
            assert (handle.last_exit.error is None) == (target is swallows)
            assert handle.status == "stopped"
        assert sup.statistics().restarts == 0


async def test_ignore_from_a_child_that_is_ready_is_a_crash() -> None:
    """OTP's `ignore` is an answer of a start; as a reason of an end it is abnormal."""

    async def too_late() -> None:
        await trio.lowlevel.checkpoint()
        if sup.child("too_late").life == 1:
            raise Ignore
        await trio.sleep_forever()

    async with open_supervisor([]) as sup:
        handle = await sup.start_child(child(too_late, restart="transient"))
        exit = await handle.wait_exit(1)
        assert (exit.kind, type(exit.error)) == ("crashed", Ignore)
        await handle.wait_running()
        assert handle.life == 2

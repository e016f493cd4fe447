"""The harness ends in good order whatever the tree under test does to it."""

import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable

import pytest
import trio

from trio_sup import Child, ChildSpec, child
from trio_sup.testing import (
    Interrupt,
    SupervisionViolation,
    World,
    check_supervision,
    every_cancellation,
    every_checkpoint,
    replay,
)


def one() -> list[ChildSpec[Child]]:
    return [child(trio.sleep_forever, id="one")]


async def presses_ctrl_c(world: World) -> None:
    if world.script:  # not in the undisturbed run
        signal.raise_signal(signal.SIGINT)
    await trio.sleep_forever()


def presses_it_in_a_child() -> list[ChildSpec[Child]]:
    async def sits_at_the_keyboard() -> None:
        await trio.sleep(1)
        signal.raise_signal(signal.SIGINT)

    return [child(sits_at_the_keyboard)]


@pytest.mark.parametrize(
    "search", [check_supervision, every_checkpoint, every_cancellation]
)
def test_ctrl_c_ends_the_search_and_is_no_outcome_of_a_run(
    search: Callable[..., object],
) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(one, client=presses_ctrl_c)


def test_ctrl_c_ends_the_search_when_it_arrives_in_a_child() -> None:
    with pytest.raises(KeyboardInterrupt):
        check_supervision(presses_it_in_a_child)


def test_an_injected_ctrl_c_is_an_outcome() -> None:
    world = replay(one, [Interrupt("root/one", at=1.0)])
    assert world.outcome == "interrupted"


def test_what_never_rests_is_named() -> None:
    async def spins() -> None:
        while True:
            await trio.lowlevel.checkpoint()

    with pytest.raises(SupervisionViolation, match="all the time: root/spins") as found:
        replay(lambda: [child(spins), *one()])
    assert "root/one" not in str(found.value).partition("What broke:")[2]


@pytest.mark.slow
def test_a_child_that_swallows_all_cancellations_is_a_failure_and_no_hang() -> None:
    # Outside of Trio its loop would not even wait: neither closing nor collecting the
    # coroutine ends. Hence a process of its own: it is to end, too.
    program = """
        import trio
        from trio_sup import child
        from trio_sup.testing import SupervisionViolation, check_supervision

        async def deaf() -> None:
            while True:
                try:
                    await trio.sleep(1)
                except BaseException:
                    pass

        try:
            check_supervision(lambda: [child(deaf)])
        except SupervisionViolation as found:
            print(found)
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    assert "what runs all the time: root/deaf" in ended.stdout
    assert ended.stderr == ""

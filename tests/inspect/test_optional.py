"""Inspected or not, a program raises the same."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given, strategies as st

from tests.directories import short_directory
from trio_sup import (
    RestartLimitExceeded,
    child,
    open_inspector,
    open_supervisor,
    run,
    serve,
    supervisor,
)
from trio_sup._inspected.inspection import INSPECT_VARIABLE


@dataclass(frozen=True)
class Frozen(Exception):
    """Nothing can be set on it, its traceback included."""

    text: str


class Own(BaseException):
    """Neither an Exception nor known to anybody."""


SINGLE: list[Callable[[], BaseException]] = [
    lambda: ValueError("bare"),
    lambda: SystemExit(3),
    lambda: SystemExit(0),
    KeyboardInterrupt,
    GeneratorExit,
    StopIteration,
    StopAsyncIteration,
    lambda: Frozen("x"),
    Own,
    RecursionError,
    lambda: RestartLimitExceeded("of another", 1, 1, []),
]


errors = st.recursive(
    st.sampled_from(SINGLE),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(
        lambda makes: lambda: BaseExceptionGroup("a group", [make() for make in makes])
    ),
    max_leaves=5,
)


HOWS = ["inspected", "control", "off", "switched off", "refused"]


@pytest.fixture(scope="module")
def directory() -> Generator[Path]:
    with short_directory() as path:
        (path / "file").touch()
        yield path


def in_environment(how: str, directory: Path, body: Callable[[Any], None]) -> None:
    wanted = {"off": False, "control": "control"}.get(how, True)
    runtime = directory / ("file/run" if how == "refused" else "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIO_SUP_RUNTIME_DIR", str(runtime))
        if how == "switched off":
            patch.setenv(INSPECT_VARIABLE, "off")
        body(wanted)


@given(make=errors, how=st.sampled_from(HOWS), tree=st.booleans())
def test_the_very_exception_of_the_body_comes_out_of_open_inspector(
    make: Callable[[], BaseException], how: str, tree: bool, directory: Path
) -> None:
    error = make()
    caught: list[BaseException] = []

    async def main(wanted: Any) -> None:
        try:
            async with open_inspector("same", inspect=wanted) as inspection:
                assert bool(inspection.problem) == (how == "refused")
                if tree:
                    async with open_supervisor([]):
                        raise error
                raise error
        except BaseException as got:  # noqa: BLE001
            caught.append(got)

    in_environment(how, directory, lambda wanted: trio.run(main, wanted))
    assert caught[0] is error


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("make", SINGLE)
@pytest.mark.parametrize("program", ["run", "serve"])
@pytest.mark.parametrize("ready", ["spawned", "signalled"])
def test_run_and_serve_raise_the_same_inspected_or_not(
    how: str,
    make: Callable[[], BaseException],
    program: str,
    ready: Any,
    directory: Path,
) -> None:
    error = make()

    async def raises(**ready: object) -> None:
        raise error

    def body(wanted: Any) -> None:
        spec = supervisor([child(raises, ready=ready)], max_restarts=0)
        if program == "run":
            run(spec, inspect=wanted, name="same")
        else:
            trio.run(lambda: serve(spec, inspect=wanted, name="same"))

    with pytest.raises(BaseException) as info:  # noqa: PT011 - any
        in_environment(how, directory, body)
    if not isinstance(error, Exception):
        assert info.value is error
    else:
        assert type(info.value).__name__ in ("RestartLimitExceeded", "StartFailed")


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("make", SINGLE)
def test_the_body_and_giving_up_are_the_same_group(
    how: str, make: Callable[[], BaseException], directory: Path
) -> None:
    error, gave_up = make(), ValueError("gives up")

    async def raises(entered: trio.Event) -> None:
        await entered.wait()
        raise gave_up

    async def main(wanted: Any) -> None:
        entered = trio.Event()
        async with open_inspector("same", inspect=wanted):
            async with open_supervisor([child(raises, entered)], max_restarts=0):
                entered.set()
                try:
                    await trio.sleep_forever()
                finally:
                    raise error

    with pytest.raises(BaseExceptionGroup) as info:
        in_environment(how, directory, lambda wanted: trio.run(main, wanted))
    assert info.value.message == "the block and its supervision tree both failed"
    assert [type(e) for e in info.value.exceptions] == [
        type(error),
        RestartLimitExceeded,
    ]


@pytest.mark.trio
@pytest.mark.parametrize("how", ["inspected", "off"])
async def test_cancellations_pass_through(how: str) -> None:
    """One around the block, and one that comes with something else in a group."""
    wanted = how == "inspected"
    with trio.move_on_after(0) as scope:
        async with open_inspector("same", inspect=wanted):
            await trio.sleep_forever()
    assert scope.cancelled_caught
    with trio.CancelScope() as scope:
        with pytest.raises(BaseExceptionGroup) as info:
            async with open_inspector("same", inspect=wanted):
                scope.cancel()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    raise ValueError("beside")
    leaves = [type(e) for e in info.value.exceptions]
    assert ValueError in leaves
    assert not scope.cancelled_caught


@pytest.mark.trio
async def test_the_block_keeps_serving_while_it_is_being_cancelled() -> None:
    with short_directory() as directory:
        with trio.CancelScope() as scope:
            async with open_inspector("late", runtime_dir=directory / "r") as found:
                scope.cancel()
                try:
                    await trio.sleep_forever()
                finally:
                    assert found.path is not None
                    assert found.path.exists()
        assert found.path is not None
        assert not found.path.exists()

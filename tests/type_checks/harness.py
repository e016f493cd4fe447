"""The entrances of the harness know their options.

Read by mypy and pyright, never run. A line with a `type: ignore` must be an error
for both: an ignore that is not needed is one itself.
"""

from typing import assert_type

import trio
from hypothesis import settings

from trio_sup import child, supervisor
from trio_sup.testing import (
    CheckReport,
    Crash,
    World,
    check_supervision,
    supervision_property,
)


def build_tree() -> object:
    return supervisor([child(trio.sleep_forever, id="a")])


@supervision_property(build_tree, max_examples=20, max_seconds=1.5, spare=["a"])
async def test_with_options(world: World) -> None: ...


@supervision_property(build_tree, max_exampels=20)  # type: ignore[call-arg]
async def test_with_a_slip(world: World) -> None: ...


@supervision_property(build_tree, max_examples="20")  # type: ignore[arg-type]
async def test_with_a_wrong_type(world: World) -> None: ...


report = check_supervision(
    build_tree,
    settings=settings(max_examples=3),
    corpus=[[Crash("supervisor/a", at=1.0)], ([Crash("supervisor/a", at=1.0)], [0, 1])],
)
assert_type(report, CheckReport)
check_supervision(build_tree, max_exampels=20)  # type: ignore[call-arg]

"""How many examples a second the test harness runs: ``python -m bench.harness``.

Trees of one to eight children, plain functions and servers under all strategies and
nested, without work of their own; scripts of up to 15 faults of every kind, with
drawn schedules. Processor time of one process, Hypothesis and all invariants
included. The last lines say what an example costs without the harness.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import hypothesis
import trio
import trio.testing

from trio_sup import Backoff, ChildSpec, GenServer, child, open_supervisor, supervisor
from trio_sup._core.words import Strategy
from trio_sup.testing import EVERYTHING, World, check_supervision

STRATEGIES: tuple[Strategy, ...] = ("one_for_one", "rest_for_one", "one_for_all")


class Server(GenServer):
    """A server that nobody asks."""


async def waits() -> None:
    await trio.sleep_forever()


async def gets_ready(
    *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    await trio.sleep(0.125)
    task_status.started()
    await trio.sleep_forever()


def leaf(number: int) -> ChildSpec[Any]:
    id = f"c{number}"
    match number % 4:
        case 0:
            return child(waits, id=id)
        case 1:
            return child(Server, id=id, name=id)
        case 2:
            return child(gets_ready, id=id, restart="transient")
        case _:
            return child(waits, id=id, backoff=Backoff(jitter=0))


def tree(children: int, strategy: Strategy) -> ChildSpec[Any]:
    """A tree of so many children; from six on, three stand in a group of their own."""
    nested = 3 if children >= 6 else 0
    specs: list[ChildSpec[Any]] = [leaf(n) for n in range(children - nested)]
    if nested:
        group = [leaf(n) for n in range(children - nested, children)]
        specs.append(supervisor(group, strategy="one_for_all", id="group"))
    return supervisor(specs, strategy=strategy, id="app")


def of_size(children: int) -> list[Callable[[], ChildSpec[Any]]]:
    """The trees of one size, one for each strategy."""

    def under(strategy: Strategy) -> Callable[[], ChildSpec[Any]]:
        return lambda: tree(children, strategy)

    return [under(strategy) for strategy in STRATEGIES]


def bare(build: Callable[[], ChildSpec[Any]], runs: int) -> float:
    """Milliseconds of one start and stop of a tree, without the harness."""

    async def main() -> None:
        async with open_supervisor(build()):
            await trio.sleep(10)

    began = time.process_time()
    for _ in range(runs):
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    return (time.process_time() - began) / runs * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.harness")
    parser.add_argument("--examples", type=int, default=300, help="of each tree")
    options = parser.parse_args()
    hypothesis.settings.register_profile("bench", database=None)
    hypothesis.settings.load_profile("bench")
    faults: list[int] = []
    happened: list[int] = []

    def note(world: World) -> None:
        faults.append(len(world.hits))
        happened.append(len(world.events))

    total = spent = 0.0
    floor: list[float] = []
    print("children  examples/s  faults  events")
    for size in range(1, 9):
        ran = took = 0.0
        faults.clear()
        happened.clear()
        for build in of_size(size):
            gc.collect()
            began = time.process_time()
            report = check_supervision(
                build,
                faults=EVERYTHING,
                invariants=[note],
                max_examples=options.examples,
            )
            took += time.process_time() - began
            ran += report.examples
            floor.append(bare(build, 30))
        total, spent = total + ran, spent + took
        print(
            f"{size:8}  {ran / took:10.0f}  {statistics.mean(faults):6.1f}  "
            f"{statistics.mean(happened):6.1f}",
            flush=True,
        )
    print(f"\nall sizes: {total / spent:.0f} examples a second")
    print(f"one example: {spent / total * 1e3:.2f} ms")
    print(f"a bare run of the same trees: {statistics.mean(floor):.2f} ms")


if __name__ == "__main__":
    main()

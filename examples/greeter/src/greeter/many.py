"""``greet-many 1000000``: so many different guests, and nothing that is left of them."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
from pathlib import Path

import trio
from attrs import frozen

from trio_sup import dynamic_supervisor, open_supervisor

from .progress import Progress
from .server import GREETERS, greet

AT_ONCE = 1_000
"""Guests who are there together."""
INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""


@frozen
class Left:
    """What is there after guests have gone."""

    children: int
    objects: int
    """Python objects, of all kinds."""
    resident: int
    """Bytes of memory; 0 where the system does not tell."""

    def __str__(self) -> str:
        return (
            f"{self.children} children, {self.objects} objects, "
            f"{self.resident / 1e6:.1f} MB"
        )


class Interrupted(Exception):
    """Ctrl-C came before the last guest.

    Attributes:
        seen: What was there after the first thousand, if so many have come, and
            after all who came.
    """

    def __init__(self, seen: list[Left]) -> None:
        super().__init__("Ctrl-C")
        self.seen = seen


async def greet_many(
    guests: int, progress: Progress | None = None
) -> tuple[Left, Left]:
    """Greet so many different guests; return what is there after a few, and after all.

    Args:
        guests: How many; at least twice `AT_ONCE`.
        progress: Is told of each of them.

    Raises:
        Interrupted: After Ctrl-C, when those who were there have gone.
    """
    progress = progress or Progress(guests)
    seen: list[Left] = []
    async with open_supervisor([dynamic_supervisor(name=GREETERS)]):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_cancel_at_ctrl_c, nursery.cancel_scope)
            for last in AT_ONCE, guests:
                await _crowds(progress, last)
                seen.append(await _left())
            nursery.cancel_scope.cancel()
        interrupted = len(seen) < 2
        if interrupted:
            seen.append(await _left())
    if interrupted:
        raise Interrupted(seen)
    few, all_ = seen
    return few, all_


async def _cancel_at_ctrl_c(scope: trio.CancelScope) -> None:
    with trio.open_signal_receiver(signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()


async def _crowds(progress: Progress, last: int) -> None:
    for begin in range(progress.greeted, last, AT_ONCE):
        async with trio.open_nursery() as nursery:
            for guest in range(begin, min(begin + AT_ONCE, last)):
                nursery.start_soon(_come_and_go, ("guest", guest), progress)


async def _come_and_go(guest: object, progress: Progress) -> None:
    answer = await greet(guest, preparation=0, idle=0.001)
    assert answer == f"Hello, {guest}! (1)", answer
    progress.one_more()


async def _left() -> Left:
    while GREETERS.count_children().specs:  # noqa: ASYNC110 - it takes but a moment
        await trio.sleep(0.01)
    gc.collect()
    return Left(GREETERS.count_children().specs, len(gc.get_objects()), _resident())


def _resident() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * 4096


def main() -> None:
    """Greet as many as the command line says, and tell what is left."""
    parser = argparse.ArgumentParser(
        description="Greet many different guests, and count what is left of them.",
        epilog="How far it is goes to stderr, what was found to stdout.",
    )
    parser.add_argument(
        "guests", type=int, nargs="?", default=20_000, help="how many (20000)"
    )
    guests: int = parser.parse_args().guests
    if guests < 2 * AT_ONCE:
        parser.error(f"at least {2 * AT_ONCE} guests")
    progress = Progress(guests, sys.stderr)
    try:
        few, all_ = trio.run(greet_many, guests, progress)
    except Interrupted as error:
        _report(progress, f"{progress.greeted} of {guests}", "those", error.seen)
        sys.exit(INTERRUPTED)
    _report(progress, f"{guests}", "all", [few, all_])


def _report(progress: Progress, guests: str, last: str, seen: list[Left]) -> None:
    progress.end()
    print(f"{guests} guests in {progress.seconds:.0f} s, {progress.rate:.0f} a second")
    labels = ["the first thousand", last] if len(seen) == 2 else [last]
    for label, left in zip(labels, seen, strict=True):
        print(f"after {label}: {left}")


if __name__ == "__main__":
    main()

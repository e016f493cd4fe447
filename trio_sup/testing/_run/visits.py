"""Moves of people who visit a tree: see `trio_sup.testing._run.visitors`."""

from __future__ import annotations

from typing import Literal

from trio_sup.testing._run.ground import Ground, Target, crash
from trio_sup.testing.faults import (
    Crash,
    CtrlC,
    CutTree,
    Fault,
    Newcomer,
    Onlooker,
    Resize,
    Terminate,
    Vanish,
    Work,
)


def newcomer(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    """A child comes, and may be given up, while another is asked for as well."""
    path = ground.under(amount // 2, "supervisor", "dynamic_supervisor")
    if path is None:
        return crash(ground, target, at, amount)
    given_up = Newcomer(path, at=at, patience=0.125)
    stories: tuple[list[Fault], ...] = (
        [Newcomer(path, at=at)],
        [Newcomer(path, at=at), given_up],
        [given_up],
        [Newcomer(path, at=at, fails=True)],
        [Newcomer(path, at=at), Newcomer(path, at=at, fails=True), given_up],
        [Newcomer(path, at=at), Crash(target.path, at=at + 0.125)],
        [Terminate(target.path, at=at), given_up],
        [Newcomer(path, at=at), CtrlC(at=at + 1.0625), CtrlC(at=at + 1.09375)],
    )
    return stories[amount]


def work(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    """Tasks, and at times an end of the tree while they run."""
    path = ground.under(amount, "task_supervisor")
    if path is None:
        return crash(ground, target, at, amount)
    return [Work(path, at=at), *([CutTree(at=at + 0.25)] if amount == 7 else [])]


def resize(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    """Another number of partitions, and at times a crash of one."""
    path = ground.under(amount, "partition_supervisor")
    if path is None:
        return crash(ground, target, at, amount)
    resize = Resize(path, at=at, count=amount // 2)
    return [resize, *([Crash(target.path, at=at + 0.25)] if amount % 2 else [])]


def onlooker(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    """Somebody watches a child, and what befalls that."""
    until: tuple[Literal["life", "stopped"], ...] = ("life", "stopped")
    onlooker = Onlooker(target.path, at=at, until=until[amount % 2])
    later = at + 0.25
    befalls: tuple[Fault, ...] = (
        Crash(target.path, at=later),
        Terminate(target.path, at=later),
        Vanish(target.path, at=later),
        CutTree(at=later),
    )
    return [onlooker, befalls[amount // 2]]

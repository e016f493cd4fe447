"""What is compared with what: each table begins with its floor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import trio

from bench import floor, library
from bench.lap import Lap
from bench.method import Run, Table, Variant


def on_trio(body: Callable[[int, Lap], Awaitable[None]]) -> Run:
    """Return what runs a body of Trio."""
    return partial(_run, body)


def _run(body: Callable[[int, Lap], Awaitable[None]], n: int, lap: Lap) -> None:
    trio.run(body, n, lap)


ALL = (
    Table(
        "call",
        "a question to a server, and its answer",
        (
            Variant("two bare reschedules", on_trio(floor.two_reschedules), 20_000, 600),
            Variant("call", on_trio(library.calls), 20_000, 600, 1.00, 0.95),
            Variant(
                "call with_timeout(5)",
                on_trio(library.calls_with_timeout),
                20_000,
                600,
                1.10,
                1.05,
            ),
            Variant(
                "call under fail_after(5)", on_trio(library.calls_under_fail_after), 20_000
            ),
            Variant(
                "look-up by name, and call",
                on_trio(library.calls_by_name),
                20_000,
                600,
                1.03,
                0.98,
            ),
            Variant(
                "call, 100 callers on 1 server",
                on_trio(library.fan_in),
                20_000,
                4_000,
                0.42,
                0.38,
            ),
        ),
    ),
    Table(
        "cast",
        "a message to a server, handling included",
        (
            Variant(
                "memory channel of 64", on_trio(floor.channel_messages), 20_000, 1_000
            ),
            Variant("cast", on_trio(library.casts), 20_000, 4_000, 0.15, 0.12),
        ),
    ),
    Table(
        "restart",
        "the crash of a child, and its next life",
        (
            Variant(
                "new task, own scope, crash caught",
                on_trio(floor.scoped_crashes),
                10_000,
                600,
            ),
            Variant(
                "bare task start and exit",
                on_trio(floor.tasks_start_and_exit),
                10_000,
                600,
            ),
            Variant(
                "crash and restart", on_trio(library.restarts), 10_000, 600, 1.25, 1.10
            ),
        ),
    ),
    Table(
        "start",
        "one acknowledged start after the other",
        (
            Variant("nursery.start", on_trio(floor.nursery_starts), 3_000, 600),
            Variant("start_child", on_trio(library.starts), 3_000, 600, 0.80, 0.70),
        ),
    ),
    Table(
        "stop",
        "the stop of many, for each of them",
        (
            Variant(
                "cancel of scoped tasks", on_trio(floor.scoped_nursery_cancel), 3_000, 600
            ),
            Variant(
                "stop of a dynamic supervisor",
                on_trio(library.stops),
                3_000,
                600,
                1.15,
                1.00,
            ),
        ),
    ),
    Table(
        "group",
        "a group restart, for each of its children",
        (
            Variant(
                "cancel of scoped tasks", on_trio(floor.scoped_nursery_cancel), 1_000, 400
            ),
            Variant("one_for_all", on_trio(library.group_restarts), 1_000, 400),
        ),
    ),
    Table(
        "registry",
        "who holds a name",
        (
            Variant("dict look-up", on_trio(floor.dict_lookups), 100_000, 10_000),
            Variant(
                "registry.lookup", on_trio(library.lookups), 100_000, 10_000, 2.0, 1.5
            ),
        ),
    ),
)
TABLES = {table.name: table for table in ALL}

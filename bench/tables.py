"""What is compared with what: each table begins with its floor."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

import trio

from bench import floor, library
from bench.lap import Lap
from bench.method import Table, Variant
from bench.peers import channels

Body: TypeAlias = Callable[[int, Lap], Awaitable[None]]


def _on_trio(body: Body, n: int, lap: Lap) -> None:
    trio.run(body, n, lap, clock=lap.clock)


def _on_asyncio(body: Body, n: int, lap: Lap) -> None:
    asyncio.run(body(n, lap))  # type: ignore[arg-type]


def bare(name: str, body: Body, n: int, counted: int = 0) -> Variant:
    """Plain Trio."""
    return Variant(name, partial(_on_trio, body), n, counted)


def ours(
    name: str,
    body: Body,
    n: int,
    counted: int = 0,
    *,
    must: float | None = None,
    goal: float | None = None,
) -> Variant:
    """This library; `must` and `goal` are ratios of instructions to the floor."""
    return Variant(name, partial(_on_trio, body), n, counted, must, goal, own=True)


def queues(name: str, body: Body, n: int) -> Variant:
    """Plain asyncio."""
    return Variant(name, partial(_on_asyncio, body), n)


def peer(library: str, name: str, body: str, n: int) -> Variant:
    """Another library, imported when its turn comes."""

    def run(n: int, lap: Lap) -> None:
        found = getattr(importlib.import_module(f"bench.peers.{library}"), body)
        if library == "triotp":
            _on_trio(found, n, lap)
        elif library == "casty":
            _on_asyncio(found, n, lap)
        else:
            found(n, lap)

    return Variant(f"{library}: {name}", run, n, needs=library)


ALL = (
    Table(
        "call",
        "a question to a server, and its answer",
        (
            bare("two bare reschedules", floor.two_reschedules, 10_000, 600),
            ours("call", library.calls, 10_000, 600, must=1.00, goal=0.95),
            ours(
                "call with_timeout(5)",
                library.calls_with_timeout,
                10_000,
                600,
                must=1.10,
                goal=1.05,
            ),
            ours("call under fail_after(5)", library.calls_under_fail_after, 10_000),
            ours(
                "look-up by name, and call",
                library.calls_by_name,
                10_000,
                600,
                must=1.03,
                goal=0.98,
            ),
            ours(
                "call, 100 callers on 1 server",
                library.fan_in,
                10_000,
                4_000,
                must=0.42,
                goal=0.38,
            ),
            bare("memory channels, one for each answer", channels.channel_calls, 5_000),
            queues("asyncio queue and futures", channels.queue_calls, 10_000),
            peer("triotp", "gen_server.call", "calls", 2_000),
            peer("casty", "ask", "calls", 1_000),
            peer("pykka", "ask", "calls", 1_000),
        ),
    ),
    Table(
        "cast",
        "a message to a server, handling included",
        (
            bare("memory channel of 64", floor.channel_messages, 10_000, 1_000),
            ours("cast", library.casts, 20_000, 4_000, must=0.15, goal=0.12),
            queues("asyncio queue of 64", channels.queue_messages, 10_000),
            peer("triotp", "gen_server.cast", "casts", 2_000),
            peer("casty", "tell", "casts", 2_000),
            peer("pykka", "tell", "casts", 2_000),
        ),
    ),
    Table(
        "restart",
        "the crash of a child, and its next life",
        (
            bare("new task, own scope, crash caught", floor.scoped_crashes, 5_000, 600),
            bare("bare task start and exit", floor.tasks_start_and_exit, 5_000, 600),
            ours(
                "crash and restart", library.restarts, 5_000, 600, must=1.25, goal=1.10
            ),
            peer("triotp", "crash and restart", "restarts", 500),
        ),
    ),
    Table(
        "start",
        "starts, one after the other",
        (
            bare("nursery.start", floor.nursery_starts, 3_000, 600),
            ours("start_child", library.starts, 3_000, 600, must=0.80, goal=0.70),
            peer("triotp", "start_child", "starts", 1_000),
            peer("pykka", "start", "starts", 300),
        ),
    ),
    Table(
        "stop",
        "the stop of many, for each of them",
        (
            bare("cancel of scoped tasks", floor.scoped_nursery_cancel, 3_000, 600),
            ours(
                "stop of a dynamic supervisor",
                library.stops,
                3_000,
                600,
                must=1.15,
                goal=1.00,
            ),
            peer("triotp", "stop of a dynamic supervisor", "stops", 1_000),
            peer("pykka", "stop", "stops", 300),
        ),
    ),
    Table(
        "group",
        "a group restart, for each of its children",
        (
            bare("cancel of scoped tasks", floor.scoped_nursery_cancel, 1_000, 400),
            ours("one_for_all", library.group_restarts, 1_000, 400),
        ),
    ),
    Table(
        "registry",
        "who holds a name",
        (
            bare("dict look-up", floor.dict_lookups, 50_000, 10_000),
            ours(
                "registry.lookup", library.lookups, 50_000, 10_000, must=2.0, goal=1.5
            ),
        ),
    ),
)
TABLES = {table.name: table for table in ALL}

"""`python -m tests.cluster.faults`: each fault on real processes and a real redis-server.

Each run breaks one thing, waits until one node does steps again, and looks whether a step
came behind one of a greater token. The two controls break a documented rule on purpose:
they have to show two owners.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import trio
from attrs import asdict, define, frozen

from tests.cluster.redis_server import RedisServer, redis_server
from tests.cluster.stage import Stage, Verdict, stage

TTL = 2.0
LAG = 2
"""Seconds: `min-replicas-max-lag` of a replicated Redis."""
AOF = ("--appendonly", "yes", "--appendfsync", "always")


@frozen
class Outcome:
    """One run."""

    gap: float
    """From the fault to the first step of whoever goes on, in seconds."""
    verdict: Verdict
    moved: bool
    """Whether another node goes on."""


@define
class Run:
    """One fault on one stage, and what came of it."""

    stage: Stage
    victim: str
    at: float

    async def ends(self, *, by_other: bool) -> Outcome:
        """Wait until somebody does steps, long enough to see who does."""
        other_than = self.victim if by_other else ""
        heir = await self.stage.owner(since=self.at + 0.02, other_than=other_than)
        await trio.sleep(0.3)
        steps = self.stage.steps()
        later = [step for step in steps if step[0] > self.at + 0.02]
        first = min(at for at, _, node in later if node == heir)
        return Outcome(first - self.at, await self.stage.verdict(), heir != self.victim)


async def begin(one: Stage) -> Run:
    now = time.monotonic()
    return Run(one, await one.owner(since=now), time.monotonic())


async def kill(one: Stage) -> Outcome:
    """The owner's process is killed."""
    run = await begin(one)
    one.processes[run.victim].kill()
    one.processes[run.victim].wait()
    outcome = await run.ends(by_other=True)
    one.start(run.victim)
    await one.up()
    return outcome


async def freeze(one: Stage) -> Outcome:
    """The owner's process is stopped past its lease, and goes on."""
    run = await begin(one)
    one.processes[run.victim].send_signal(signal.SIGSTOP)
    outcome = await run.ends(by_other=True)
    one.processes[run.victim].send_signal(signal.SIGCONT)
    await trio.sleep(0.5)
    return Outcome(outcome.gap, await one.verdict(), outcome.moved)


async def black_hole(one: Stage) -> Outcome:
    """All that the owner sends is swallowed, and all that is sent to it."""
    run = await begin(one)
    one.ways[run.victim].swallow()
    outcome = await run.ends(by_other=True)
    one.ways[run.victim].heal()
    await trio.sleep(0.5)
    return Outcome(outcome.gap, await one.verdict(), outcome.moved)


async def restart(one: Stage) -> Outcome:
    """The engine is killed and started again, with its data."""
    run = await begin(one)
    one.server.kill()
    one.server.start()
    await one.server.ready()
    await trio.sleep(TTL)
    return await run.ends(by_other=False)


async def forget(one: Stage) -> Outcome:
    """The engine loses its data, and the owner cannot tell it for half of a lease."""
    run = await begin(one)
    one.ways[run.victim].swallow()
    await one.server.forget()
    await trio.sleep(TTL / 2)
    one.ways[run.victim].heal()
    await trio.sleep(TTL)
    return await run.ends(by_other=False)


# A replicated Redis.


@asynccontextmanager
async def replica_of(one: Stage) -> AsyncGenerator[RedisServer]:
    """A standby that follows, over a socket file as all else."""
    with redis_server() as standby:
        await standby.ready()
        port = await _free_port()
        await one.server.command("CONFIG", "SET", "port", str(port))
        await standby.command("REPLICAOF", "127.0.0.1", str(port))
        with trio.fail_after(60):
            while b"master_link_status:up" not in await _info(standby):
                await trio.sleep(0.05)
            while b"state=online" not in await _info(one.server):
                await trio.sleep(0.05)
        yield standby


async def _info(server: RedisServer) -> bytes:
    answer = await server.command("INFO", "replication")
    data = getattr(answer, "data", answer)
    return data if isinstance(data, bytes) else str(data).encode()


async def _free_port() -> int:
    with trio.socket.socket() as one:
        await one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


async def lost_claim(one: Stage) -> Outcome:
    """A failover to a standby that has not heard of the last claim."""
    async with replica_of(one) as standby:
        standby.freeze()
        first = await begin(one)
        one.processes[first.victim].kill()
        one.processes[first.victim].wait()
        await first.ends(by_other=True)
        run = await begin(one)
        one.server.kill()
        standby.thaw()
        await standby.command("REPLICAOF", "NO", "ONE")
        for way in one.ways.values():
            await way.lead_to(standby.socket)
        await trio.sleep(2 * TTL + one.grace)
        return await run.ends(by_other=False)


async def two_masters(one: Stage) -> Outcome:
    """A standby is promoted while the old master goes on serving the owner."""
    async with replica_of(one) as standby:
        await one.server.command("CONFIG", "SET", "min-replicas-max-lag", str(LAG))
        await one.server.command("CONFIG", "SET", "min-replicas-to-write", "1")
        return await _two(one, standby)


async def two_masters_no_rule(one: Stage) -> Outcome:
    """The same, and the old master does not ask for a replica."""
    async with replica_of(one) as standby:
        return await _two(one, standby)


async def _two(one: Stage, standby: RedisServer) -> Outcome:
    run = await begin(one)
    await standby.command("REPLICAOF", "NO", "ONE")
    for node, way in one.ways.items():
        if node != run.victim:
            await way.lead_to(standby.socket)
    return await run.ends(by_other=True)


@frozen
class Scenario:
    """A fault, and on what stage."""

    play: Callable[[Stage], Awaitable[Outcome]]
    options: tuple[str, ...] = ()
    grace: float = 0.0
    two: bool = False
    """Whether two owners are what it is to show."""
    in_hand: int = 0
    """Steps that may come late: the one in which it was frozen."""
    anew: bool = False
    """Whether each run needs a stage of its own."""


SCENARIOS = {
    "kill": Scenario(kill),
    "freeze": Scenario(freeze, in_hand=1),
    "black-hole": Scenario(black_hole),
    "restart": Scenario(restart, AOF, grace=TTL),
    "forget": Scenario(forget, grace=TTL),
    "forget-no-grace": Scenario(forget, two=True),
    "lost-claim": Scenario(lost_claim, grace=TTL, anew=True),
    "two-masters": Scenario(two_masters, grace=TTL + LAG + 1, anew=True),
    "two-masters-no-rule": Scenario(
        two_masters_no_rule, grace=TTL, two=True, anew=True
    ),
}


async def play(scenario: Scenario, runs: int, note: Callable[[Outcome], None]) -> None:
    """Play a scenario so often; each run is judged alone, and noted at once."""
    done = 0
    while done < runs:
        async with stage(TTL, *scenario.options, grace=scenario.grace) as one:
            for _ in range(1 if scenario.anew else runs):
                note(await scenario.play(one))
                done += 1
                await one.forget_steps()


def row(name: str, scenario: Scenario, found: list[Outcome]) -> str:
    gaps = sorted(each.gap for each in found)
    together = [each.verdict.together for each in found]
    two = sum(each.verdict.zombies > 0 for each in found)
    zombies = sum(each.verdict.zombies for each in found)
    moved = sum(each.moved for each in found)
    return (
        f"{name:20} {len(found):4} runs  gap {median(gaps):5.2f} s "
        f"({gaps[0]:.2f} to {gaps[-1]:.2f}), moved in {moved}, two owners in {two} "
        f"(at most {1000 * max(together):.0f} ms, {zombies} steps); the store refused "
        f"{sum(each.verdict.refused for each in found)} late writes and took "
        f"{sum(each.verdict.spoiled for each in found)}"
        f"{', as it has to' if scenario.two and two else ''}"
    )


def noted(file: Path, name: str) -> list[Outcome]:
    """Return all runs of a scenario that stand in a file."""
    every = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [
        Outcome(data["gap"], Verdict(**data["verdict"]), data["moved"])
        for one, data in every
        if one == name
    ]


def played(name: str, runs: int, file: Path | None) -> list[Outcome]:
    """Play a scenario; return its runs, with those that stood in the file before."""
    found: list[Outcome] = []

    def note(outcome: Outcome) -> None:
        found.append(outcome)
        if file is not None:
            with file.open("a", encoding="utf-8") as notes:
                notes.write(json.dumps([name, asdict(outcome)]) + "\n")

    trio.run(play, SCENARIOS[name], runs, note)
    return found if file is None else noted(file, name)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.cluster.faults", description=__doc__
    )
    parser.add_argument(
        "scenario", nargs="*", help=f"only these of {', '.join(SCENARIOS)}"
    )
    parser.add_argument(
        "--runs", metavar="N", type=int, default=5, help="so many of each (5)"
    )
    parser.add_argument(
        "--note",
        metavar="FILE",
        type=Path,
        help="add each run to a file, and count those that stand there, too; with "
        "--runs 0 only those",
    )
    options = parser.parse_args()
    unknown = set(options.scenario) - SCENARIOS.keys()
    if unknown:
        parser.error(f"no scenario {min(unknown)!r}: {', '.join(SCENARIOS)}")
    good = True
    for name in options.scenario or SCENARIOS:
        scenario = SCENARIOS[name]
        found = played(name, options.runs, options.note)
        if found:
            print(row(name, scenario, found), flush=True)
            two = any(each.verdict.zombies > scenario.in_hand for each in found)
            good &= two is scenario.two
            good &= not any(each.verdict.spoiled for each in found)
    return not good


if __name__ == "__main__":
    sys.exit(main())

"""The same work through casty, whose runtime is in Rust and has threads."""

from __future__ import annotations

from dataclasses import dataclass

from casty import ActorSystem, Askable, Context, actor

from bench.lap import Lap


@dataclass(frozen=True)
class Note:
    """A message."""


@dataclass(frozen=True)
class Ping(Askable[int]):
    """A question."""


@actor(initial=0)
async def echo(ctx: Context[int, Note | Ping]) -> None:
    """Answer what is a question."""
    async for message in ctx.inbox:
        match message:
            case Ping():
                message.reply_to.tell(1)


async def calls(n: int, lap: Lap) -> None:
    """Asks, one after the other."""
    async with ActorSystem() as system:
        ref = system.ref(echo, "echo")
        await ref.ask(Ping())
        with lap:
            for _ in range(n):
                await ref.ask(Ping())


async def casts(n: int, lap: Lap) -> None:
    """Tells, handling included, in bursts of 500."""
    async with ActorSystem() as system:
        ref = system.ref(echo, "echo")
        await ref.ask(Ping())
        with lap:
            for number in range(n):
                ref.tell(Note())
                if number % 500 == 499:
                    await ref.ask(Ping())
            await ref.ask(Ping())

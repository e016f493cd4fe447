"""A server that calls itself, and one whose tasks do."""

from typing import Any

import pytest
import trio
import trio.testing

from trio_sup import (
    Exit,
    GenServer,
    WouldDeadlock,
    call,
    child,
    open_supervisor,
)


@pytest.mark.trio
async def test_a_call_to_oneself_is_an_error_at_once() -> None:
    """GS-028, peer trap 20."""

    class Narcissus(GenServer):
        @call(raises=())
        async def look(self) -> Any:
            with pytest.raises(WouldDeadlock, match="calls itself"):
                await self.ref.call(Narcissus.look)
            with pytest.raises(WouldDeadlock):
                await self.ref.get_state()
            with pytest.raises(WouldDeadlock):
                await self.ref.stop()
            async with trio.open_nursery() as nursery:
                # So is one from a task that the handler waits for.
                nursery.start_soon(self.look_from_below)
            return "alive"

        async def look_from_below(self) -> None:
            with pytest.raises(WouldDeadlock):
                await self.ref.call(Narcissus.look)

    async with open_supervisor([child(Narcissus)]) as sup:
        assert await sup.server(Narcissus, "Narcissus").call(Narcissus.look) == "alive"


@pytest.mark.trio
async def test_a_task_that_outlives_the_handler_may_call_its_server() -> None:
    class Delegating(GenServer):
        def __init__(self, nursery: Any) -> None:
            self.nursery = nursery
            self.answers: list[str] = []

        @call
        async def delegate(self) -> None:
            self.nursery.start_soon(self.ask)

        async def ask(self) -> None:
            self.answers.append(await self.ref.call(Delegating.ping))

        @call
        async def ping(self) -> Any:
            return "pong"

        @call
        async def result(self) -> Any:
            return self.answers

    async with trio.open_nursery() as nursery:
        async with open_supervisor([child(Delegating, nursery)]) as sup:
            ref = sup.server(Delegating, "Delegating")
            await ref.call(Delegating.delegate)
            await trio.testing.wait_all_tasks_blocked()
            assert await ref.call(Delegating.result) == ["pong"]


@pytest.mark.trio
async def test_a_task_of_the_servers_own_nursery_may_call_it() -> None:
    """The nursery is older than the handler: nobody waits for anybody."""

    class Owner(GenServer):
        async def init(self) -> None:
            self.manager = trio.open_nursery()
            nursery = await self.manager.__aenter__()
            nursery.start_soon(self.ask)

        async def ask(self) -> None:
            self.answer = await self.ref.call(Owner.ping)

        @call
        async def ping(self) -> Any:
            return "pong"

        async def terminate(self, exit: Exit) -> None:
            await self.manager.__aexit__(None, None, None)

    async with open_supervisor([child(Owner)]) as sup:
        ref = sup.server(Owner, "Owner")
        await trio.testing.wait_all_tasks_blocked()
        assert (await ref.get_state())["answer"] == "pong"

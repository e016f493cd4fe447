"""Agent: one value behind a server (AG-001..008)."""

from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from trio_sup import Agent, ServerExit, StartFailed, child, open_supervisor


def tree(start: Any = lambda: 1, **options: Any) -> Any:
    return open_supervisor([child(Agent[int], start, id="agent", **options)])


@pytest.mark.trio
async def test_get_update_and_cast() -> None:
    """AG-001, AG-002, AG-006."""
    async with tree() as sup:
        agent = sup.server(Agent[int], "agent")
        assert await Agent.get(agent, lambda n: n + 10) == 11
        await Agent.update(agent, lambda n: n + 1)
        Agent.cast(agent, lambda n: n * 100)
        assert await Agent.get_and_update(agent, lambda n: (str(n), 5)) == "200"
        assert await Agent.get(agent, int) == 5


@pytest.mark.trio
async def test_a_start_that_raises_is_a_failed_start() -> None:
    """AG-001."""
    async with open_supervisor([]) as sup:
        with pytest.raises(StartFailed) as caught:
            await sup.start_child(child(Agent[float], lambda: 1 / 0))
        assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.trio
@pytest.mark.parametrize("bad", [5, (1,), (1, 2, 3), (), [1, 2]])
async def test_get_and_update_needs_a_pair(bad: Any) -> None:
    """AG-003."""
    async with tree() as sup:
        agent = sup.server(Agent[int], "agent")
        with pytest.raises(ServerExit) as caught:
            await Agent.get_and_update(agent, lambda n: bad)
        assert isinstance(caught.value.__cause__, TypeError)


@pytest.mark.trio
async def test_a_function_that_raises_crashes_the_agent_and_it_starts_anew() -> None:
    """AG-004."""
    async with tree() as sup:
        agent = sup.server(Agent[int], "agent").when_running()
        await Agent.update(agent, lambda n: 9)
        with pytest.raises(ServerExit) as caught:
            await Agent.get(agent, lambda n: n / 0)
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
        assert await Agent.get(agent, int) == 1


@pytest.mark.trio
async def test_an_update_whose_caller_gave_up_is_applied_anyway(
    autojump_clock: MockClock,
) -> None:
    """AG-005."""
    async with tree() as sup:
        agent = sup.server(Agent[int], "agent")
        await agent.suspend()
        with pytest.raises(trio.TooSlowError):
            await Agent.update(agent.with_timeout(1), lambda n: 7)
        await agent.resume()
        assert await Agent.get(agent, int) == 7


@pytest.mark.trio
async def test_an_agent_has_an_id_and_a_restart_type_by_default() -> None:
    """AG-008."""
    spec = child(Agent[int], lambda: 1)
    assert (spec.default_id, spec.restart) == ("Agent", "permanent")

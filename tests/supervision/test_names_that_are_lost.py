"""A name that is claimed elsewhere: lives wait for it, and end with it, uncounted."""

from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_sup import (
    ChildSpec,
    GenServer,
    StartFailed,
    Supervisor,
    child,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)
from trio_sup._children.names import Names
from trio_sup._children.record import Record
from trio_sup._children.stopping import lose_name
from trio_sup._core.addresses import ClaimedVia
from trio_sup._core.words import Restart


class Elsewhere(Names):
    """Gives names to those who ask while it is open."""

    def __init__(self) -> None:
        super().__init__(unique=True, name="elsewhere")
        self.open = trio.Event()
        self.claims: list[tuple[object, int]] = []
        self.refuses = False

    async def claim(self, record: Record) -> None:
        await self.open.wait()
        if self.refuses:
            raise LookupError("taken")
        self.claims.append((record.id, record.life))

    def claimed(self, key: str) -> ClaimedVia:
        return ClaimedVia(self, key, claim=self.claim)


class Quiet(GenServer):
    began: list[object] = []  # noqa: RUF012 - for the tests

    async def init(self) -> None:
        self.began.append(self.life)


async def sleeper() -> None:
    await trio.sleep_forever()


async def stubborn() -> None:
    with trio.CancelScope(shield=True):
        await trio.sleep(1)


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.mark.trio
@pytest.mark.parametrize("target", [sleeper, Quiet])
async def test_a_life_waits_for_its_name_before_it_begins(
    target: Any, elsewhere: Elsewhere
) -> None:
    Quiet.began = []
    spec: ChildSpec[Any] = child(target, id="one", name=elsewhere.claimed("n"))
    async with trio.open_nursery() as nursery:
        opened = trio.Event()

        async def run() -> None:
            async with open_supervisor([spec]):
                opened.set()

        nursery.start_soon(run)
        await wait_all_tasks_blocked()
        assert not opened.is_set()
        assert not Quiet.began
        elsewhere.open.set()
        await opened.wait()
    assert elsewhere.claims == [("one", 1)]


@pytest.mark.trio
async def test_a_name_that_cannot_be_had_is_a_failed_start(
    elsewhere: Elsewhere,
) -> None:
    elsewhere.open.set()
    elsewhere.refuses = True
    with pytest.raises(StartFailed) as failed:
        async with open_supervisor([child(sleeper, name=elsewhere.claimed("n"))]):
            pytest.fail("it has no name")
    assert isinstance(failed.value.__cause__, LookupError)


@pytest.mark.trio
async def test_a_start_timeout_counts_the_wait_for_the_name(
    elsewhere: Elsewhere, autojump_clock: trio.abc.Clock
) -> None:
    spec = child(Quiet, name=elsewhere.claimed("n"), start_timeout=2)
    with pytest.raises(StartFailed):
        async with open_supervisor([spec]):
            pytest.fail("it has no name")
    assert trio.current_time() == 2


def tree(kind: str, *specs: ChildSpec[Any]) -> ChildSpec[Supervisor]:
    strategy = "one_for_one" if kind == "dynamic" else kind
    return supervisor(specs, strategy=strategy, max_restarts=0, id="root")  # type: ignore[arg-type]


@pytest.mark.trio
@pytest.mark.parametrize("kind", ["one_for_one", "one_for_all", "rest_for_one"])
@pytest.mark.parametrize("restart", ["permanent", "transient"])
async def test_who_loses_its_name_begins_again_and_no_limit_counts_it(
    kind: str, restart: Restart, elsewhere: Elsewhere
) -> None:
    elsewhere.open.set()
    named = child(Quiet, id="a", name=elsewhere.claimed("a"), restart=restart)
    async with open_supervisor(tree(kind, named, child(Quiet, id="b"))) as root:
        one = root.which_children()[0].handle
        other = root.which_children()[1].handle
        assert one is not None
        assert other is not None
        for life in range(1, 5):
            lose_name(one.record)
            exit = await one.wait_exit(life)
            assert exit.kind == "killed"
            assert exit.reason == "its name was lost"
            await one.wait_running()
            await other.wait_running()
            assert one.life == life + 1
            assert other.life == (1 if kind == "one_for_one" else life + 1)
        assert root.status == "running"
        assert elsewhere.claims == [("a", life) for life in range(1, 6)]


@pytest.mark.trio
async def test_under_a_dynamic_supervisor_it_is_the_same(elsewhere: Elsewhere) -> None:
    elsewhere.open.set()
    spec = dynamic_supervisor(id="pool", max_restarts=0)
    async with open_supervisor([spec]) as root:
        pool = root.dynamic("pool")
        one = await pool.start_child(child(Quiet, name=elsewhere.claimed("n")))
        lose_name(one.record)
        await one.wait_exit(1)
        await one.wait_running()
        assert one.life == 2
        temporary = child(Quiet, name=elsewhere.claimed("t"), restart="temporary")
        short = await pool.start_child(temporary)
        lose_name(short.record)
        await short.wait_stopped()
        assert short.status == "gone"


@pytest.mark.trio
async def test_a_temporary_child_that_loses_its_name_is_forgotten(
    elsewhere: Elsewhere,
) -> None:
    elsewhere.open.set()
    named = child(Quiet, id="a", name=elsewhere.claimed("a"), restart="temporary")
    async with open_supervisor([named]) as root:
        one = root.which_children()[0].handle
        assert one is not None
        lose_name(one.record)
        await one.wait_stopped()
        assert one.status == "gone"
        assert elsewhere.holder("a") is None


@pytest.mark.trio
async def test_who_is_terminated_meanwhile_stays_down(
    elsewhere: Elsewhere, autojump_clock: trio.abc.Clock
) -> None:
    elsewhere.open.set()
    pool_spec = dynamic_supervisor(id="pool")
    static = child(stubborn, id="a", name=elsewhere.claimed("a"))
    async with open_supervisor([static, pool_spec]) as root:
        pool = root.dynamic("pool")
        dynamic = await pool.start_child(child(stubborn, name=elsewhere.claimed("b")))
        one = root.which_children()[0].handle
        assert one is not None
        await wait_all_tasks_blocked()
        for each in (one, dynamic):
            lose_name(each.record)
        async with trio.open_nursery() as both:
            both.start_soon(root.terminate_child, "a")
            both.start_soon(pool.terminate_child, dynamic)
        assert (one.life, one.status) == (1, "stopped")
        assert (dynamic.life, dynamic.status) == (1, "gone")


@pytest.mark.trio
async def test_the_next_life_waits_and_others_are_served_meanwhile(
    elsewhere: Elsewhere,
) -> None:
    elsewhere.open.set()
    named = child(Quiet, id="a", name=elsewhere.claimed("a"))
    async with open_supervisor([named, child(Quiet, id="b")]) as root:
        one = root.which_children()[0].handle
        assert one is not None
        elsewhere.open = trio.Event()
        lose_name(one.record)
        await one.wait_exit(1)
        await root.terminate_child("b")
        await root.restart_child("b")
        assert one.status == "restarting"
        elsewhere.open.set()
        await one.wait_running()

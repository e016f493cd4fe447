"""What a node tells of itself on request: tasks, busy time, numbers; then no more."""

import gc
import sys
import threading
import time
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.inspect.looking import Looker, looking
from trio_sup import child, current_node, open_inspector, open_supervisor
from trio_sup.inspect.node.waiting import in_rings
from trio_sup.inspect.node.watching import LEASE
from trio_sup.inspect.protocol.wire_details import TaskRow


async def tasks_of(looker: Looker) -> list[TaskRow]:
    session = looker.session
    session.ask.follow("tasks", trio.current_time())
    await looker.until(lambda: session.topics.tasks_whole)
    return list(session.topics.tasks.values())


async def sleeper() -> None:
    await trio.sleep(3600)


@pytest.mark.trio
async def test_all_tasks_are_shown_where_they_wait_without_any_supervisor(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with looking(tmp_path) as looker, trio.open_nursery() as nursery:
        nursery.start_soon(sleeper, name="the sleeper")
        rows = await tasks_of(looker)
        by_id = {row.id: row for row in rows}
        found = next(row for row in rows if row.name == "the sleeper")
        assert found.where.endswith(" in sleeper")
        assert "test_topics.py:" in found.where
        assert (found.state, found.child, found.own) == ("waiting", 0, False)
        assert by_id[found.parent].kind == "nursery"
        roots = [row for row in rows if not row.parent]
        assert [row.name for row in roots] == ["<init>"]
        own = {row.name for row in rows if row.own}
        assert any("Hub.run" in name for name in own)
        # Parents before their children: a reader needs one pass.
        seen = {0}
        for row in rows:
            assert row.parent in seen
            seen.add(row.id)
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_tasks_that_come_move_and_go_are_told_as_changes(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    gate = trio.Event()

    async def two_places() -> None:
        await gate.wait()
        await trio.sleep(3600)

    async with looking(tmp_path) as looker, trio.open_nursery() as nursery:
        topics = looker.session.topics

        def where() -> str:
            rows = topics.tasks.values()
            return next((row.where for row in rows if row.name == "two"), "")

        before = len(await tasks_of(looker))
        nursery.start_soon(two_places, name="two")
        await looker.until(where)
        first = where()
        assert len(topics.tasks) == before + 1
        gate.set()
        await looker.until(lambda: where() != first)
        nursery.cancel_scope.cancel()
        await looker.until(lambda: not where())
        assert len(topics.tasks) == before


@pytest.mark.trio
async def test_tasks_of_children_name_their_child(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async def parent() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sleeper, name="below")

    async with (
        open_supervisor([child(parent, id="p")], id="top"),
        looking(tmp_path) as looker,
    ):
        rows = {row.name: row for row in await tasks_of(looker)}
        assert rows["top/p"].child == rows["below"].child == looker.id_of("top/p")
        assert rows["top"].child == looker.id_of("top")


@pytest.mark.trio
async def test_a_step_that_holds_the_loop_is_named_with_its_place(
    tmp_path: Path,
) -> None:
    # Real time: what is measured is the loop itself.
    async def burns() -> None:
        while True:
            time.sleep(0.3)  # noqa: ASYNC251 - the crime
            await trio.sleep(0.05)

    async with (
        open_supervisor([child(burns, id="b")], id="top"),
        looking(tmp_path) as looker,
    ):
        topics, number = looker.session.topics, looker.id_of("top/b")
        looker.session.ask.follow("busy", trio.current_time())
        await looker.until(lambda: [h for h in topics.held if h.where])
        held = next(h for h in topics.held if h.where)
        assert held.child == number
        assert held.name == "top/b"
        assert held.seconds >= 0.3
        assert held.where.endswith("burns")
        assert topics.busy is not None
        busiest = topics.busy.rows[0]
        assert (busiest.child, busiest.name) == (number, "top/b")
        assert busiest.longest >= 0.3
        assert topics.busy.busy >= busiest.seconds


def timers() -> int:
    gc.collect()
    return sum("trio-sup inspector" in thread.name for thread in threading.enumerate())


@pytest.mark.trio
@pytest.mark.parametrize("how", ["unfollow", "silence", "leave"])
async def test_the_loop_is_timed_only_while_somebody_follows(
    how: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with looking(tmp_path) as looker:
        session = looker.session
        session.ask.follow("node", trio.current_time())
        session.ask.follow("busy", trio.current_time())

        def tracing() -> bool:
            return session.topics.info is not None and session.topics.info.tracing

        await looker.until(tracing)
        if how == "unfollow":
            session.ask.unfollow("busy")
            await looker.until(lambda: not tracing())
        elif how == "silence":
            session.ask._topics.pop("busy")  # pyright: ignore[reportPrivateUsage]
            began = trio.current_time()
            await looker.until(lambda: not tracing())
            assert LEASE - 1 <= trio.current_time() - began <= LEASE + 2
        else:
            await looker.stream.aclose()
            await trio.sleep(2)
        # A thread ends in real time, which the clock of this test would run ahead of.
        patience = time.monotonic() + 20
        while timers():
            assert time.monotonic() < patience
            await trio.lowlevel.checkpoint()


@pytest.mark.trio
async def test_the_node_tells_its_numbers_and_who_looks_at_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_supervisor([child(sleeper, id="s")], id="top"),
        looking(tmp_path) as looker,
    ):
        session = looker.session
        session.ask.follow("node", trio.current_time())
        await looker.until(lambda: session.topics.info)
        info = session.topics.info
        assert info is not None
        assert info.tasks >= 5
        assert info.children == 2
        assert info.rss is None or info.rss > 1_000_000
        assert [client.client for client in info.clients] == ["test"]
        assert not info.clients[0].lagging
        assert ["platform", sys.platform] in info.facts
        assert not info.tracing


@pytest.mark.parametrize(
    ("edges", "rings"),
    [
        ([], []),
        ([(1, 2), (2, 3)], []),
        ([(1, 1)], [(1, 1)]),
        ([(1, 2), (2, 1), (2, 3), (0, 1)], [(1, 2), (2, 1)]),
        (
            [(1, 2), (2, 3), (3, 1), (4, 5), (5, 4)],
            [(1, 2), (2, 3), (3, 1), (4, 5), (5, 4)],
        ),
        (
            [(n, n + 1) for n in range(5000)] + [(5000, 4999)],
            [(4999, 5000), (5000, 4999)],
        ),
    ],
)
def test_rings_are_found(
    edges: list[tuple[int, int]], rings: list[tuple[int, int]]
) -> None:
    assert sorted(in_rings(edges)) == rings


@pytest.mark.trio
async def test_any_program_can_be_looked_at_with_one_line(tmp_path: Path) -> None:
    async with open_inspector("plain", runtime_dir=tmp_path / "run") as inspection:
        assert inspection.path is not None
        assert inspection.path.name.startswith("plain.")
        async with await trio.open_unix_socket(inspection.path) as stream:
            assert (await stream.receive_some()).startswith(b'{"t":"hello"')
        assert current_node().name == "plain"
        path = inspection.path
    assert not path.exists()


@pytest.mark.trio
async def test_a_program_that_cannot_be_looked_at_runs_all_the_same(
    tmp_path: Path,
) -> None:
    (tmp_path / "run").mkdir(mode=0o777)
    (tmp_path / "run").chmod(0o777)
    async with open_inspector("plain", runtime_dir=tmp_path / "run") as inspection:
        assert inspection.path is None
        assert "run" in inspection.problem
    async with open_inspector("plain", inspect=False) as inspection:
        assert (inspection.path, inspection.problem) == (None, "")
    with pytest.raises(ValueError, match="a node name is"):
        async with open_inspector("no name"):
            raise AssertionError


@pytest.mark.trio
async def test_the_first_window_of_busy_time_is_one_in_which_time_has_passed(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with looking(tmp_path) as looker:
        topics = looker.session.topics
        looker.session.ask.follow("busy", trio.current_time())
        await looker.until(lambda: topics.busy)
        assert topics.busy is not None
        assert topics.busy.seconds >= 1.0

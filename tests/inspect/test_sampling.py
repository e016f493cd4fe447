"""The quick look finds what a walk over the whole tree would find."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from trio_sup import (
    Budget,
    GenServer,
    Mailbox,
    ServerRef,
    Supervisor,
    call,
    cast,
    child,
    current_node,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)
from trio_sup.inspect.node.table import Found, Table, build_row
from trio_sup.inspect.protocol.wire import Row


class Worker(GenServer):
    def __init__(self) -> None:
        self.gate = trio.Event()

    @cast
    async def note(self) -> None:
        pass

    @cast
    async def wait(self) -> None:
        await self.gate.wait()

    @cast
    async def crash(self) -> None:
        raise ValueError("boom")

    @call
    async def ask(self) -> int:
        return 1


class Looker:
    """A table, looked at again and again, and compared with the truth."""

    def __init__(self) -> None:
        self.table = Table(current_node())
        self.look()

    def look(self) -> Found:
        found = Found()
        for _ in self.table.scan(found):
            pass
        return found

    async def check(self) -> Found:
        """Everything that has changed is found by one look."""
        await wait_all_tasks_blocked()
        found = self.look()
        truth: dict[int, Row] = {}
        todo = list(current_node().roots())
        while todo:
            record = todo.pop()
            truth[record.uid] = build_row(record)
            todo += record.observed_children()
        seen = {uid: cell.row for uid, cell in self.table.cells.items()}
        for row in (*truth.values(), *seen.values()):
            row.op_since = None  # a reading of the clock: it moves by itself
        assert seen == truth
        return found


@pytest.mark.trio
async def test_one_look_finds_all_that_has_changed(autojump_clock: MockClock) -> None:
    small = Mailbox(2, when_full="drop_oldest")
    limit = Budget(1, 100.0, then="quarantine")
    tree = [
        supervisor(
            [
                child(Worker, id="a", shutdown=1.0, mailbox=small),
                child(Worker, id="b", restart="temporary"),
                child(Worker, id="c", budget=limit),
            ],
            id="static",
            max_restarts=100,
        ),
        dynamic_supervisor(id="dynamic"),
    ]
    async with open_supervisor(tree, id="top") as top:
        looker = Looker()
        static, dynamic = top.supervisor("static"), top.dynamic("dynamic")
        a = static.server(Worker, "a")
        await looker.check()
        assert not (await looker.check()).vol

        a.cast(Worker.note)
        assert len((await looker.check()).vol) == 1
        await a.call(Worker.ask)
        assert len((await looker.check()).vol) == 1
        a.cast(Worker.wait)
        assert len((await looker.check()).vol) == 1
        for _ in range(5):
            a.cast(Worker.note)
        await looker.check()
        a.cast(Worker.note)  # the mailbox is as full as before
        await looker.check()
        await _crash(a)
        await looker.check()

        for name in ("b", "c", "c"):
            static.server(Worker, name).cast(Worker.crash)
            await looker.check()
        assert static.child("c").status == "quarantined"
        await static.restart_child("c")
        await looker.check()

        await static.terminate_child("c")
        await looker.check()
        await static.delete_child("c")
        assert (await looker.check()).gone
        await static.start_child(child(Worker, id="d"))
        assert (await looker.check()).up

        handles = [await dynamic.start_child(child(Worker)) for _ in range(20)]
        assert len((await looker.check()).up) >= 20
        await dynamic.terminate_child(handles[3])
        assert len((await looker.check()).gone) == 1
        async with open_supervisor([child(Worker)], id="another"):
            assert (await looker.check()).up
        assert len((await looker.check()).gone) == 2
        await trio.sleep(200)  # restarts leave their windows
        await looker.check()


async def _crash(server: ServerRef[Worker]) -> None:
    queue = server.record.mailbox
    assert queue is not None
    assert isinstance(queue.server, Worker)
    queue.server.gate.set()
    await wait_all_tasks_blocked()
    server.cast(Worker.crash)


@pytest.mark.trio
async def test_a_node_reports_to_nobody_after_a_table_is_closed(
    autojump_clock: MockClock,
) -> None:
    async with open_supervisor([child(Worker)], id="top") as top:
        assert isinstance(top, Supervisor)
        looker, other = Looker(), Looker()
        assert len(current_node().reporting) == 2
        looker.table.clear()
        looker.look()
        other.table.close()
        looker.table.close()
        assert current_node().reporting == ()

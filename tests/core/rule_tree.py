"""A supervisor that runs, for the rules: what happens to its children, by name."""

from __future__ import annotations

from functools import partial
from typing import Any

import trio_sup
from tests.core.core_play import Broken, CorePlay, Start
from tests.core.sync_shell import Reply
from tests.core.sync_world import Record
from trio_sup import Backoff, ChildSpec
from trio_sup._core.plan.reconfigure import reconfigure
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.specs import Flags


async def work() -> None:
    """A target; never run."""


async def other() -> None:
    """Another target; never run."""


def child(id: str, **fields: Any) -> ChildSpec[Any]:
    return trio_sup.child(work, id=id, **fields)


def another(id: str, **fields: Any) -> ChildSpec[Any]:
    """A child of the same id, which needs another life for its target."""
    return trio_sup.child(other, id=id, **fields)


def flags_of(*children: ChildSpec[Any], **flags: Any) -> Flags:
    """What a supervisor with these children goes by."""
    flags = {"max_restarts": 10, **flags}
    found = trio_sup.supervisor(children, id="root", **flags).flags
    assert found is not None
    return found


class Tree(CorePlay):
    """A supervisor that runs, with names for its children."""

    def __init__(self, *children: ChildSpec[Any], **flags: Any) -> None:
        super().__init__(trio_sup.supervisor(children, id="root", **flags))
        self.began: list[str] = []
        self.ended: list[str] = []
        self.begin()
        self.world.settle()
        assert self.own.status == "running"
        self.world.on_begin = lambda record: self.began.append(record.label)
        self.world.on_over = lambda record, *_: self.ended.append(record.label)

    @property
    def plan(self) -> StaticPlan[Record]:
        assert isinstance(self.root.plan, StaticPlan)
        return self.root.plan

    def __getitem__(self, id: str) -> Record:
        return self.plan.core.records[id]

    def crash(self, *ids: str) -> None:
        """Let children crash, in this order, and do not look what follows."""
        for id in ids:
            record = self[id]
            self.world.soon(partial(self.world.over, record, record.life, Broken()))

    def settle(self) -> None:
        self.world.settle()

    def settle_now(self) -> None:
        """Run what is ready, but let no time pass."""
        while self.world.ready:
            self.world.ready.popleft()()

    def hold(self) -> None:
        """Nobody heeds a request to stop."""
        self.stubborn = True

    def let_go(self, id: str) -> None:
        """A stop that is held comes to its end."""
        self.stubborn = False
        record = self[id]
        self.world.soon(partial(self.world.over, record, record.life, None))
        self.settle()

    def start(self, *starts: Start) -> None:
        """What the next starts do, the first first."""
        self.starts[:] = reversed(starts)

    def request(self, what: Any, *args: Any, names: str | None = None) -> Reply:
        named = None if names is None else self[names]
        return self.root.ask(lambda: what(self.plan, *args), named)

    def told(self) -> list[Any]:
        return [told[0] for told in self.world.told]


def changed(tree: Tree, *children: ChildSpec[Any], **flags: Any) -> Reply:
    """Give the supervisor another list, and let what is ready run."""
    flags = {"strategy": tree.plan.flags.strategy, **flags}
    to_come = flags_of(*children, **flags)
    reply = tree.root.ask(lambda: reconfigure(tree.plan, to_come))
    tree.settle_now()
    return reply


def running(*children: ChildSpec[Any], **flags: Any) -> Tree:
    flags = {"max_restarts": 10, **flags}
    return Tree(*children, **flags)


def die(tree: Tree, id: str) -> Record:
    """A life is over, and nothing has been decided yet."""
    record = tree[id]
    record.up = False
    tree.plan.over(record, fatal=False)
    return record


ABC = [child("a"), child("b"), child("c")]
LATE = Backoff(initial=10.0, immediate_first=False, jitter=0)

"""A dynamic supervisor that runs, without tasks."""

from __future__ import annotations

from typing import Any

import pytest

import trio_sup
from tests.core.core_play import Broken, CorePlay
from tests.core.refusals import told_of
from tests.core.rule_tree import child
from tests.core.sync_world import Record
from trio_sup._core.plan.doing import Refused
from trio_sup._core.plan.dynamic import (
    DynamicPlan,
)


class Pool(CorePlay):
    """A dynamic supervisor that runs."""

    def __init__(self, **flags: Any) -> None:
        super().__init__(trio_sup.dynamic_supervisor(id="root", **flags))
        self.began: list[str] = []
        self.begin()
        self.world.settle()
        self.world.on_begin = lambda record: self.began.append(record.label)

    @property
    def plan(self) -> DynamicPlan[Record]:
        assert isinstance(self.root.plan, DynamicPlan)
        return self.root.plan

    def add(self, id: str, start: Any = "ok", **fields: Any) -> Record:
        self.starts.append(start)
        record = self.plan.add(child(id, **fields))
        self.root.start(record, supervised=True)
        self.settle()
        return record

    def settle(self) -> None:
        while self.world.ready:
            self.world.ready.popleft()()

    def crash(self, record: Record) -> None:
        self.world.over(record, record.life, Broken())
        self.settle()

    def carry_out(self, dos: Any) -> list[Any]:
        done = list(dos)
        self.root.perform(done)
        return done


def refusal(call: Any) -> tuple[object, ...]:
    with pytest.raises(Refused) as info:
        # Some are generators: they refuse when they are carried out.
        list(call())
    return told_of(info.value)

"""What a refused request says, as a row to be compared whole."""

from __future__ import annotations

from typing import Any

from tests.core.rule_tree import Tree
from tests.core.sync_shell import Reply
from trio_sup._core import events
from trio_sup._core.plan.doing import Refused


def told_of(refused: object) -> tuple[object, ...]:
    assert isinstance(refused, Refused)
    assert str(refused) == refused.why
    return (refused.why, refused.record, refused.exit, refused.id, refused.limit)


def refusal(tree: Tree, reply: Reply) -> tuple[object, ...]:
    tree.settle()
    (error,) = reply.errors
    return told_of(error)


def requests(tree: Tree) -> list[tuple[Any, ...]]:
    return [told for told in tree.world.told if told[0] is events.Requested]

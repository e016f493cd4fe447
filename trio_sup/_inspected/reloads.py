"""The specification of a node's tree is made once more, as an operator's action."""

from __future__ import annotations

from trio_sup._core.anatomy import class_name
from trio_sup._core.clean import safe_text
from trio_sup._core.reconfigured import ReconfigurePlan
from trio_sup._node.node import Node
from trio_sup._trio.protect import call_user
from trio_sup.inspect.node.consequence import Consequence, reload_consequence


def consequence_of_reload(node: Node) -> Consequence:
    """Work out what it would do now, or why it is refused.

    Args:
        node: The node.
    """
    if node.reloads is None:
        why = "nothing to reload from: it was started without run(..., reload=make)"
        return Consequence("not_applicable", why)
    try:
        plan: ReconfigurePlan = call_user(node.reloads.plan)
    except Exception as error:  # noqa: BLE001 - code of the user's
        why = f"{class_name(error)}: {safe_text(error)}".splitlines()[0]
        return Consequence("not_applicable", why)
    return reload_consequence(str(plan), plan.loses_state, plan.ends_lives)


async def reload(node: Node) -> str:
    """Do it; return one line on how it went.

    Args:
        node: The node.

    Raises:
        SupervisionError: a child did not start, or the tree stops.
    """
    if node.reloads is None:
        return "the tree has ended meanwhile"
    plan = await node.reloads.carry_out()
    return f"{plan.path}: {plan.summary}"

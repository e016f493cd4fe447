"""SIGHUP: the specification is made once more, and the running tree becomes that.

Whatever goes wrong, the tree goes on as it is, and the log says why.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from trio_sup._core.errors import SupervisorStopping
from trio_sup._core.specs import ChildSpec
from trio_sup._tree.open import OpenSupervisor
from trio_sup._tree.roots import Made, as_tree
from trio_sup._trio.log import Log

_log = Log("trio_sup")


def has_terminal() -> bool:
    """Whether standard input is a terminal, and one that is still there."""
    try:
        return os.isatty(0)
    except OSError:
        return False


async def reload_tree(tree: OpenSupervisor, make: Callable[[], Made]) -> None:
    """Give a tree the specification that is made now.

    Args:
        tree: The tree, which may have ended meanwhile.
        make: Makes it.
    """
    root = tree.root
    if root is None:
        _log.warning("not reloaded: the tree has not begun to start yet")
        return
    try:
        made = as_tree(make())
        if not isinstance(made, ChildSpec):
            made = tuple(made)
        plan = root.plan(made)
        if plan.empty:
            _log.info("reload: nothing changes")
            return
        _log.warning("reload:\n%s", plan)
        await root.reconfigure(made)
    except SupervisorStopping:
        _log.info("not reloaded: the tree stops")
    except Exception as error:  # noqa: BLE001 - the tree goes on
        what = f"{type(error).__name__}: {error}"
        _log.error("not reloaded, the tree goes on as it is: %s", what)
    else:
        _log.info("reloaded")

"""The specification is made once more, and the running tree becomes that.

By SIGHUP, or by whoever asks the node for it (`trio-sup reload`). Whatever goes wrong,
the tree goes on as it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from trio_sup._core.errors import SupervisionError, SupervisorStopping
from trio_sup._tree.open import OpenSupervisor
from trio_sup._tree.roots import Made, whole
from trio_sup._trio.log import Log

if TYPE_CHECKING:
    from trio_sup._core.reconfigured import ReconfigurePlan
    from trio_sup._tree.supervisor import Supervisor

_log = Log("trio_sup")


class NotBegun(SupervisionError):
    """There is no tree yet that could be given another specification."""


def has_terminal() -> bool:
    """Whether standard input is a terminal, and one that is still there."""
    try:
        return os.isatty(0)
    except OSError:
        return False


class TreeReloads:
    """Gives one tree the specification that is made now.

    Args:
        tree: The tree, which may have ended meanwhile.
        make: Makes the specification.
    """

    def __init__(self, tree: OpenSupervisor, make: Callable[[], Made]) -> None:
        self._tree = tree
        self._make = make

    def plan(self) -> ReconfigurePlan:
        """Return what would change now."""
        return self._root.plan(whole(self._make()))

    async def carry_out(self) -> ReconfigurePlan:
        """Let the tree become what is made now; return what was done."""
        return await self._root.reconfigure(whole(self._make()))

    @property
    def _root(self) -> Supervisor:
        root = self._tree.root
        if root is None:
            raise NotBegun("the tree has not begun to start yet")
        return root

    async def on_signal(self) -> None:
        """Reload, and let the log have the plan and the outcome."""
        try:
            made = whole(self._make())
            root = self._root
            plan = root.plan(made)
            if plan.empty:
                _log.info("reload: nothing changes")
                return
            _log.warning("reload:\n%s", str(plan))
            await root.reconfigure(made)
        except SupervisorStopping:
            _log.info("not reloaded: the tree stops")
        except NotBegun as error:
            _log.warning("not reloaded: %s", error)
        except Exception as error:  # noqa: BLE001 - the tree goes on
            what = f"{type(error).__name__}: {error}"
            _log.error("not reloaded, the tree goes on as it is: %s", what)
        else:
            _log.info("reloaded")

"""What a node knows of the specification that its tree is from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trio_sup._core.reconfigured import ReconfigurePlan


class Reloads(Protocol):
    """Makes the specification of a tree once more; see `trio_sup._tree.reloading`."""

    def plan(self) -> ReconfigurePlan:
        """Return what would change now.

        Raises:
            Exception: there is no tree, or whatever making the specification raises.
        """
        ...

    async def carry_out(self) -> ReconfigurePlan:
        """Let the tree become that; return what was done.

        Raises:
            Exception: as for `plan`, or a child did not start.
        """
        ...

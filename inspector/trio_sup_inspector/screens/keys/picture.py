"""Keys that change how the picture is shown: order, pause, the dead, the log's end."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trio_sup.inspect.model.order import ORDERS
from trio_sup_inspector.panes.tasks import TasksPane

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup_inspector.screens.body import Body
    from trio_sup_inspector.state.node import NodeState


class PictureKeys:
    """None of them moves the cursor to another child."""

    def __init__(
        self,
        state: NodeState,
        clock: Callable[[], float],
        body: Body,
        repaint: Callable[[], None],
    ) -> None:
        self._state = state
        self._clock = clock
        self._body = body
        self._lists = body.lists
        self._repaint = repaint
        self.doing: dict[str, Callable[[], None]] = {
            "sort.next": partial(self._sort_by, 1),
            "sort.previous": partial(self._sort_by, -1),
            "sort.invert": self._invert,
            "pause": self._pause,
            "step": self._step,
            "follow": self._follow,
            "dead.keep": self._keep_dead,
            "tasks.system": self._system_tasks,
            "dismiss": self._dismiss,
        }

    def _sort_by(self, step: int) -> None:
        """Sort the processes by what stands beside in the menu."""
        state = self._state
        at = [order.id for order in ORDERS].index(state.order.id)
        state.order, state.reverse = ORDERS[(at + step) % len(ORDERS)], False
        self._lists.release()
        self._body.bring("list")

    def sort_by_column(self, column: str) -> None:
        """Sort by the column whose title was clicked; again: the other way round."""
        state = self._state
        if not column:
            return
        order = next((o for o in ORDERS if o.column == column), None)
        if order is None:
            self._body.notify("there is no order by this column", timeout=2)
        elif self._lists.current == "list" and state.order.column == column:
            self._invert()
        else:
            state.order, state.reverse = order, False
            self._lists.release()
            self._body.bring("list")

    def _invert(self) -> None:
        """Sort the other way round."""
        self._state.reverse = not self._state.reverse
        self._lists.release()
        self._repaint()

    def _pause(self) -> None:
        """Stop the picture, or go on."""
        picture, clock = self._state.picture, self._clock()
        picture.resume(clock) if picture.paused else picture.pause()
        self._repaint()

    def _step(self) -> None:
        """While paused: show the present once."""
        if self._state.picture.paused:
            self._state.picture.step(self._clock())
            self._lists.pane.forget()
            self._repaint()

    def _follow(self) -> None:
        """Keep to the newest line, or stop doing so."""
        lists = self._lists
        lists.follow = not lists.follow
        if lists.follow and lists.pane.tails:
            lists.view.action_last()
        self._repaint()

    def _keep_dead(self) -> None:
        """Keep what died on screen, or let it go."""
        self._state.picture.toggle_keep_dead(self._clock())
        self._repaint()

    def _system_tasks(self) -> None:
        """Show the inspector's own and Trio's system tasks, or hide them."""
        tasks = self._lists.panes["tasks"]
        if isinstance(tasks, TasksPane):
            tasks.own = not tasks.own
            self._repaint()

    def _dismiss(self) -> None:
        """Dismiss the notice of a restarted node, or of what became of an action."""
        self._state.session.restarted_at = None
        self._state.said = None
        self._repaint()

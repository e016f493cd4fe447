"""Keys that say what the node is asked for: levels of the log, traces, charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup_inspector.panes.charts import ChartsPane
from trio_sup_inspector.panes.logs import LogsPane
from trio_sup_inspector.panes.trace import TracePane

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup_inspector.screens.body import Body


class AskingKeys:
    """What they ask for ends when another list is shown."""

    def __init__(
        self, body: Body, repaint: Callable[[], None], send: Callable[[], None]
    ) -> None:
        self._body = body
        self._lists = body.lists
        self._repaint = repaint
        self._send = send
        self.doing: dict[str, Callable[[], None]] = {
            "log.level": self._log_level,
            "trace": self._trace,
            "trace.op": self._trace_op,
            "charts": self._charts,
            "charts.span": self._span,
        }

    def _log_level(self) -> None:
        """Ask for the records of the next level and above."""
        pane = self._lists.pane
        if isinstance(pane, LogsPane):
            pane.next_level()
            self._ask()

    def _trace(self) -> None:
        """Trace the child under the cursor, or show what is traced."""
        pane = self._lists.panes["trace"]
        id = self._lists.pointed()
        if isinstance(pane, TracePane):
            if id is not None:
                pane.choose(id)
            self._body.go_to("trace")

    def _trace_op(self) -> None:
        """Trace the operation under the cursor alone, or all again."""
        pane, key = self._lists.pane, self._lists.view.selected
        if isinstance(pane, TracePane) and isinstance(key, int):
            pane.choose_op(key)
            self._ask()

    def _charts(self) -> None:
        """Show the charts of the child under the cursor; there: those of the node."""
        pane = self._lists.panes["charts"]
        if isinstance(pane, ChartsPane):
            pane.choose(self._lists.pointed())
            self._body.go_to("charts")

    def _span(self) -> None:
        """Have charts cover more time, or the least again."""
        pane = self._lists.pane
        if isinstance(pane, ChartsPane):
            pane.next_span()
            self._repaint()

    def _ask(self) -> None:
        self._lists.ask()
        self._send()
        self._repaint()

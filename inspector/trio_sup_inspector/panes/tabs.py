"""Which pane stands under which tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup_inspector.panes.busy import BusyPane
from trio_sup_inspector.panes.calls import CallsPane
from trio_sup_inspector.panes.charts import ChartsPane
from trio_sup_inspector.panes.events import EventsPane
from trio_sup_inspector.panes.lints import LintsPane
from trio_sup_inspector.panes.logs import LogsPane
from trio_sup_inspector.panes.node import NodePane
from trio_sup_inspector.panes.processes import ProcessesPane
from trio_sup_inspector.panes.registry import RegistryPane
from trio_sup_inspector.panes.restarts import RestartsPane
from trio_sup_inspector.panes.tasks import TasksPane
from trio_sup_inspector.panes.trace import TracePane
from trio_sup_inspector.panes.tree import TreePane

if TYPE_CHECKING:
    from trio_sup_inspector.panes.pane import Pane
    from trio_sup_inspector.state.node import NodeState


def make_panes(state: NodeState, *, plain: bool) -> dict[str, Pane]:
    """All lists by the name of their tab."""
    return {
        "tree": TreePane(state, plain=plain),
        "list": ProcessesPane(state, plain=plain),
        "restarts": RestartsPane(state, plain=plain),
        "events": EventsPane(state, plain=plain),
        "lints": LintsPane(state, plain=plain),
        "node": NodePane(state, plain=plain),
        "tasks": TasksPane(state, plain=plain),
        "calls": CallsPane(state, plain=plain),
        "busy": BusyPane(state, plain=plain),
        "registry": RegistryPane(state, plain=plain),
        "logs": LogsPane(state, plain=plain),
        "trace": TracePane(state, plain=plain),
        "charts": ChartsPane(state, plain=plain),
    }

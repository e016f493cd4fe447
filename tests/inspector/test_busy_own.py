"""The inspector's own tasks are marked as such, and stand last."""

from trio_sup.inspect.client.session import Session
from trio_sup.inspect.protocol.wire_details import Busy, BusyRow
from trio_sup_inspector.panes.busy import BusyPane
from trio_sup_inspector.state.node import NodeState


def test_the_inspectors_own_tasks_are_marked_and_last_however_busy() -> None:
    session = Session(client="test")
    own = "trio_sup.inspect.node.hub.Hub.run"
    rows = [
        BusyRow(0, own, 0.4, 9, 0.1),
        BusyRow(3, "shop/db", 0.2, 9, 0.1),
        BusyRow(0, "app.main", 0.1, 9, 0.1),
    ]
    session.topics.add_busy(Busy(1.0, 1.0, 0.7, 0.0, rows))
    pane = BusyPane(NodeState(session), plain=False)
    pane.refresh(0.0, bottom=10, hold=False)
    assert [row.name for row in pane.rows] == ["shop/db", "app.main", own]
    line = "".join(text for text, _ in pane.cells(2, 80))
    assert "(inspector) hub.Hub.run" in line
    assert "(inspector)" not in "".join(text for text, _ in pane.cells(0, 80))


def test_before_a_window_has_passed_nobody_says_that_nothing_ran() -> None:
    session = Session(client="test")
    pane = BusyPane(NodeState(session), plain=True)
    pane.refresh(0.0, bottom=10, hold=False)
    assert pane.nothing == "measuring..."
    session.topics.add_busy(Busy(1.0, 0.0))
    pane.refresh(0.0, bottom=10, hold=False)
    assert pane.nothing == "measuring..."
    session.topics.add_busy(Busy(2.0, 1.0))
    pane.refresh(0.0, bottom=10, hold=False)
    assert pane.nothing == "Nothing ran in the last second."

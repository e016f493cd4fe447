"""Steps of a trace in a narrow terminal."""

from attrs import evolve

from tests.inspector.rows import server
from trio_sup.inspect.client.session import Session
from trio_sup.inspect.protocol.wire_trace import TraceStep
from trio_sup_inspector.lines.cells import Cells
from trio_sup_inspector.panes.trace import TracePane
from trio_sup_inspector.state.node import NodeState

SENDER = "root/site/of/somebody/far/away/front"
WAITED = TraceStep(
    at=0.0,
    kind="received",
    child=4,
    path="root/site/middle",
    message="call",
    op="lookup",
    text="(342, where='a place with a long name')",
    sender=SENDER,
    id=17,
    parent=16,
    root=16,
    depth=1,
    seconds=0.00022,
    state="",
)
FAILED = evolve(WAITED, kind="failed", seconds=0.4, state="failures: 0 -> 1")


def pane_with(step: TraceStep) -> TracePane:
    state = NodeState(Session(client="test"))
    state.model.upsert(server(4, path=step.path), 0.0)
    pane = TracePane(state, plain=False)
    state.session.topics.steps.add([step], 0)
    pane.steps, pane.keys = [step], [1]
    return pane


def text(cells: Cells) -> str:
    return "".join(piece for piece, _ in cells).rstrip()


def test_how_long_a_step_took_is_readable_in_80_columns() -> None:
    for step, time in ((WAITED, "waited 0.22ms"), (FAILED, "400ms")):
        for width in (60, 78):
            assert time in text(pane_with(step).cells(0, width))


def test_below_the_list_nothing_of_a_step_is_cut_off() -> None:
    for step, more in ((WAITED, f"from {SENDER}"), (FAILED, "[failures: 0 -> 1]")):
        lines = pane_with(step).explain(1, 78)
        whole = " ".join(" ".join(text(line) for line in lines).split())
        assert step.text in whole
        assert more in whole
        assert "…" not in whole

"""All significant children, in whatever order they end: nobody is forgotten."""

from hypothesis import given, strategies as st

from trio_sup import ChildSpec, child
from trio_sup._core.exits import NORMAL
from trio_sup._core.specs import Flags
from trio_sup._core.state import ChildState
from trio_sup._core.strategy import AutoShutdown, SupervisorCore


async def work() -> None:
    """Nothing."""


SPEC = child(work, restart="transient", significant=True)
PLAIN = child(work, restart="transient")


class Record(ChildState):
    looks = 0

    def __init__(self, id: int, spec: ChildSpec) -> None:  # type: ignore[type-arg]
        super().__init__(spec, id)
        self.up = True
        self.status = "running"

    @property
    def asked(self) -> str | None:
        return "by somebody" if self.status == "stopping" else None

    @property
    def alive(self) -> bool:
        Record.looks += 1
        return self.up


def core_of(n: int) -> SupervisorCore[Record]:
    core: SupervisorCore[Record]
    core = SupervisorCore(Flags(auto_shutdown="all_significant"), dynamic=False)
    for id in range(n):
        core.records[id] = Record(id, SPEC)
    core.records["plain"] = Record(n, PLAIN)
    return core


def end(core: SupervisorCore[Record], record: Record) -> bool:
    record.up = False
    return isinstance(core.on_exit(record, NORMAL, 0.0), AutoShutdown)


# To end one, to start one that is down again, or to delete one that is down.
STEPS = st.lists(st.tuples(st.sampled_from("eeesd"), st.integers(0, 5)), max_size=40)


@given(STEPS)
def test_the_last_end_of_a_significant_child_is_told_from_all_others(
    steps: list[tuple[str, int]],
) -> None:
    core = core_of(6)
    records = [core.records[id] for id in range(6)]
    for action, number in steps:
        record = records[number]
        if record.status == "gone":
            continue
        if action == "e" and record.up:
            left = [other for other in records if other.up and other is not record]
            assert end(core, record) is (not left)
        elif action == "s" and not record.up:
            record.up, record.status = True, "running"
        elif action == "d" and not record.up:
            core.drop(record)


def looks(n: int, *, backwards: bool) -> int:
    core = core_of(n)
    records = [core.records[id] for id in range(n)]
    Record.looks = 0
    ends = [
        end(core, record) for record in (reversed(records) if backwards else records)
    ]
    assert ends == [False] * (n - 1) + [True]
    return Record.looks


def test_the_ends_of_many_significant_children_look_at_each_a_few_times() -> None:
    for backwards in (False, True):
        assert looks(1000, backwards=backwards) <= 10 * 1000


def test_a_rest_that_restarts_is_found_without_those_before_it() -> None:
    core: SupervisorCore[Record]
    core = SupervisorCore(Flags(strategy="rest_for_one"), dynamic=False)
    for id in range(1000):
        core.records[id] = Record(id, PLAIN)
    Record.looks = 0
    group = core.group_of(core.records[997])
    assert [record.id for record in group] == [997, 998, 999]
    assert [record.id for record in core.stop_order(group)] == [999, 998, 997]
    assert Record.looks <= 10

"""The golden traces find the mistakes that implementations of supervision make.

Each bug is planted into the model, which then has to disagree with OTP.
"""

# pyright: reportPrivateUsage=false

from collections.abc import Callable

import pytest

from tests.proof import golden
from tests.proof.supervisors import model
from tests.proof.supervisors.compare import normalise
from tests.proof.supervisors.model import world
from tests.proof.supervisors.model.supervisors import StaticChildren, SupervisorLife
from tests.proof.supervisors.model.world import Exited, Message, Retry, Slot
from tests.proof.supervisors.scenario import Child, Worker
from tests.proof.supervisors.suite import SUPERVISORS
from tests.proof.trace import Value

Patch = pytest.MonkeyPatch


def intensity_off_by_one(patch: Patch) -> None:
    def may_restart(self: SupervisorLife) -> bool:
        since = self.world.now - self.tree.period
        kept = [t for t in self._restarts if t >= since]
        self._restarts = [*kept, self.world.now]
        return len(self._restarts) < self.tree.intensity

    patch.setattr(SupervisorLife, "_may_restart", may_restart)


def window_excludes_its_edge(patch: Patch) -> None:
    def may_restart(self: SupervisorLife) -> bool:
        since = self.world.now - self.tree.period
        kept = [t for t in self._restarts if t > since]
        self._restarts = [*kept, self.world.now]
        return len(self._restarts) <= self.tree.intensity

    patch.setattr(SupervisorLife, "_may_restart", may_restart)


def window_never_forgets(patch: Patch) -> None:
    def may_restart(self: SupervisorLife) -> bool:
        self._restarts.append(self.world.now)
        return len(self._restarts) <= self.tree.intensity

    patch.setattr(SupervisorLife, "_may_restart", may_restart)


def stops_in_start_order(patch: Patch) -> None:
    def terminate(self: StaticChildren, slots: list[Slot]) -> list[Slot]:
        kept = [slot for slot in slots if not slot.temporary]
        for slot in list(slots):
            slot.terminate()
            self.remove(slot)
        return kept

    patch.setattr(StaticChildren, "_terminate", terminate)


def rest_for_one_spares_the_last(patch: Patch) -> None:
    right = StaticChildren.restart

    def restart(self: StaticChildren, slot: Slot) -> Slot | None:
        if self._tree.strategy != "rest_for_one" or len(self.slots) < 3:
            return right(self, slot)
        group = self.slots[self.slots.index(slot) :][:2]
        failure = self._start(self._terminate(group))
        return failure[0] if failure else None

    patch.setattr(StaticChildren, "restart", restart)


def temporary_bystanders_come_back(patch: Patch) -> None:
    def terminate(self: StaticChildren, slots: list[Slot]) -> list[Slot]:
        for slot in slots[::-1]:
            slot.terminate()
        return list(slots)

    patch.setattr(StaticChildren, "_terminate", terminate)


def group_restart_leaves_stopped_ones_down(patch: Patch) -> None:
    def terminate(self: StaticChildren, slots: list[Slot]) -> list[Slot]:
        kept = [s for s in slots if not s.temporary and (s.latest is None or s.life)]
        for slot in slots[::-1]:
            slot.terminate()
            self.remove(slot)
        return kept

    patch.setattr(StaticChildren, "_terminate", terminate)


def transient_is_restarted_after_a_shutdown(patch: Patch) -> None:
    right = Slot.needs_restart

    def needs_restart(self: Slot, reason: Value) -> bool:
        transient = self.spec.restart == "transient" and reason != "normal"
        return transient or right(self, reason)

    patch.setattr(Slot, "needs_restart", needs_restart)


def permanent_stays_down_after_a_normal_end(patch: Patch) -> None:
    right = Slot.needs_restart

    def needs_restart(self: Slot, reason: Value) -> bool:
        return reason != "normal" and right(self, reason)

    patch.setattr(Slot, "needs_restart", needs_restart)


def failed_restart_is_not_retried(patch: Patch) -> None:
    right = SupervisorLife.deliver

    def deliver(self: SupervisorLife, message: Message) -> None:
        if not isinstance(message, Retry):
            right(self, message)

    patch.setattr(SupervisorLife, "deliver", deliver)


def restart_by_hand_counts(patch: Patch) -> None:
    right = SupervisorLife._answer_about

    def answer_about(self: SupervisorLife, slot: Slot, request: str) -> Value:
        if request == "restart_child":
            self._restarts.append(self.world.now)
        return right(self, slot, request)

    patch.setattr(SupervisorLife, "_answer_about", answer_about)


def all_significant_means_any(patch: Patch) -> None:
    def ends_supervisor(self: StaticChildren, slot: Slot) -> bool:
        return slot.spec.significant and self._tree.auto_shutdown != "never"

    patch.setattr(StaticChildren, "ends_supervisor", ends_supervisor)


def giving_up_looks_like_a_crash(patch: Patch) -> None:
    def end_by_itself(self: SupervisorLife) -> None:
        self.stop()
        if self._parent is not None:
            self._parent.deliver(Exited(self, ("error", "intensity")))

    patch.setattr(SupervisorLife, "_end_by_itself", end_by_itself)


def brutal_kill_asks_first(patch: Patch) -> None:
    def reason_of_stop(spec: Worker) -> Value:
        return "shutdown"

    patch.setattr(world, "reason_of_stop", reason_of_stop)


def failed_start_child_keeps_its_spec(patch: Patch) -> None:
    right = StaticChildren.add

    def add(self: StaticChildren, spec: Child) -> Value:
        reply = right(self, spec)
        if isinstance(reply, tuple) and isinstance(reply[1], tuple):
            self.slots.append(Slot(spec))
        return reply

    patch.setattr(StaticChildren, "add", add)


BUGS: list[Callable[[Patch], None]] = [
    intensity_off_by_one,
    window_excludes_its_edge,
    window_never_forgets,
    stops_in_start_order,
    rest_for_one_spares_the_last,
    temporary_bystanders_come_back,
    group_restart_leaves_stopped_ones_down,
    transient_is_restarted_after_a_shutdown,
    permanent_stays_down_after_a_normal_end,
    failed_restart_is_not_retried,
    restart_by_hand_counts,
    all_significant_means_any,
    giving_up_looks_like_a_crash,
    brutal_kill_asks_first,
    failed_start_child_keeps_its_spec,
]


@pytest.mark.parametrize("bug", BUGS)
def test_generated_traces_find(
    bug: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    bug(monkeypatch)
    answers = golden.answers(SUPERVISORS)
    generated = [answer for answer in answers if answer.name is None]
    assert any(
        normalise(answer.scenario, model.run(answer.scenario)) != answer.trace
        for answer in generated
    )

"""Changes of a supervisor, put to real OTP and carried out here."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import trio
from attrs import asdict, frozen
from hypothesis import strategies as st
from trio.testing import MockClock

from tests.proof import oracle
from tests.proof.machine import Machine
from trio_sup import (
    ChildSpec,
    ChildSpecError,
    NoSuchChild,
    Supervisor,
    child,
    open_supervisor,
    supervisor,
)

IDS = ("a", "b", "c", "d")
SOURCES = [Path(__file__).parent / "code_change_main.erl", *oracle.SHARED.glob("*.erl")]


@frozen
class Kid:
    """One child, as both know it."""

    id: str
    restart: str = "permanent"
    shutdown: int = 1000
    significant: bool = False
    given: int = 0
    """What it is started with: another one is another target."""


@frozen
class Spec:
    """A supervisor, as both know it."""

    strategy: str = "one_for_one"
    intensity: int = 3
    auto_shutdown: str = "never"
    children: tuple[Kid, ...] = ()


@frozen
class Change:
    """A specification, another one, and the ends that follow."""

    before: Spec
    then: Spec
    ends: tuple[tuple[str, str], ...] = ()


@frozen
class Seen:
    """What became of it."""

    changed: str
    """``ok`` or ``refused``."""
    children: tuple[tuple[Kid, bool, bool], ...]
    """Each with what is in force, whether its life went on, and whether it is down."""
    steps: tuple[Any, ...]
    """After each end: the lives of those that live, by id; or that it has ended."""


class CodeChange(Machine):
    """Real OTP, asked about its `supervisor:code_change`."""

    def __init__(self) -> None:
        super().__init__(SOURCES, "code_change_main")

    def ask(self, change: Change) -> Seen:
        """What OTP does."""
        ends = tuple(list(end) for end in change.ends)
        question: Any = {
            "before": _plain(change.before),
            "then": _plain(change.then),
            "ends": ends,
        }
        self.send(question)
        answer: Any = self.receive()
        children = [
            (_kid(each), each["kept"], each["down"]) for each in answer["children"]
        ]
        return Seen(answer["changed"], tuple(children), tuple(answer["steps"]))


def _plain(spec: Spec) -> Any:
    return {**asdict(spec), "children": tuple(asdict(kid) for kid in spec.children)}


def _kid(each: dict[str, Any]) -> Kid:
    names = ("id", "restart", "shutdown", "significant", "given")
    return Kid(**{name: each[name] for name in names})


# Here.


class Ours:
    """The same with `reconfigure`."""

    def __init__(self) -> None:
        self._ends: dict[str, list[str]] = {}
        self._bells: dict[str, trio.Event] = {}

    async def _child(self, id: str, given: int) -> None:
        self._bells[id] = bell = trio.Event()
        await bell.wait()
        if self._ends.pop(id, ["normal"]) == ["crash"]:
            raise RuntimeError("boom")

    def spec(self, spec: Spec) -> ChildSpec[Supervisor]:
        kids = [
            child(self._child, kid.id, kid.given).replace(
                id=kid.id,
                restart=kid.restart,
                shutdown=kid.shutdown / 1000,
                significant=kid.significant,
            )
            for kid in spec.children
        ]
        # Under another, so that its own end is its own affair.
        return supervisor(
            kids,
            id="s",
            restart="temporary",
            strategy=cast("Any", spec.strategy),
            max_restarts=spec.intensity,
            max_seconds=1000.0,
            auto_shutdown=cast("Any", spec.auto_shutdown),
        )

    async def play(self, change: Change) -> Seen:
        before, then = change.before, change.then
        async with trio.open_nursery() as nursery:
            seen: list[Seen] = []
            nursery.start_soon(self._play, before, then, change.ends, seen)
        return seen[0]

    async def _play(
        self, before: Spec, then: Spec, ends: Any, seen: list[Seen]
    ) -> None:
        async with open_supervisor([self.spec(before)]) as root:
            sup = root.supervisor("s")
            try:
                await sup.reconfigure(self.spec(then))
                changed = "ok"
            except ChildSpecError:
                changed = "refused"
            await trio.testing.wait_all_tasks_blocked()
            children = [self._look(record) for record in sup.record.under]
            steps = []
            for id, how in ends:
                if sup.status == "running" and sup.record.running:
                    try:
                        kid = sup.child(id)
                    except NoSuchChild:
                        kid = None
                    if kid is not None and kid.record.running:
                        self._ends[id] = [how]
                        self._bells[id].set()
                        await trio.testing.wait_all_tasks_blocked()
                steps.append(self._lives(sup))
            seen.append(Seen(changed, tuple(children), tuple(steps)))

    def _look(self, record: Any) -> tuple[Kid, bool, bool]:
        spec = record.spec
        kid = Kid(
            str(record.id),
            spec.restart,
            round(spec.shutdown * 1000),
            spec.significant,
            spec.args[1],
        )
        return kid, record.life == 1 and record.running, not record.running

    def _lives(self, sup: Any) -> Any:
        if not sup.record.alive:
            return "ended"
        under = sup.record.under
        return {str(r.id): r.life if r.running else 0 for r in under}


def ours(change: Change) -> Seen:
    """What `reconfigure` does."""
    return trio.run(Ours().play, change, clock=MockClock(autojump_threshold=0))


# Changes that are drawn.


@st.composite
def kids(draw: st.DrawFn, id: str, auto_shutdown: str, given: int | None) -> Kid:
    restart = draw(st.sampled_from(["permanent", "transient", "temporary"]))
    may = auto_shutdown != "never" and restart != "permanent"
    return Kid(
        id,
        restart,
        draw(st.sampled_from([100, 1000])),
        draw(st.booleans()) if may else False,
        draw(st.integers(0, 1)) if given is None else given,
    )


@st.composite
def specs(draw: st.DrawFn, ids: tuple[str, ...], given: int | None = None) -> Spec:
    auto = draw(st.sampled_from(["never", "any_significant", "all_significant"]))
    return Spec(
        draw(st.sampled_from(["one_for_one", "rest_for_one", "one_for_all"])),
        draw(st.integers(0, 3)),
        auto,
        tuple(draw(kids(id, auto, given)) for id in ids),
    )


some_ids = st.lists(st.sampled_from(IDS), unique=True, max_size=4).map(tuple)
any_changes = st.builds(
    Change, some_ids.flatmap(specs), some_ids.flatmap(specs), st.just(())
)
endings = st.lists(
    st.tuples(st.sampled_from(IDS[:3]), st.sampled_from(["crash", "normal"])),
    max_size=5,
).map(tuple)
changes_in_place = st.builds(Change, specs(IDS[:3], 0), specs(IDS[:3], 0), endings)


def as_here(change: Change, otp: Seen) -> set[tuple[Kid, bool]]:
    """What `reconfigure` is to come to, from what OTP does: the differences, by name.

    Each child that runs, with whether it is in its first life.
    """
    before = {kid.id: kid for kid in change.before.children}
    wanted = {kid.id for kid in change.then.children}
    found: set[tuple[Kid, bool]] = set()
    for kid, kept, down in otp.children:
        if kid.id not in wanted:
            assert kept  # OTP keeps who is in no list any more: it is stopped here
            continue
        if kid.id not in before:
            assert down  # OTP adds who is new and does not start it: it runs here
            kept = True
        elif kid.given != before[kid.id].given:
            assert kept  # OTP goes on with the former start: here another life begins
            kept = False
        found.add((kid, kept))
    return found

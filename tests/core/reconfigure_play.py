"""Random changes of a running tree, for the core alone, and what is right after them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from attrs import Factory, define
from hypothesis import strategies as st

import trio_sup
from tests.core.core_play import (
    AUTO,
    BUDGETS,
    LATER,
    RESTARTS,
    SHUTDOWNS,
    STRATEGIES,
    CorePlay,
    Op,
    work,
)
from tests.core.sync_shell import Reply, Shell
from tests.core.sync_world import Record
from trio_sup import Budget, ChildSpec
from trio_sup._core.comparing import compare, id_of, same_spec
from trio_sup._core.plan.doing import Request
from trio_sup._core.plan.reconfigure import reconfigure
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.reconfigured import ReconfigurePlan
from trio_sup._core.specs import Flags
from trio_sup._core.words import AutoShutdown


async def other_work(number: int = 0) -> None:
    """Another target; never run."""


@st.composite
def workers(
    draw: st.DrawFn, id: str, name: str | None, *, significant: bool, grouped: bool
) -> ChildSpec[Any]:
    restart = draw(st.sampled_from(RESTARTS))
    target, args = draw(
        st.sampled_from(
            [(work, ()), *((other_work, args) for args in ((), (1,), (2,)))]
        )
    )
    budgets = BUDGETS if grouped else [*BUDGETS, Budget(0, 5.0, "quarantine")]
    spec: ChildSpec[Any] = trio_sup.child(work, id=id, restart=restart)
    return spec.replace(
        target=target,
        args=args,
        name=name,
        backoff=draw(st.sampled_from(LATER)),
        budget=draw(st.sampled_from(budgets)),
        significant=significant and restart != "permanent" and draw(st.booleans()),
        shutdown=draw(st.sampled_from(SHUTDOWNS)),
    )


@st.composite
def trees(
    draw: st.DrawFn, depth: int = 2, id: str = "root", *, quiet: bool = False
) -> ChildSpec[Any]:
    """A static tree whose ids and names come from few, so that two have some in common.

    A name belongs to one supervisor: it may move among its children only.
    """
    if depth < 2 and draw(st.integers(0, 4)) == 0:
        size = draw(st.integers(0, 3))
        return trio_sup.dynamic_supervisor(id=id, max_restarts=2, max_children=size)
    auto: AutoShutdown = "never"
    if not quiet and draw(st.integers(0, 2)) == 0:
        auto = draw(st.sampled_from(AUTO))
    strategy = draw(st.sampled_from(STRATEGIES))
    ids = draw(st.lists(st.integers(0, 4), unique=True, max_size=4))
    names = draw(st.permutations([f"{id}:{n}" for n in range(3)] + [None] * 3))
    children: list[ChildSpec[Any]] = []
    for number in ids:
        child_id, name = f"c{number}", names[number % len(names)]
        if depth > 1 and (number > 2 if draw(st.integers(0, 4)) else number < 3):
            below = draw(trees(depth - 1, child_id, quiet=quiet))
            children.append(below.replace(name=name))
        else:
            grouped = strategy != "one_for_one"
            each = workers(child_id, name, significant=auto != "never", grouped=grouped)
            children.append(draw(each))
    return trio_sup.supervisor(
        children,
        id=id,
        strategy=strategy,
        max_restarts=draw(st.integers(0, 4)),
        max_seconds=5.0,
        auto_shutdown=auto,
    )


EDITS = [*["keep"] * 5, "treat", "treat", "rework", "rework", "remove", "rename"]


@st.composite
def edited(draw: st.DrawFn, spec: ChildSpec[Any], *, quiet: bool) -> ChildSpec[Any]:
    """The same tree with some edits, as a person makes them."""
    flags = spec.flags
    assert flags is not None
    if spec.kind == "dynamic":
        return trio_sup.dynamic_supervisor(id=spec.id, max_children=2, max_restarts=1)
    strategy, limit = flags.strategy, flags.max_restarts
    if draw(st.booleans()):
        strategy, limit = draw(st.sampled_from(STRATEGIES)), draw(st.integers(0, 4))
    grouped, auto = strategy != "one_for_one", flags.auto_shutdown
    if not quiet and draw(st.integers(0, 3)) == 0:
        auto = draw(st.sampled_from(AUTO))
    significant = auto != "never"
    children: list[ChildSpec[Any]] = []
    names = [each.name for each in flags.children]
    for each in flags.children:
        edit = draw(st.sampled_from(EDITS))
        if edit == "remove":
            continue
        new = each
        if each.flags is not None and edit != "keep":
            new = draw(edited(each, quiet=quiet))
        elif edit in ("treat", "rework") or not significant or grouped:
            id, name = str(each.id), None if each.name is None else str(each.name)
            drawn = draw(workers(id, name, significant=significant, grouped=grouped))
            if edit == "keep":
                budget = each.budget if not grouped else None
                new = each.replace(significant=False, budget=budget)
            elif edit == "treat":
                new = drawn.replace(target=each.target, args=each.args)
            elif each.flags is None:
                new = each.replace(
                    target=drawn.target,
                    args=drawn.args,
                    significant=False,
                    budget=None if grouped else each.budget,
                )
        if edit == "rename" and names:
            new = new.replace(name=names.pop(draw(st.integers(0, len(names) - 1))))
        elif new.name in names:
            names.remove(new.name)
        children.append(new)
    children = _uniquely_named(children)
    if draw(st.integers(0, 2)) == 0:
        extra = workers("c9", f"{spec.id}:9", significant=False, grouped=grouped)
        children.insert(draw(st.integers(0, len(children))), draw(extra))
    if draw(st.integers(0, 3)) == 0:
        children = list(draw(st.permutations(children)))
    made = trio_sup.supervisor(
        children,
        id=spec.id,
        strategy=strategy,
        max_restarts=limit,
        max_seconds=5.0,
        auto_shutdown=auto,
    )
    return made.replace(name=spec.name, restart=spec.restart)


def _uniquely_named(children: list[ChildSpec[Any]]) -> list[ChildSpec[Any]]:
    seen: set[Hashable] = set()
    for place, spec in enumerate(children):
        if spec.name in seen:
            children[place] = spec.replace(name=None)
        elif spec.name is not None:
            seen.add(spec.name)
    return children


@st.composite
def pairs(
    draw: st.DrawFn, *, quiet: bool = False
) -> tuple[ChildSpec[Any], ChildSpec[Any]]:
    """A tree, and what it is to become: mostly the same with some edits."""
    old = draw(trees(quiet=quiet))
    if draw(st.integers(0, 4)) == 0:
        return old, draw(trees(quiet=quiet))
    return old, draw(edited(old, quiet=quiet))


FAULTS = [
    *("crash", "crash", "return", "fail", "fail", "fail", "ignore", "hold", "hold"),
    *("blink", "start"),
    *("ready", "advance", "taken", "stubborn", "stop", "stop", "terminate", "hook"),
    *("cancel", "halt", "halt"),
]


def ops(size: int) -> st.SearchStrategy[list[Op]]:
    op = st.builds(
        Op,
        st.sampled_from(FAULTS),
        st.integers(0, 2),
        st.integers(0, 3),
        st.booleans(),
    )
    return st.lists(op, max_size=size)


@define(eq=False)
class ReconfigurePlay(CorePlay):
    """One program in which the root is given another specification."""

    made: ReconfigurePlan | None = None
    """What is to change, as the core sees it when it begins."""
    free: list[Hashable] = Factory(list[Hashable])
    """Names that were free though both specifications hold them."""
    never_free: set[Hashable] = Factory(set[Hashable])
    """Names, however deep, that are to have a holder all the time."""
    ended: list[str] = Factory(list[str])
    """Paths of those whose lives have ended, in order."""
    begun: list[str] = Factory(list[str])

    def ask_change(self, new: ChildSpec[Any]) -> Reply:
        """Ask the root to change."""
        plan = self.root.plan
        assert isinstance(plan, StaticPlan)
        flags = new.flags
        assert flags is not None

        def steps() -> Any:
            self.made = compare(plan.own, plan.flags, flags)
            self.watch_names(plan, flags)
            return reconfigure(plan, flags)

        return self.root.ask(steps)

    def watch_names(self, plan: StaticPlan[Record], flags: Flags) -> None:
        """From now on note each name that is free in between."""
        wanted = {spec.name for spec in flags.children}
        held = {
            record.spec.name
            for record in plan.core.records.values()
            if record.up and record.asked is None and record.spec.name in wanted
        } - {None}
        told, begins = self.world.on_told, self.world.on_begin
        over = self.world.on_over

        def look(*_: object) -> None:
            if plan.change is None or plan.mode != "running":
                return
            self.free += self.never_free - self.world.names.keys()
            for record in plan.core.records.values():
                # One that chose not to start, or has ended for good, has none.
                waits = record.status in ("starting", "restarting") or record.in_plan
                name = record.spec.name
                taken = name in self.world.names
                if (record.up or waits) and name in held and not taken:
                    self.free.append(name)

        def on_told(shell: Shell) -> None:
            look()
            told(shell)

        def on_begin(record: Record) -> None:
            begins(record)
            self.begun.append(record.path_text)
            look()

        def on_over(record: Record, *rest: Any) -> None:
            over(record, *rest)
            self.ended.append(record.path_text)
            look()

        self.world.on_told = on_told
        self.world.on_begin = on_begin
        self.world.on_over = on_over

    def do_cancel(self, op: Op, shell: Shell, record: Record | None) -> None:
        """Who asked for something goes away; what has not begun is withdrawn."""
        del op, record
        for request in shell.plan.line.queue:
            if isinstance(request, Request):
                request.withdrawn = True

    def do_halt(self, op: Op, shell: Shell, record: Record | None) -> None:
        """The stop of the root comes while somebody starts."""
        del op, shell, record
        self.starts.append("hold")
        self.world.settle()
        self.root.perform(self.root.plan.stop_itself(5.0))

    def calm(self) -> None:
        """Let nothing fail any more, and all that waits come about."""
        self.stubborn = False
        for shell in self.shells():
            shell.refuses = None
        for _ in range(6):
            self.starts.clear()
            self.do(Op("ready"))
            self.world.now += 100
            self.world.settle()


def renewed(old: ChildSpec[Any], new: ChildSpec[Any], path: str) -> set[str]:
    """Who of a tree that is all up has another life afterwards: said once more.

    Not by the rules of the core, but by what the documentation says.
    """
    assert old.flags is not None
    assert new.flags is not None
    before = {spec.id: spec for spec in old.flags.children}
    after = {spec.id: spec for spec in new.flags.children}
    pivots = [
        id
        for id, spec in after.items()
        if id in before and _needs_a_life(before[id], spec)
    ]
    ended = set(pivots)
    for flags, order in (old.flags, list(before)), (new.flags, list(after)):
        if flags.strategy == "one_for_all" and pivots:
            ended |= set(after) & set(before)
        if flags.strategy == "rest_for_one" and pivots:
            first = min(order.index(id) for id in pivots)
            ended |= set(order[first:]) & set(after) & set(before)
    found = {f"{path}/{id}" for id in ended}
    for id, spec in after.items():
        if id in before and id not in ended and spec.kind == "supervisor":
            found |= renewed(before[id], spec, f"{path}/{id}")
        if id in ended and spec.flags is not None and spec.kind == before[id].kind:
            found |= _all_below(spec, f"{path}/{id}") & _all_below(
                before[id], f"{path}/{id}"
            )
    return found


def _needs_a_life(old: ChildSpec[Any], new: ChildSpec[Any]) -> bool:
    return (old.kind, old.target, old.args, old.name) != (
        *(new.kind, new.target, new.args),
        new.name,
    )


def _all_below(spec: ChildSpec[Any], path: str) -> set[str]:
    found: set[str] = set()
    for child in () if spec.flags is None else spec.flags.children:
        found |= {f"{path}/{child.id}", *_all_below(child, f"{path}/{child.id}")}
    return found


def rows(own: Record) -> Iterator[tuple[str, Flags | None, str, bool]]:
    """A running tree, as far as two that are equal have it in common."""
    for record in own.under:
        yield (record.path_text, None, record.status, record.up)
        if record.spec.kind == "supervisor":
            yield from rows(record)


def holds(own: Record, flags: Flags, *, fresh: bool = False) -> None:
    """Assert that a supervisor is what a specification says, however deep.

    Args:
        own: Its record.
        flags: What it is to go by.
        fresh: Whether all of it has to be there and up.
    """
    assert own.shell is not None
    plan, core = own.shell.plan, own.shell.plan.core
    names = ("strategy", "max_restarts", "max_seconds", "auto_shutdown", "max_children")
    for name in names:
        assert getattr(plan.flags, name) == getattr(flags, name), (own, name)
    assert core.flags is plan.flags
    assert own.spec.flags is plan.flags
    assert core.grouped == (not core.dynamic and flags.strategy != "one_for_one")
    assert core.window.max_restarts == flags.max_restarts, own
    assert core.window.max_seconds == flags.max_seconds, own
    if not isinstance(plan, StaticPlan):
        return
    assert plan.change is None, own
    wanted = {id_of(spec): spec for spec in flags.children}
    there = [each for each in core.records.values() if each.id in wanted]
    order = [id for id in wanted if id in core.records]
    assert [each.id for each in there] == order, (own, there, order)
    for number, spec in enumerate(flags.children):
        if (record := core.records.get(id_of(spec))) is None:
            assert spec.restart == "temporary" or not own.up, (own, spec)
            assert not fresh, (own, spec)
            continue
        assert record.supervisor is own.shell
        assert plan.is_original(record) == (spec.restart != "temporary")
        holds_child(record, spec, fresh=fresh)
        assert plan.originals.get(number) is record, (own, number)


def holds_child(record: Record, spec: ChildSpec[Any], *, fresh: bool) -> None:
    """Assert that a child is what its specification says."""
    if spec.flags is None:
        assert same_spec(record.spec, spec), (record, record.spec, spec)
    else:
        found = (record.spec.name, record.spec.shutdown)
        assert found == (spec.name, spec.shutdown)
        assert record.spec.target == spec.target
        holds(record, spec.flags, fresh=fresh)
    if (window := record.budget_window) is not None:
        assert spec.budget is not None, record
        assert window.max_restarts == spec.budget.max_restarts
    if fresh:
        assert (record.up, record.status) == (True, "running"), record

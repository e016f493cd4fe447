"""Bugs planted in the change of a running tree: each is to be found by its laws."""

# Whatever is patched here is private, and known in part only.
# pyright: reportPrivateUsage=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import pytest

from tests.core.sync_world import Record
from trio_sup._core import comparing
from trio_sup._core.plan import reconfigure as job
from trio_sup._core.plan.change import Change
from trio_sup._core.plan.doing import Adopt, MoveNames
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.specs import Flags
from trio_sup._core.state import RestartWindow
from trio_sup._core.strategy import SupervisorCore

Plant: TypeAlias = Callable[[pytest.MonkeyPatch], None]
BUGS: dict[str, Plant] = {}


def bug(plant: Plant) -> Plant:
    BUGS[plant.__name__] = plant
    return plant


def nothing(*args: Any, **named: Any) -> None:
    """Do nothing."""


@bug
def the_order_stays_as_it_was(patch: pytest.MonkeyPatch) -> None:
    put = Change._put

    def sorted_put(change: Change[Record], records: Iterable[Record]) -> None:
        put(change, sorted(records, key=lambda record: record.path_text))

    patch.setattr(Change, "_put", sorted_put)


@bug
def names_that_move_are_free_in_between(patch: pytest.MonkeyPatch) -> None:
    switch = Change.switch

    def forgets(change: Change[Record]) -> Any:
        names, *rest = switch(change)
        assert isinstance(names, MoveNames)
        return (MoveNames(names.free, ()), *rest)

    patch.setattr(Change, "switch", forgets)


@bug
def names_are_not_handed_over(patch: pytest.MonkeyPatch) -> None:
    switch = Change.switch
    patch.setattr(Change, "switch", lambda change: tuple(switch(change))[1:])


@bug
def names_below_are_free_while_their_supervisor_is_down(
    patch: pytest.MonkeyPatch,
) -> None:
    patch.setattr(Change, "coming_back", lambda change: ())


@bug
def the_limit_stays_as_it_was(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RestartWindow, "resize", nothing)


@bug
def the_strategy_is_not_followed(patch: pytest.MonkeyPatch) -> None:
    take = SupervisorCore.take

    def keeps(core: SupervisorCore[Record], flags: Flags) -> None:
        grouped = core.grouped
        take(core, flags)
        core.grouped = grouped

    patch.setattr(SupervisorCore, "take", keeps)


@bug
def who_goes_is_not_forgotten(patch: pytest.MonkeyPatch) -> None:
    def commit(change: Change[Record]) -> Any:
        change.plan.change = None
        return ()

    patch.setattr(Change, "commit", commit)


@bug
def the_way_back_keeps_the_new_list_for_the_next_life(
    patch: pytest.MonkeyPatch,
) -> None:
    undo, relist = Change.undo, StaticPlan.relist

    def forgets(change: Change[Record]) -> Any:
        patch.setattr(StaticPlan, "relist", nothing)
        try:
            return undo(change)
        finally:
            patch.setattr(StaticPlan, "relist", relist)

    patch.setattr(Change, "undo", forgets)


@bug
def the_way_back_keeps_new_specifications(patch: pytest.MonkeyPatch) -> None:
    undo = Change.undo

    def keeps(change: Change[Record]) -> Any:
        new = {record: record.spec for record in change.before}
        dos = undo(change)
        for record, spec in new.items():
            record.spec = spec
        return dos

    patch.setattr(Change, "undo", keeps)


@bug
def the_way_back_starts_nobody(patch: pytest.MonkeyPatch) -> None:
    init = Change.__init__

    def forgets(change: Change[Record], *args: Any) -> None:
        init(change, *args)
        change.went_on.clear()

    patch.setattr(Change, "__init__", forgets)


@bug
def a_stop_in_the_middle_leaves_the_new_list(patch: pytest.MonkeyPatch) -> None:
    switch = Change.switch

    def done_already(change: Change[Record]) -> Any:
        dos = switch(change)
        change.plan.change = None
        return dos

    patch.setattr(Change, "switch", done_already)


@bug
def siblings_do_not_depend_on_each_other(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(comparing, "_add_dependents", nothing)


@bug
def only_the_new_strategy_counts(patch: pytest.MonkeyPatch) -> None:
    add = comparing._add_dependents
    patch.setattr(
        comparing, "_add_dependents", lambda old, new, *rest: add(new, new, *rest)
    )


@bug
def other_arguments_need_no_other_life(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(comparing, "NEEDS_A_LIFE", ("kind", "target", "name"))
    patch.setattr(comparing, "IN_PLACE", (*comparing.IN_PLACE, "args"))


@bug
def another_grace_needs_another_life(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(comparing, "NEEDS_A_LIFE", (*comparing.NEEDS_A_LIFE, "shutdown"))


@bug
def a_budget_that_changed_is_not_seen(patch: pytest.MonkeyPatch) -> None:
    fields = tuple(name for name in comparing.IN_PLACE if name != "budget")
    patch.setattr(comparing, "IN_PLACE", fields)
    patch.setattr(Change, "_respecify", lambda *args, **named: False)


@bug
def what_failed_below_does_not_matter(patch: pytest.MonkeyPatch) -> None:
    change_below = job._change_below

    def shrugs(*args: Any, **named: Any) -> Any:
        yield from change_below(*args, **named)

    patch.setattr(job, "_change_below", shrugs)


@bug
def supervisors_that_are_down_are_left_out(patch: pytest.MonkeyPatch) -> None:
    switch = Change.switch

    def leaves_out(change: Change[Record]) -> Any:
        return [do for do in switch(change) if not isinstance(do, Adopt)]

    patch.setattr(Change, "switch", leaves_out)


@bug
def lives_end_in_start_order(patch: pytest.MonkeyPatch) -> None:
    end = job._end_lives

    def forwards(plan: Any, records: Any, order: list[Record]) -> Any:
        yield from end(plan, records, order[::-1])

    patch.setattr(job, "_end_lives", forwards)


@bug
def the_last_starts_first(patch: pytest.MonkeyPatch) -> None:
    begin = job._begin_lives

    def backwards(plan: Any, change: Change[Record], *, forced: bool) -> Any:
        change.after.reverse()
        return (yield from begin(plan, change, forced=forced))

    patch.setattr(job, "_begin_lives", backwards)

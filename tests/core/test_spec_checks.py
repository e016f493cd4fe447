"""Every rule about specifications and flags, with the words of its complaint."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest

from trio_sup import (
    Backoff,
    Budget,
    ChildSpec,
    ChildSpecError,
    GenServer,
    child,
    dynamic_supervisor,
    supervisor,
)
from trio_sup._core.specs import Flags, check_child, check_flags
from trio_sup._core.words import Strategy


async def worker() -> None:
    """A target."""


def spec(**fields: Any) -> ChildSpec[Any]:
    given: dict[str, Any] = {"kind": "task", "target": worker, **fields}
    return ChildSpec(**given)


SECONDS = "a number of seconds >= 0"
SHUTDOWN = "'brutal_kill' or a number of seconds >= 0"
RESTART = "one of 'permanent', 'transient', 'temporary'"
BAD_FIELDS: list[tuple[str, Any, str]] = [
    ("id", [], "hashable"),
    ("name", {}, "hashable"),
    ("restart", "always", RESTART),
    ("restart", 1, RESTART),
    ("restart", ["permanent"], RESTART),
    ("significant", 1, "True or False"),
    ("significant", None, "True or False"),
    ("shutdown", "kill", SHUTDOWN),
    ("shutdown", True, SHUTDOWN),
    ("shutdown", -0.5, SHUTDOWN),
    ("shutdown", math.nan, SHUTDOWN),
    ("shutdown", None, SHUTDOWN),
    ("start_timeout", -1, SECONDS),
    ("start_timeout", "1", SECONDS),
    ("start_timeout", False, SECONDS),
    ("start_timeout", math.nan, SECONDS),
    ("ready", "maybe", "one of 'auto', 'spawned', 'signalled'"),
    ("backoff", 1.0, "a Backoff or None"),
    ("budget", 3, "a Budget or None"),
    ("mailbox", 10, "a Mailbox"),
]


def complaint(error: ChildSpecError) -> tuple[str, object, str]:
    return error.field, error.value, error.accepted


@pytest.mark.parametrize(("field", "value", "accepted"), BAD_FIELDS)
def test_a_bad_field_is_told_with_what_is_accepted(
    field: str, value: Any, accepted: str
) -> None:
    with pytest.raises(ChildSpecError) as info:
        spec(**{"id": "a", field: value})
    assert complaint(info.value) == (field, value, accepted) or value != value
    owner = [] if field == "id" else "a"
    assert str(info.value) == (
        f"child spec {str(owner)!r}: {field} must be {accepted}, not {value!r}"
    )


def test_fields_are_checked_in_their_order() -> None:
    fields = "id name restart significant shutdown start_timeout ready"
    bad: dict[str, Any] = {field: [] for field in fields.split()}
    bad |= {"backoff": 1, "budget": 1, "mailbox": 1}
    for field in list(bad):
        with pytest.raises(ChildSpecError) as info:
            spec(**bad)
        assert info.value.field == field
        del bad[field]
    assert spec(**bad).id is None


@pytest.mark.parametrize("value", [0, 0.0, 0.1, 5, math.inf])
def test_zero_and_endless_are_seconds(value: float) -> None:
    assert spec(shutdown=value).shutdown == value
    assert spec(start_timeout=value).start_timeout == value


def test_policies_are_taken_as_they_are() -> None:
    backoff, budget = Backoff(), Budget(1, 2.0)
    good = spec(backoff=backoff, budget=budget, shutdown="brutal_kill")
    assert (good.backoff, good.budget) == (backoff, budget)


def test_a_permanent_child_is_not_significant_sup_131() -> None:
    with pytest.raises(ChildSpecError) as info:
        spec(significant=True, id="a")
    assert str(info.value) == (
        "child spec 'a': significant must be False for a permanent child "
        "(use restart='transient' or 'temporary'), not True"
    )
    for restart in ("transient", "temporary"):
        assert spec(significant=True, restart=restart).significant


def test_replace_names_the_fields_that_there_are() -> None:
    with pytest.raises(ChildSpecError) as info:
        spec(id="a").replace(silly=1)
    assert complaint(info.value) == (
        "silly",
        1,
        "one of the fields args, backoff, budget, flags, id, mailbox, name, ready, "
        "restart, shutdown, significant, start_timeout, target",
    )
    assert "child spec 'a':" in str(info.value)
    for internal in ("kind", "signals_ready"):
        with pytest.raises(ChildSpecError, match="one of the fields"):
            spec().replace(**{internal: True})


def test_replace_changes_a_copy() -> None:
    first = spec(id="a", shutdown=1)
    second = first.replace(id="b")
    assert (first.id, second.id, second.shutdown) == ("a", "b", 1)


def test_replaced_flags_are_checked_as_those_of_their_kind() -> None:
    flags = Flags(auto_shutdown="any_significant")
    assert supervisor(id="s").replace(flags=flags).flags is flags
    with pytest.raises(ChildSpecError) as info:
        dynamic_supervisor(id="d").replace(flags=flags)
    assert info.value.field == "auto_shutdown"
    assert str(info.value).startswith("child spec 'd': ")
    with pytest.raises(ChildSpecError, match="among the children of 's'"):
        twice = Flags(children=(spec(id="a"), spec(id="a")))
        supervisor(id="s").replace(flags=twice)


class Server(GenServer):
    """Another kind of target."""


async def signals(port: int, *, task_status: object) -> None:
    """A target that says when it is ready."""


def plain() -> None:
    """No target: not async."""


def test_a_replaced_target_is_of_the_same_kind() -> None:
    for first, second, accepted in (
        (child(worker, id="a"), Server, "an async function"),
        (child(Server, id="a"), worker, "a GenServer subclass"),
    ):
        with pytest.raises(ChildSpecError) as info:
            first.replace(target=second)
        assert complaint(info.value) == ("target", second, accepted)
        assert str(info.value).startswith("child spec 'a': ")


def test_a_replaced_target_is_checked_with_its_arguments() -> None:
    first = child(worker, id="a")
    for changes in ({"args": (1,)}, {"target": plain}, {"target": 3}):
        with pytest.raises(ChildSpecError) as info:
            first.replace(**changes)
        assert info.value.field in changes
        assert str(info.value).startswith("child spec 'a': ")
    second = first.replace(target=signals, args=(80,))
    assert (second.signals_ready, first.signals_ready) == (True, False)
    assert second.replace(args=(81,)).args == (81,)
    assert second.replace(target=worker, args=()).signals_ready is False


# Flags.

BAD_FLAGS: list[tuple[str, Any, str]] = [
    (
        "strategy",
        "all",
        "one of 'one_for_one', 'one_for_all', 'rest_for_one'",
    ),
    ("max_restarts", -1, "a whole number >= 0"),
    ("max_restarts", 1.0, "a whole number >= 0"),
    ("max_restarts", True, "a whole number >= 0"),
    ("max_seconds", 0, "a number of seconds > 0"),
    ("max_seconds", -1, "a number of seconds > 0"),
    ("max_seconds", True, "a number of seconds > 0"),
    ("max_seconds", "5", "a number of seconds > 0"),
    (
        "auto_shutdown",
        "any",
        "one of 'never', 'any_significant', 'all_significant'",
    ),
    ("max_children", -1, "a whole number >= 0, or math.inf"),
    ("max_children", True, "a whole number >= 0, or math.inf"),
    ("max_children", 1.5, "a whole number >= 0, or math.inf"),
    ("max_children", -math.inf, "a whole number >= 0, or math.inf"),
    ("max_children", None, "a whole number >= 0, or math.inf"),
]


@pytest.mark.parametrize(("field", "value", "accepted"), BAD_FLAGS)
@pytest.mark.parametrize("dynamic", [False, True])
def test_a_bad_flag_is_told_with_what_is_accepted(
    field: str, value: Any, accepted: str, dynamic: bool
) -> None:
    with pytest.raises(ChildSpecError) as info:
        check_flags(Flags(**{field: value}), "shop", dynamic=dynamic)
    assert complaint(info.value) == (field, value, accepted)
    whose = "" if field in ("max_restarts", "max_seconds") else " 'shop'"
    assert str(info.value) == (
        f"child spec{whose}: {field} must be {accepted}, not {value!r}"
    )


@pytest.mark.parametrize("limit", [0, 1, 10**6, math.inf])
def test_a_bound_of_children_may_be_zero_or_none(limit: float) -> None:
    check_flags(Flags(max_children=limit), "shop", dynamic=True)


def test_flags_are_checked_in_their_order() -> None:
    bad: dict[str, Any] = {
        "strategy": 1,
        "max_restarts": -1,
        "max_seconds": 0,
        "auto_shutdown": "",
        "max_children": -1,
    }
    for field in list(bad):
        with pytest.raises(ChildSpecError) as info:
            check_flags(Flags(**bad), "shop", dynamic=True)
        assert info.value.field == field
        del bad[field]


@pytest.mark.parametrize("mode", ["any_significant", "all_significant"])
def test_dynamic_children_end_no_supervisor(mode: Any) -> None:
    flags = Flags(auto_shutdown=mode)
    check_flags(flags, "shop", dynamic=False)
    with pytest.raises(ChildSpecError) as info:
        check_flags(flags, "shop", dynamic=True)
    assert str(info.value) == (
        "child spec 'shop': auto_shutdown must be 'never' for dynamic children, "
        f"not {mode!r}"
    )


def test_ids_are_unique_and_the_default_is_one_of_them() -> None:
    for twice in (
        (spec(id="a"), spec(id="b"), spec(id="a")),
        (spec(), spec(id="worker")),
        (spec(id="worker"), spec()),
    ):
        with pytest.raises(ChildSpecError) as info:
            check_flags(Flags(children=twice), "shop", dynamic=False)
        id = twice[-1].label
        assert str(info.value) == (
            f"child spec {id!r}: id must be unique among the children of 'shop', "
            f"not {id!r}"
        )
    check_flags(Flags(children=(spec(), spec(id=1))), "shop", dynamic=False)


def test_each_child_is_checked_against_its_supervisor() -> None:
    vital = spec(id="a", significant=True, restart="transient")
    with pytest.raises(ChildSpecError) as info:
        check_flags(Flags(children=(spec(), vital)), "shop", dynamic=False)
    assert str(info.value) == (
        "child spec 'a': significant must be False under a supervisor with "
        "auto_shutdown='never', not True"
    )
    good = Flags(children=(vital,), auto_shutdown="any_significant")
    check_flags(good, "shop", dynamic=False)
    kept = Flags(children=(quarantined(),), strategy="one_for_all")
    check_flags(kept, "shop", dynamic=True)
    with pytest.raises(ChildSpecError):
        check_flags(kept, "shop", dynamic=False)


def test_only_specifications_are_children() -> None:
    with pytest.raises(ChildSpecError) as info:
        check_child("worker", Flags(), dynamic=False)
    assert str(info.value) == (
        "child spec: children must be child specs, made by child(), supervisor(), …, "
        "not 'worker'"
    )


def quarantined() -> ChildSpec[Any]:
    return spec(id="q", budget=Budget(1, 2.0, "quarantine"))


def test_who_others_depend_on_is_not_quarantined() -> None:
    groups: tuple[Strategy, ...] = ("one_for_all", "rest_for_one")
    for strategy in groups:
        flags = Flags(strategy=strategy)
        with pytest.raises(ChildSpecError) as info:
            check_child(quarantined(), flags, dynamic=False)
        assert info.value.field == "budget"
        assert info.value.value == Budget(1, 2.0, "quarantine")
        assert str(info.value).startswith(
            "child spec 'q': budget must be without then='quarantine' "
            f"under {strategy}: its siblings depend on it, not "
        )
        check_child(spec(budget=Budget(1, 2.0)), flags, dynamic=False)
        check_child(spec(), flags, dynamic=False)
    check_child(quarantined(), Flags(), dynamic=False)


def test_a_spec_without_arguments_keeps_nothing_of_them_sup_015() -> None:
    inner: Any = partial(worker)
    given = spec(target=partial(inner, x=1), args=(2,), id="a")
    bare = given.without_arguments()
    assert (bare.target, bare.args, bare.id) == (worker, (), "a")
    assert given.args == (2,)
    assert given.target is not worker
    assert spec(args=(2,)).without_arguments().args == ()
    assert spec(target=inner).without_arguments().target is worker


def test_a_spec_that_never_had_arguments_stays_itself() -> None:
    given = spec(id="a")
    assert given.without_arguments() is given

"""Specifications and flags: rows SUP-001 to SUP-033."""

from __future__ import annotations

import functools
import gc
import math
import weakref
from functools import partial
from typing import Any

import pytest
import trio

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    AlreadyRegistered,
    ChildSpec,
    ChildSpecError,
    GenServer,
    Registry,
    StartFailed,
    child,
    current_node,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
    whereis,
)


async def worker() -> None:
    await trio.sleep_forever()


class Server(GenServer):
    """Does nothing."""


def fault(make: Any, *args: Any, **options: Any) -> tuple[str, object]:
    """The field and value that are complained of."""
    with pytest.raises(ChildSpecError) as info:
        make(*args, **options)
    return info.value.field, info.value.value


# SUP-001
def test_the_target_is_mandatory_and_the_id_has_a_default() -> None:
    with pytest.raises(TypeError):
        child()  # type: ignore[call-overload]
    assert fault(child, None) == ("target", None)
    assert child(worker).label == "worker"
    assert child(Server).label == "Server"
    assert child(partial(worker)).label == "worker"


def test_defaults_of_a_specification_sup_002() -> None:
    for spec in (child(worker), child(Server)):
        assert (spec.restart, spec.shutdown, spec.significant) == (
            "permanent",
            5.0,
            False,
        )
        assert spec.start_timeout == math.inf
    for tree in (supervisor([]), dynamic_supervisor()):
        assert (tree.restart, tree.shutdown, tree.significant) == (
            "permanent",
            math.inf,
            False,
        )


def test_a_grace_replaces_the_unlimited_one_of_a_supervisor_sup_003() -> None:
    assert supervisor([], shutdown=1).shutdown == 1
    assert dynamic_supervisor(shutdown="brutal_kill").shutdown == "brutal_kill"


BAD: list[tuple[str, Any]] = [
    ("restart", "always"),
    ("restart", ["permanent"]),
    ("shutdown", -1),
    ("shutdown", -0.001),
    ("shutdown", math.nan),
    ("shutdown", "kill"),
    ("shutdown", True),
    ("significant", 1),
    ("significant", None),
    ("id", []),
    ("name", {}),
    ("start_timeout", -1),
    ("backoff", 1.0),
    ("budget", 3),
]


@pytest.mark.parametrize(("field", "value"), BAD)
def test_a_bad_field_is_named_with_its_value_sup_005(field: str, value: Any) -> None:
    for make in (partial(child, worker), partial(child, Server), supervisor):
        name, seen = fault(make, **{field: value})
        assert name == field
        assert seen is value


def test_the_first_bad_field_is_reported_sup_005() -> None:
    bad: dict[str, Any] = {
        "id": [],
        "restart": "always",
        "significant": 1,
        "shutdown": -1,
    }
    for field in ("id", "restart", "significant", "shutdown"):
        assert fault(child, worker, **bad)[0] == field
        del bad[field]


@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
@pytest.mark.parametrize("shutdown", [0, 0.5, 5, math.inf, "brutal_kill"])
def test_restart_types_and_graces_combine_freely_sup_004(
    restart: Any, shutdown: Any
) -> None:
    for make in (partial(child, worker), supervisor, dynamic_supervisor):
        spec = make(restart=restart, shutdown=shutdown)
        assert (spec.restart, spec.shutdown) == (restart, shutdown)


def test_an_unknown_option_is_a_type_error_sup_006_022() -> None:
    makers: list[Any] = [partial(child, worker), supervisor]
    makers.append(partial(open_supervisor, []))
    for make in makers:
        with pytest.raises(TypeError, match="silly"):
            make(silly=1)


def test_replacing_an_unknown_field_is_refused_sup_007() -> None:
    assert fault(child(worker).replace, silly=1) == ("silly", 1)
    assert fault(child(worker).replace, kind="server") == ("kind", "server")


@pytest.mark.parametrize("bad", [None, "worker", worker, Server, {"id": "a"}])
def test_what_is_no_specification_is_refused_in_a_list_sup_008(bad: object) -> None:
    assert fault(supervisor, [child(worker), bad]) == ("children", bad)


@pytest.mark.trio
@pytest.mark.parametrize("bad", [None, "worker", worker, Server, {"id": "a"}])
async def test_what_is_no_specification_is_refused_by_start_child_sup_008(
    bad: Any,
) -> None:
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        for target in (sup, sup.dynamic("d")):
            with pytest.raises(ChildSpecError):
                await target.start_child(bad)
        assert sup.count_children().specs == 1
        assert sup.dynamic("d").count_children().specs == 0


@pytest.mark.trio
async def test_any_hashable_is_an_id_and_equal_numbers_are_one_sup_010() -> None:
    ids = [("a", 1), frozenset({2}), 3, None.__class__]
    async with open_supervisor([child(worker, id=id) for id in ids]) as sup:
        assert [info.id for info in sup.which_children()] == ids
        assert sup.child(("a", 1)).path == ("root", ("a", 1))
    for twin in (1.0, True):
        specs = [child(worker, id=1), child(worker, id=twin)]
        assert fault(supervisor, specs) == ("id", twin)


def test_a_list_is_checked_without_a_trio_program_sup_011() -> None:
    twice = [child(worker), child(worker)]
    assert fault(supervisor, twice) == ("id", "worker")
    for bad in (child(worker), 3, None):
        assert fault(supervisor, bad) == ("children", bad)
    vital = child(worker, significant=True, restart="transient")
    assert fault(supervisor, [vital]) == ("significant", True)
    assert supervisor([vital], auto_shutdown="any_significant").flags is not None


def not_async() -> None:
    """A plain function."""


@pytest.mark.filterwarnings("error")
def test_what_may_be_a_target_stands_in_the_error_sup_012() -> None:
    coroutine = worker()
    targets: list[Any] = [not_async, "worker", 3]
    for bad in targets:
        with pytest.raises(ChildSpecError) as info:
            child(bad)
        assert "an async function or a GenServer subclass" in str(info.value)
    with pytest.raises(ChildSpecError) as info:
        child(coroutine)  # type: ignore[call-overload]
    assert "child(worker, ...), not child(worker(...))" in str(info.value)


@pytest.mark.trio
async def test_one_target_runs_under_several_ids_sup_013() -> None:
    spec = child(worker, shutdown=1, restart="transient")
    other = spec.replace(id="other")
    async with open_supervisor([spec, other]) as sup:
        assert [info.id for info in sup.which_children()] == ["worker", "other"]
        assert sup.get_childspec("other").shutdown == 1
        assert sup.get_childspec("other").restart == "transient"
    assert spec.id is None
    assert fault(spec.replace, shutdown=-1) == ("shutdown", -1)


def test_a_supervisors_specification_can_be_overridden_sup_014() -> None:
    spec = supervisor([child(worker)])
    assert (spec.kind, spec.label) == ("supervisor", "supervisor")
    other = spec.replace(id="s", restart="temporary", shutdown=3)
    assert (other.label, other.restart, other.shutdown) == ("s", "temporary", 3)
    assert other.flags is spec.flags


class Big:
    """Can be referred to weakly."""


async def takes(big: Big) -> None:
    await trio.sleep_forever()


@pytest.mark.trio
@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
async def test_arguments_of_a_temporary_child_are_let_go_at_its_end_sup_015_dyn_027(
    dynamic: bool, wrapped: bool
) -> None:
    def spec() -> tuple[ChildSpec[Any], weakref.ref[Big]]:
        big = Big()
        if wrapped:
            keyword = functools.partial(takes, big=big)
            return child(keyword, restart="temporary", id="t"), weakref.ref(big)
        return child(takes, big, restart="temporary", id="t"), weakref.ref(big)

    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        given, big = spec()
        target = sup.dynamic("d") if dynamic else sup
        handle = await target.start_child(given)
        del given
        await target.terminate_child("t")
        await quiet()
        gc.collect()
        assert big() is None
        assert handle.status == "gone"


def test_flags_have_elixirs_defaults_sup_020() -> None:
    flags = supervisor([]).flags
    assert flags is not None
    assert (flags.max_restarts, flags.max_seconds) == (3, 5.0)
    assert (flags.strategy, flags.auto_shutdown) == ("one_for_one", "never")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_restarts", -1),
        ("max_restarts", 1.0),
        ("max_restarts", math.inf),
        ("max_restarts", True),
        ("max_seconds", 0),
        ("max_seconds", -5),
        ("max_seconds", math.nan),
        ("max_seconds", "5"),
        ("strategy", "simple_one_for_one"),
        ("strategy", None),
        ("auto_shutdown", "any"),
        ("auto_shutdown", True),
    ],
)
def test_a_bad_flag_is_named_with_its_value_sup_021(field: str, value: Any) -> None:
    for make in (supervisor, open_supervisor):
        name, seen = fault(make, [], **{field: value})
        assert name == field
        assert seen is value


def test_any_number_of_seconds_is_a_window_sup_021() -> None:
    assert supervisor([], max_seconds=0.25, max_restarts=0).flags is not None
    assert supervisor([], max_seconds=math.inf).flags is not None


@pytest.mark.trio
async def test_dynamic_children_end_no_supervisor_sup_023_dyn_004() -> None:
    with pytest.raises(TypeError, match="auto_shutdown"):
        dynamic_supervisor(auto_shutdown="any_significant")  # type: ignore[call-arg]
    vital = child(worker, significant=True, restart="temporary")
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        with pytest.raises(ChildSpecError) as info:
            await sup.dynamic("d").start_child(vital)
        assert info.value.field == "significant"


@pytest.mark.trio
async def test_a_start_that_fails_is_one_error_and_nothing_follows_sup_030() -> None:
    stage = Stage(failing_starts={"b": [Boom("b")]})
    with trio.CancelScope() as scope:
        with pytest.raises(StartFailed) as info:
            async with open_supervisor(stage.specs("a b")):
                raise AssertionError("entered")
        assert isinstance(info.value.__cause__, Boom)
        await quiet()
        await trio.lowlevel.checkpoint()
    assert not scope.cancelled_caught
    assert list(current_node().roots()) == []
    assert stage.up == []


@pytest.mark.trio
async def test_a_name_in_use_tells_its_holder_and_starts_nothing_sup_031() -> None:
    stage = Stage()
    async with open_supervisor([], name="shop", id="one") as holder:
        with pytest.raises(AlreadyRegistered) as info:
            async with open_supervisor(stage.specs("a"), name="shop", id="two"):
                raise AssertionError("entered")
        assert info.value.handle == holder
        assert stage.lives == {}
        async with open_supervisor([]) as sup:
            with pytest.raises(AlreadyRegistered) as info:
                await sup.start_child(supervisor(stage.specs("a"), name="shop"))
            assert info.value.handle == holder
            assert stage.lives == {}
            assert sup.which_children() == []


@pytest.mark.trio
async def test_a_name_is_any_hashable_or_a_registrys_key_sup_032() -> None:
    registry = Registry()
    for name in ("shop", ("shop", 7), 7):
        async with open_supervisor([], name=name) as sup:
            assert whereis(name) == sup
        assert whereis(name) is None
    async with open_supervisor([], name=registry.via("shop")) as sup:
        assert registry.get("shop") == sup
        assert whereis("shop") is None
    assert fault(open_supervisor, [], name=[]) == ("name", [])


@pytest.mark.trio
async def test_a_crash_of_a_child_cuts_nothing_short_sup_033() -> None:
    stage = Stage()
    inner = supervisor(
        [stage.spec("a", restart="temporary"), stage.spec("b")], id="inner"
    )
    async with open_supervisor([inner]) as sup:
        stage.crash("a", BaseExceptionGroup("g", [Boom(), trio.TooSlowError()]))
        await quiet()
        await trio.lowlevel.checkpoint()  # the block is not cancelled
        assert stage.up == ["b"]
        assert sup.supervisor("inner").status == "running"

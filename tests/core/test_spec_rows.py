"""Specifications are checked when built: checklist SUP-001..023, 130, 131."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest
import trio

from trio_sup import (
    ChildSpec,
    ChildSpecError,
    GenServer,
    child,
    dynamic_supervisor,
    supervisor,
)


async def work(n: int = 0) -> None:
    await trio.sleep(n)


class Server(GenServer):
    def __init__(self, start: int) -> None:
        self.start = start


def refused(field: str, make: Any, *args: Any, **kwargs: Any) -> ChildSpecError:
    """Build something invalid; return the error, which names `field`."""
    with pytest.raises(ChildSpecError) as info:
        make(*args, **kwargs)
    assert info.value.field == field, str(info.value)
    return info.value


def test_sup_001_a_target_is_all_that_is_needed() -> None:
    assert child(work).default_id == "work"
    assert child(partial(work, 3)).default_id == "work"
    assert child(Server, 1).default_id == "Server"


def test_sup_002_defaults() -> None:
    spec = child(work)
    assert (spec.restart, spec.shutdown, spec.significant) == ("permanent", 5.0, False)
    assert supervisor([]).shutdown == math.inf
    assert dynamic_supervisor().shutdown == math.inf


def test_sup_003_an_explicit_shutdown_wins() -> None:
    assert supervisor([], shutdown=1.0).shutdown == 1.0


@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
@pytest.mark.parametrize("shutdown", [0, 1, 0.5, math.inf, "brutal_kill"])
def test_sup_004_every_valid_combination(restart: Any, shutdown: Any) -> None:
    for make in (partial(child, work), partial(supervisor, []), dynamic_supervisor):
        spec = make(restart=restart, shutdown=shutdown)
        assert (spec.restart, spec.shutdown) == (restart, shutdown)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", []),
        ("name", {}),
        ("restart", "always"),
        ("restart", None),
        ("restart", ["permanent"]),
        ("significant", 1),
        ("shutdown", -1),
        ("shutdown", math.nan),
        ("shutdown", "kill"),
        ("shutdown", None),
        ("shutdown", True),
        ("start_timeout", -1),
        ("start_timeout", "1"),
        ("backoff", 1.0),
        ("budget", (1, 2)),
    ],
)
def test_sup_005_each_field_has_its_own_error(field: str, value: object) -> None:
    for make in (partial(child, work), partial(supervisor, []), dynamic_supervisor):
        error = refused(field, make, **{field: value})
        assert error.value is value
        assert field in str(error)


def test_sup_005_the_first_failure_in_otps_order_wins() -> None:
    refused("restart", child, work, restart="x", shutdown=-1, significant=3)
    refused("significant", child, work, shutdown=-1, significant=3)


def test_sup_006_unknown_keywords_are_refused() -> None:
    with pytest.raises(TypeError):
        child(work, silly_flag=True)  # type: ignore[call-overload]


def test_sup_007_013_replace_changes_named_fields_and_checks_again() -> None:
    spec = child(work, 3)
    other = spec.replace(id="other", restart="transient")
    assert (other.id, other.restart, other.args) == ("other", "transient", (3,))
    assert spec.id is None
    refused("shape", spec.replace, shape=1)
    refused("kind", spec.replace, kind="server")
    refused("shutdown", spec.replace, shutdown=-1)


def test_sup_008_what_is_no_spec_is_refused() -> None:
    for nonsense in (work, "work", None, 3, (work, 1)):
        refused("children", supervisor, [nonsense])
    refused("children", supervisor, child(work))
    refused("children", supervisor, 3)


def test_sup_009_equal_ids_are_refused() -> None:
    error = refused("id", supervisor, [child(work), child(work)])
    assert error.value == "work"
    supervisor([child(work), child(work, id="again")])


def test_sup_010_equal_keys_of_python_are_equal_ids() -> None:
    refused("id", supervisor, [child(work, id=1), child(work, id=1.0)])


def test_sup_012_a_target_is_an_async_function_or_a_server_class() -> None:
    def plain() -> None: ...

    refused("target", child, plain)
    refused("target", child, 3)
    refused("target", child, None)
    coroutine = work()
    assert "child(work, ...)" in str(refused("target", child, coroutine))


def test_sup_014_supervisors_have_an_id_of_their_own() -> None:
    assert supervisor([]).default_id == "supervisor"
    assert dynamic_supervisor().default_id == "dynamic_supervisor"


def test_arguments_are_bound_when_the_spec_is_built() -> None:
    refused("args", child, work, 1, 2)
    refused("args", child, Server)
    refused("args", child, Server, 1, 2)


def test_readiness_is_read_from_the_signature() -> None:
    async def signals(*, task_status: trio.TaskStatus[None]) -> None: ...

    target: Any = signals
    assert child(target).signals_ready
    assert child(partial(signals), ready="signalled").signals_ready
    assert not child(work).signals_ready
    refused("args", child, work, ready="signalled")
    refused("args", child, target, ready="spawned")
    refused("ready", child, work, ready="soon")


@pytest.mark.parametrize("make", [partial(supervisor, []), dynamic_supervisor])
def test_sup_020_flag_defaults(make: Any) -> None:
    flags = make().flags
    assert (flags.max_restarts, flags.max_seconds) == (3, 5.0)
    assert (flags.strategy, flags.auto_shutdown) == ("one_for_one", "never")
    assert flags.max_children == math.inf


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_restarts", -1),
        ("max_restarts", 1.5),
        ("max_restarts", math.inf),
        ("max_restarts", True),
        ("max_restarts", "3"),
        ("max_seconds", 0),
        ("max_seconds", -1),
        ("max_seconds", math.nan),
        ("max_seconds", "5"),
    ],
)
def test_sup_021_intensity(field: str, value: object) -> None:
    refused(field, supervisor, [], **{field: value})
    refused(field, dynamic_supervisor, **{field: value})


@pytest.mark.parametrize("value", ["one_for_none", None, "simple_one_for_one", []])
def test_sup_021_closed_sets(value: object) -> None:
    refused("strategy", supervisor, [], strategy=value)
    refused("auto_shutdown", supervisor, [], auto_shutdown=value)


def test_sup_022_unknown_flags_are_refused() -> None:
    with pytest.raises(TypeError):
        supervisor([], intensity=3)  # type: ignore[call-arg]


@pytest.mark.parametrize("value", [-1, 1.5, True, math.nan, "8", None])
def test_dyn_003_max_children(value: object) -> None:
    refused("max_children", dynamic_supervisor, max_children=value)


def test_sup_023_dyn_001_dynamic_supervisors_have_no_such_flags() -> None:
    for flag in ({"auto_shutdown": "never"}, {"strategy": "one_for_one"}):
        with pytest.raises(TypeError):
            dynamic_supervisor(**flag)  # type: ignore[arg-type]


def test_sup_130_never_refuses_significant_children() -> None:
    spec = child(work, significant=True, restart="transient")
    refused("significant", supervisor, [spec])
    for mode in ("any_significant", "all_significant"):
        supervisor([spec], auto_shutdown=mode)


def test_sup_131_a_permanent_child_cannot_be_significant() -> None:
    refused("significant", child, work, significant=True)
    refused("significant", child(work).replace, significant=True)


def test_specs_are_frozen() -> None:
    spec: ChildSpec[Any] = child(work)
    with pytest.raises(AttributeError):
        spec.id = "x"  # type: ignore[misc]


def test_replace_checks_flags_and_arguments_again() -> None:
    from trio_sup._core.specs import Flags

    refused("args", child(work, 1).replace, args=(1, 2))
    bad = Flags(strategy="nonsense")  # type: ignore[arg-type]
    refused("strategy", supervisor([]).replace, flags=bad)


def test_replace_keeps_the_kind() -> None:
    refused("target", child(work).replace, target=Server)
    refused("target", child(Server, 1).replace, target=work)
    refused("target", child(work).replace, target=3)
    assert child(Server, 1).replace(args=(2,)).args == (2,)


def test_replace_works_out_readiness_again() -> None:
    async def signals(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None: ...

    assert not child(signals).replace(ready="spawned").signals_ready
    assert child(signals, ready="spawned").replace(ready="auto").signals_ready
    assert child(work).replace(target=signals).signals_ready

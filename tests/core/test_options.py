"""The options of the factories: said once, and nothing else is taken."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs
import pytest
import trio

from trio_sup import (
    ChildOptions,
    ChildSpec,
    ChildSpecError,
    FunctionOptions,
    GenServer,
    ServerOptions,
    StartFailed,
    SupervisorOptions,
    TaskSupervisor,
    child,
    dynamic_supervisor,
    open_supervisor,
    partition_supervisor,
    supervisor,
    task_supervisor,
)
from trio_sup._core.specs import Flags

Options: TypeAlias = Any  # the class of a TypedDict: checkers know none for it


class Server(GenServer):
    pass


def function(**options: Any) -> ChildSpec[Any]:
    return child(trio.sleep_forever, **options)


def server(**options: Any) -> ChildSpec[Any]:
    return child(Server, **options)


def static(**options: Any) -> ChildSpec[Any]:
    return supervisor([child(Server)], **options)


def partitions(**options: Any) -> ChildSpec[Any]:
    return partition_supervisor(child(Server), **options)


FACTORIES: dict[Callable[..., ChildSpec[Any]], tuple[str, Options, set[str]]] = {
    function: ("child", FunctionOptions, {"mailbox"}),
    server: ("child", ServerOptions, {"ready"}),
    static: ("supervisor", SupervisorOptions, {"strategy", "auto_shutdown"}),
    dynamic_supervisor: ("dynamic_supervisor", SupervisorOptions, {"max_children"}),
    partitions: (
        "partition_supervisor",
        SupervisorOptions,
        {"strategy", "partitions"},
    ),
    task_supervisor: (
        "task_supervisor",
        SupervisorOptions,
        {"max_children", "deadline"},
    ),
}
BY_POSITION = {"target", "args", "children"}
FIELDS = {field.name for kind in (ChildSpec, Flags) for field in attrs.fields(kind)}


def value_of(spec: ChildSpec[Any], field: str) -> object:
    return getattr(spec if hasattr(spec, field) else spec.flags, field, None)


@pytest.mark.parametrize("make", FACTORIES)
def test_what_is_no_option_is_named_together_with_those_there_are(
    make: Callable[..., ChildSpec[Any]],
) -> None:
    name, options, own = FACTORIES[make]
    accepted = ", ".join(sorted(options.__optional_keys__ | own))
    expected = (
        f"{name}() got an unexpected keyword argument 'speed'; it takes {accepted}"
    )
    with pytest.raises(TypeError) as error:
        make(id="a", speed=3, haste=4)
    assert str(error.value) == expected


@pytest.mark.parametrize("make", FACTORIES)
def test_no_field_is_taken_that_is_not_for_users(
    make: Callable[..., ChildSpec[Any]],
) -> None:
    _, options, own = FACTORIES[make]
    spec = make()
    for field in FIELDS - options.__optional_keys__ - own - BY_POSITION:
        with pytest.raises(TypeError, match=f"unexpected keyword argument '{field}'"):
            make(**{field: value_of(spec, field)})


@pytest.mark.parametrize("make", FACTORIES)
def test_left_out_or_given_as_their_default_options_say_the_same(
    make: Callable[..., ChildSpec[Any]],
) -> None:
    _, options, _ = FACTORIES[make]
    plain = make()
    told = make(**{name: value_of(plain, name) for name in options.__optional_keys__})
    for field in FIELDS - {"children", "flags"}:
        assert value_of(told, field) == value_of(plain, field), field
    supervises = options is SupervisorOptions
    assert plain.shutdown == (math.inf if supervises else 5.0)
    assert plain.restart == "permanent"


@pytest.mark.parametrize("make", FACTORIES)
def test_every_option_reaches_the_specification(
    make: Callable[..., ChildSpec[Any]],
) -> None:
    given: dict[str, Any] = {"id": 1, "name": "n", "restart": "transient"}
    given |= {"shutdown": 2.0, "significant": True, "start_timeout": 3.0}
    limits = {"max_restarts": 7, "max_seconds": 8.0}
    spec = make(**given, **(limits if FACTORIES[make][1] is SupervisorOptions else {}))
    assert {name: getattr(spec, name) for name in given} == given
    if spec.flags is not None:
        assert {name: getattr(spec.flags, name) for name in limits} == limits


@pytest.mark.parametrize(
    "options", [ChildOptions, FunctionOptions, ServerOptions, SupervisorOptions]
)
def test_every_option_is_explained_where_it_stands(options: Options) -> None:
    shared = frozenset() if options is ChildOptions else ChildOptions.__optional_keys__
    explained = re.findall(
        r"^ {4}(\w+): \S", inspect.getdoc(options) or "", re.MULTILINE
    )
    assert set(explained) == options.__optional_keys__ - shared


@pytest.mark.trio
async def test_a_task_supervisor_starts_functions_with_the_options_of_a_child(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def late(*, task_status: trio.TaskStatus[None]) -> None:
        await trio.sleep(10)

    async with open_supervisor([task_supervisor(id="t")]) as sup:
        tasks = sup.task_supervisor("t")
        start: Any = tasks.start_child
        one = await start(trio.sleep_forever)
        assert (one.record.spec.restart, one.record.spec.shutdown) == ("temporary", 5.0)
        with pytest.raises(StartFailed, match="1"):
            await start(late, start_timeout=1)
        with pytest.raises(ChildSpecError, match="significant"):
            await start(trio.sleep_forever, restart="transient", significant=True)
        for field in ("kind", "runs", "flags", "signals_ready", "mailbox", "target"):
            with pytest.raises(TypeError) as error:
                await start(trio.sleep_forever, **{field: None})
            name = TaskSupervisor.start_child.__qualname__
            assert str(error.value).startswith(f"{name}() got an unexpected ")
            assert "deadline, id, name, restart" in str(error.value)
        assert tasks.children() == [one]

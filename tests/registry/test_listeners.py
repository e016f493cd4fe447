"""Those who hear of names that come and go."""

import logging
from contextlib import suppress

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_sup import (
    GenServer,
    HookFailed,
    Registered,
    Registry,
    SupervisorStopping,
    Unregistered,
    attach,
    call,
    cast,
    child,
    open_supervisor,
)
from trio_sup._children.current import current_record
from trio_sup._registry.listeners import Notice


class Member(GenServer):
    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    @call
    async def join(self, key: str, value: object = None) -> None:
        self.registry.register(key, value)

    @call
    async def leave(self, key: str) -> None:
        self.registry.unregister(key)

    @call
    async def leave_odd(self, key: str) -> None:
        self.registry.unregister_match(key, lambda value: value % 2)

    @cast
    async def crash(self) -> None:
        raise RuntimeError("boom")


def brief(notice: Notice) -> str:
    if isinstance(notice, Registered):
        return f"+{notice.key} {notice.handle.id} {notice.value}"
    return f"-{notice.key} {notice.handle.id} {notice.exit and notice.exit.kind}"


@pytest.mark.trio
async def test_reg_027_listeners_hear_of_registrations_and_of_deaths(
    autojump_clock: trio.abc.Clock,
) -> None:
    """Elixir's listeners are not told of a death; ours are, with its reason."""
    registry = Registry()
    heard: list[str] = []
    registry.add_listener(lambda notice: heard.append(brief(notice)))
    spec = child(Member, registry, id="m", name=registry.via("m", "v"))
    async with open_supervisor([spec]) as sup:
        ref = sup.server(Member, "m")
        await ref.call(Member.join, "x", 1)
        await ref.call(Member.leave, "x")
        await ref.call(Member.join, "y", 2)
        ref.cast(Member.crash)
        await ref.wait_exit(1)
        await ref.wait_running()
        await wait_all_tasks_blocked()
        assert heard == [
            "+m m v",
            "+x m 1",
            "-x m None",
            "+y m 2",
            "-y m crashed",
            "-m m crashed",
            "+m m v",
        ]
        heard.clear()
        # Given up in life 2: not the end of life 1.
        await ref.call(Member.join, "z")
        await ref.call(Member.leave, "z")
        await wait_all_tasks_blocked()
        assert heard == ["+z m None", "-z m None"]
        heard.clear()
    assert heard == ["-m m shutdown"]


@pytest.mark.trio
async def test_reg_028_one_notice_for_each_removed_entry_and_none_for_nothing(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry("duplicate")
    heard: list[str] = []
    async with open_supervisor([child(Member, registry, id="m")]) as sup:
        ref = sup.server(Member, "m")
        for value in (1, 2, 3):
            await ref.call(Member.join, "k", value)
        registry.add_listener(lambda notice: heard.append(brief(notice)))
        await ref.call(Member.leave_odd, "k")
        await ref.call(Member.leave, "absent")
        await wait_all_tasks_blocked()
        assert heard == ["-k m None", "-k m None"]


@pytest.mark.trio
async def test_reg_029_a_listener_that_raises_is_reported_once_and_harms_nobody(
    autojump_clock: trio.abc.Clock, caplog: pytest.LogCaptureFixture
) -> None:
    registry = Registry()
    heard: list[str] = []

    def broken(notice: Notice) -> None:
        raise ZeroDivisionError("listener")

    registry.add_listener(broken)
    registry.add_listener(lambda notice: heard.append(brief(notice)))
    with caplog.at_level(logging.ERROR, "trio_sup"):
        async with open_supervisor([child(Member, registry, id="m")]) as sup:
            ref = sup.server(Member, "m")
            await ref.call(Member.join, "x")
            await ref.call(Member.join, "y")
            await wait_all_tasks_blocked()
            assert ref.life == 1
    assert heard == ["+x m None", "+y m None", "-x m shutdown", "-y m shutdown"]
    (record,) = caplog.records
    assert record.exc_info is not None
    failure = record.exc_info[1]
    assert isinstance(failure, HookFailed)
    assert isinstance(failure.__cause__, ZeroDivisionError)


@pytest.mark.trio
async def test_a_listener_runs_outside_of_the_child_it_hears_of(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    seen: list[tuple[object, object, object]] = []

    def look(notice: Notice) -> None:
        task = trio.lowlevel.current_task().name
        seen.append((current_record.get(), registry.get("m"), task))

    registry.add_listener(look)
    spec = child(Member, registry, id="m", name=registry.via("m"))
    async with open_supervisor([spec]) as sup:
        await wait_all_tasks_blocked()
        assert seen == [(None, sup.child("m"), "trio_sup listeners")]
        seen.clear()
        await sup.terminate_child("m")
        await wait_all_tasks_blocked()
        assert seen == [(None, None, "trio_sup listeners")]


@pytest.mark.trio
async def test_a_listener_may_register_and_is_told_of_that_too(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    heard: list[str] = []

    def follow(notice: Notice) -> None:
        heard.append(brief(notice))
        if isinstance(notice, Registered) and notice.key == "x":
            registry.register("alias", owner=notice.handle)

    registry.add_listener(follow)
    async with open_supervisor([child(Member, registry, id="m")]) as sup:
        await sup.server(Member, "m").call(Member.join, "x")
        await wait_all_tasks_blocked()
        assert heard == ["+x m None", "+alias m None"]


@pytest.mark.trio
async def test_a_removed_listener_hears_nothing(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    heard: list[Notice] = []
    registry.add_listener(heard.append)
    registry.add_listener(heard.append)  # the same one: called once
    async with open_supervisor([child(Member, registry, id="m")]) as sup:
        ref = sup.server(Member, "m")
        await ref.call(Member.join, "x")
        await wait_all_tasks_blocked()
        assert heard == [Registered("x", ref, None)]
        registry.remove_listener(heard.append)
        registry.remove_listener(heard.append)
        await ref.call(Member.leave, "x")
        await wait_all_tasks_blocked()
    assert heard == [Registered("x", ref, None)]
    assert Unregistered("x", ref, None) not in heard


@pytest.mark.parametrize("fatal", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
@pytest.mark.parametrize("on", ["start", "end", "by hand"])
def test_a_fatal_error_of_a_listener_ends_the_tree_and_comes_out_bare(
    fatal: BaseException, on: str
) -> None:
    registry, ended = Registry(), list[str]()

    def listen(notice: Notice) -> None:
        if isinstance(notice, Unregistered) == (on == "end"):
            registry.remove_listener(listen)
            raise fatal

    async def polite() -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.append("polite")

    async def main() -> None:
        name = None if on == "by hand" else registry.via("m")
        spec = child(Member, registry, id="m", name=name)
        if on == "start":
            registry.add_listener(listen)
        async with open_supervisor([child(polite)]):
            async with open_supervisor([spec], id="other") as sup:
                registry.add_listener(listen)
                if on == "by hand":
                    await sup.server(Member, "m").call(Member.join, "x")
                if on == "end":
                    with suppress(SupervisorStopping):  # the listener may be faster
                        await sup.terminate_child("m")
                await trio.sleep_forever()

    with pytest.raises(type(fatal)) as info:
        trio.run(main)
    assert info.value is fatal
    assert ended == ["polite"]


def test_a_fatal_error_of_a_listener_is_logged_where_no_tree_is_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    registry = Registry()

    def listen(notice: Notice) -> None:
        raise SystemExit(3)

    registry.add_listener(listen)

    async def main() -> None:
        async with attach(name=registry.via("me")):
            await wait_all_tasks_blocked()

    trio.run(main)
    (first, _) = caplog.records
    assert "SystemExit(3), and no tree is left to be ended by it" in first.getMessage()


def test_an_async_listener_is_refused() -> None:
    async def listener(notice: Notice) -> None:
        raise AssertionError

    with pytest.raises(TypeError, match="plain function"):
        Registry().add_listener(listener)

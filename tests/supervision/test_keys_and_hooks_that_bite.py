"""Keys, ids, hooks, handlers and policies that raise end nobody else: see `biting`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import trio

from tests.supervision.biting import (
    ASKS,
    FAULTS,
    GRACE,
    PLACES,
    TARGETS,
    TELLS,
    Rec,
    Server,
    answer,
    bite,
    biting,
    biting_log,
    end_of,
)
from tests.supervision.traps import (
    Bite,
    Key,
    run,
)
from trio_sup import (
    Backoff,
    Child,
    ChildSpec,
    Registry,
    ServerExit,
    child,
    current_node,
    dynamic_supervisor,
    graceful_stop,
    open_supervisor,
    supervisor,
)
from trio_sup.testing._run.quiet import quiet_log


@pytest.mark.parametrize("how", ["raises", "changes"])
@pytest.mark.parametrize("what", ["hash", "eq", "repr"])
@pytest.mark.parametrize("crashes", [0, 1, 9])
def test_a_key_that_turns_while_it_is_held_concerns_nobody_else(
    what: str, how: str, crashes: int
) -> None:
    def make() -> Key:
        key = Key(what, how, bite)
        made.append(key)
        return key

    made: list[Key] = []
    unique, shared, other = Registry(), Registry("duplicate"), Registry()
    rec = Rec()

    async def main() -> None:
        keys: dict[Registry, Any] = {shared: make(), other: make()}
        turning: ChildSpec[Any] = child(
            Server,
            rec,
            keys,
            id=make(),
            name=unique.via(make()),
        )
        named: ChildSpec[Any] = child(Server, rec, None, name=make(), id=make())
        sound_keys: dict[Registry, Any] = {shared: "sound"}
        sound: ChildSpec[Any] = child(
            Server, rec, sound_keys, id="sound", name=unique.via("sound")
        )
        inner = supervisor([turning, named, sound], id="s", max_restarts=99)
        tree = [inner, child(trio.sleep_forever, id="b")]
        async with open_supervisor(tree) as root:
            records = [info.handle for info in root.supervisor("s").which_children()]
            for key in made:
                key.turn()
            for number in range(crashes):
                for handle in records[:2]:
                    ref: Any = handle
                    with pytest.raises(ServerExit):
                        await ref.call(Server.boom, ValueError("v"))
                    ended = await handle.wait_exit(number + 1)
                    assert isinstance(ended.error, ValueError)
                    await handle.wait_running()
            assert root.child("s").life == root.child("b").life == 1
            assert records[2].life == 1
            assert unique.get("sound") == records[2]
        assert unique.count() == shared.count() == other.count() == 0
        assert current_node().registry.count() == 0
        assert not any(handle.record.alive for handle in records)

    run(main, within=20 * GRACE)


@pytest.mark.parametrize("how", ["raises", "changes"])
@pytest.mark.parametrize("what", ["hash", "eq"])
def test_dynamic_children_with_turning_ids_come_and_go(what: str, how: str) -> None:
    async def main() -> None:
        async with open_supervisor([dynamic_supervisor(id="d")]) as root:
            pool = root.dynamic("d")
            keys = [Key(what, how, bite) for _ in range(3)]
            specs: list[ChildSpec[Child]] = [
                child(trio.sleep_forever, id=n, name=key) for n, key in enumerate(keys)
            ]
            keys[1].turned = keys[2].turned = False
            handles = [await pool.start_child(spec) for spec in specs[:1]]
            keys[0].turn()
            await pool.terminate_child(handles[0])
            assert handles[0].status == "gone"
            assert pool.count_children().specs == 0
            assert current_node().registry.count() == 0
            again = await pool.start_child(child(trio.sleep_forever, name="new"))
            assert again.status == "running"

    run(main, within=2 * GRACE)


class BitingHook:
    """A hook whose own words, hash and equality bite, too, when it is in use."""

    def __init__(self, from_event: int, fault: Callable[[], BaseException]) -> None:
        self.left, self.fault = from_event, fault

    def __call__(self, _: object) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.fault()

    def __hash__(self) -> int:
        if self.left < 0:
            raise self.fault()
        return 1

    def __repr__(self) -> str:
        raise self.fault()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("where", ["log", "hook", "listener", "report", "trace"])
@pytest.mark.parametrize("from_event", range(0, 12, 2))
def test_who_is_told_may_raise_at_every_step(
    from_event: int, where: str, fault: Callable[[], Exception]
) -> None:
    names, rec = Registry(), Rec()

    async def main() -> None:
        hook: Any = BitingHook(from_event, fault)
        if where == "hook":
            current_node().add_hook(hook)
        elif where == "report":
            current_node().report_changes(hook)
        elif where == "listener":
            names.add_listener(hook)
        spec = child(Server, rec, id="a", name=names.via("k"))
        async with open_supervisor([supervisor([spec], id="s")]) as root:
            ref = root.server(Server, "s", "a")
            if where == "trace":
                await ref.trace(hook)
            error = ValueError("v")
            with pytest.raises(ServerExit):
                await ref.call(Server.boom, error)
            assert await end_of(ref) is error
            assert await ref.call(Server.ping) == "pong"
        assert names.count() == 0
        assert len(rec.terminated) == 2

    with biting_log(fault) if where == "log" else quiet_log():
        run(main, within=2 * GRACE)


@pytest.mark.parametrize("fatal", [SystemExit, KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize("attribute", ["__str__", "__repr__", "derive", "add_note"])
@pytest.mark.parametrize("place", PLACES)
def test_what_is_fatal_passes_up_when_all_is_down(
    place: str, attribute: str, fatal: type[BaseException]
) -> None:
    error, rec = biting(attribute, fatal), Rec()
    names = Registry()
    handles: list[Child] = []

    async def main() -> None:
        spec: ChildSpec[Any]
        if place in TARGETS:
            spec = child(TARGETS[place](error), id="a", name=names.via("k"))
        else:
            spec = child(Server, rec, id="a", name=names.via("k"))
        async with open_supervisor([supervisor([spec], id="s")]) as root:
            handles.append(root.child("s", "a"))
            if place in TARGETS:
                await trio.sleep(GRACE / 2)
            else:
                ref: Any = root.server(Server, "s", "a")
                answers: list[object] = []
                async with trio.open_nursery() as nursery:
                    ask = partial(ref.call, Server.ping)
                    if place in ASKS:
                        ask = partial(ASKS[place], ref, error)
                    else:
                        TELLS[place](ref, error)
                    await nursery.start(answer, ask, answers)
                assert len(answers) == 1

    try:
        run(main, within=2 * GRACE)
    except fatal:
        pass
    except BaseExceptionGroup as group:
        assert group.split(fatal)[1] is None  # noqa: PT017
    assert not handles[0].record.alive
    assert names.count() == 0


class BitingBackoff(Backoff):
    """A policy of the user's that raises when it is asked."""

    def delay(self, attempt: int, draw: float = 0.0) -> float:
        if attempt > 1:
            raise Bite("no delay")
        return 0.0

    def can_exceed(self, max_restarts: int, max_seconds: float) -> bool:
        return True


def test_a_policy_that_raises_ends_its_supervisor_in_order() -> None:
    names = Registry()

    async def crashes() -> None:
        await trio.sleep(1)
        raise ValueError("v")

    async def main() -> None:
        spec = child(crashes, id="a", name=names.via("k"), backoff=BitingBackoff())
        inner = supervisor([spec, child(trio.sleep_forever, id="b")], id="s")
        async with open_supervisor([inner]) as root:
            ended = await root.child("s").wait_exit(1)
            assert isinstance(ended.error, Bite)
            assert isinstance(ended.error.__context__, ValueError)
            await root.child("s").wait_running()
            assert root.child("s").life == 2

    run(main, within=4 * GRACE)
    assert names.count() == 0


def test_an_event_of_another_run_is_no_end_to_wait_for() -> None:
    """`graceful_stop` waited for in another Trio run: the child is cancelled then."""
    events: list[trio.Event] = []

    async def target() -> None:
        with graceful_stop() as asked:
            events.append(asked)
            await trio.sleep_forever()

    async def main() -> None:
        async with open_supervisor([child(target, id="a")]) as root:
            await trio.testing.wait_all_tasks_blocked()
            foreign = Foreign()
            events[0]._tasks.add(foreign)  # type: ignore[arg-type]
            handle = root.child("a")
        assert handle.last_exit is not None
        assert handle.last_exit.kind == "shutdown"

    run(main, within=2 * GRACE)


class Foreign:
    """A task of another run, as far as waking it is concerned."""

    _runner = None

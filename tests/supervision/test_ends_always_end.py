"""An end always ends: whatever bites, wherever, the tree goes on and goes down.

The law, for every exception, key, hook and handler that raises when it is looked at:
a life that ends is over at once and told of by what ended *it*; its callers have their
answers, its names are free, `terminate` was run, its siblings know nothing; and the
tree ends within its graces.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn

import pytest
import trio
from hypothesis import given, settings, strategies as st

from tests.supervision.traps import (
    ATTRIBUTES,
    OF_GROUPS,
    Bite,
    Frozen,
    Key,
    LyingGroup,
    chained,
    deep,
    doubled,
    run,
    trapped,
)
from trio_sup import (
    Backoff,
    Child,
    ChildSpec,
    Exit,
    GenServer,
    NoProcess,
    Registry,
    RestartLimitExceeded,
    ServerExit,
    StartFailed,
    Stop,
    call,
    cast,
    child,
    current_node,
    dynamic_supervisor,
    graceful_stop,
    open_supervisor,
    supervisor,
    task_supervisor,
)
from trio_sup._core.anatomy import members_of

GRACE = 5.0
"""The grace of a child, in seconds, and so of a tree with one that is slow."""


def bite() -> Exception:
    return Bite("a helper's fault")


def overflow() -> Exception:
    return RecursionError("a helper's fault")


FAULTS = (bite, overflow)
SHAPES: dict[str, Callable[[Exception], Exception]] = {
    "alone": lambda error: error,
    "in a group": lambda error: ExceptionGroup("g", [error, ValueError("v")]),
    "deep": deep,
    "doubled": doubled,
    "chained": chained,
}


def biting(attribute: str, fault: Callable[[], BaseException]) -> Exception:
    """Make an exception that raises when that of it is looked at."""
    if attribute in OF_GROUPS:
        group: Callable[..., Exception] = trapped(ExceptionGroup, attribute, fault)
        return group("m", [ValueError("v")])
    alone: Callable[..., Exception] = trapped(Exception, attribute, fault)
    return alone("said")


def is_doubled(error: BaseException) -> bool:
    return type(error) is ExceptionGroup and error.message == "twice"


class Rec:
    """What one run leaves behind."""

    def __init__(self) -> None:
        self.terminated: list[Exit] = []


class Server(GenServer):
    """Crashes as it is told."""

    def __init__(self, rec: Rec, keys: dict[Registry, Any] | None = None) -> None:
        self.rec = rec
        self.keys: dict[Registry, Any] = {} if keys is None else keys

    async def init(self) -> None:
        while self.keys:  # in the first life only
            registry, key = self.keys.popitem()
            registry.register(key)

    @call
    async def boom(self, error: BaseException) -> None:
        raise error

    @call(raises=(ZeroDivisionError,))
    async def narrow(self, error: BaseException) -> None:
        raise error

    @cast
    async def note(self, error: BaseException) -> None:
        raise error

    async def handle_info(self, message: Any) -> None:
        raise message

    @call
    async def leave(self, error: Exception) -> None:
        raise Stop(error)

    @call
    async def ping(self) -> str:
        return "pong"

    async def terminate(self, exit: Exit) -> None:
        self.rec.terminated.append(exit)


class EndsBadly(Server):
    """Its `terminate` raises, too."""

    async def terminate(self, exit: Exit) -> None:
        self.rec.terminated.append(exit)
        raise Frozen(2)


async def answer(
    ask: Callable[[], Any], into: list[object], task_status: trio.TaskStatus[None]
) -> None:
    task_status.started()
    try:
        into.append(await ask())
    except (ServerExit, NoProcess) as error:
        into.append(error)


def once(error: BaseException) -> Callable[[], Any]:
    """Return a function that raises it in its first life."""
    left = [error]

    async def target() -> None:
        await trio.sleep(0.1)
        if left:
            raise left.pop()
        await trio.sleep_forever()

    return target


def once_in_a_nursery(error: BaseException) -> Callable[[], Any]:
    left = [error]

    async def target() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            await trio.sleep(0.1)
            if left:
                raise left.pop()

    return target


def once_in_order(error: BaseException) -> Callable[[], Any]:
    """Raise it inside `graceful_stop`."""
    left = [error]

    async def target() -> None:
        with graceful_stop() as asked:
            await trio.sleep(0.1)
            if left:
                raise left.pop()
            await asked.wait()

    return target


def while_stopped(error: BaseException) -> Callable[[], Any]:
    """Return a function whose clean-up raises it, when it is stopped."""

    async def target() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise error

    return target


async def end_of(handle: Child) -> BaseException | None:
    """Return the error of the first life, when the second runs."""
    ended = await handle.wait_exit(1)
    await handle.wait_running()
    assert handle.life == 2
    return ended.error


ASKS: dict[str, Callable[[Any, BaseException], Any]] = {
    "a call": lambda ref, error: ref.call(Server.boom, error),
    "a declared call": lambda ref, error: ref.call(Server.narrow, error),
}
TELLS: dict[str, Callable[[Any, BaseException], None]] = {
    "a cast": lambda ref, error: ref.cast(Server.note, error),
    "a message": lambda ref, error: ref.send(error),
}
TARGETS: dict[str, Callable[[BaseException], Any]] = {
    "a function": once,
    "a nursery": once_in_a_nursery,
    "graceful_stop": once_in_order,
}
PLACES = (*TARGETS, *ASKS, *TELLS)


def crash(place: str, error: Exception, kind: type[Server] = Server) -> None:
    """Raise an exception in a place, once; check the law for a crash."""
    if place == "a nursery" and is_doubled(error):
        return  # Trio's own nursery is busy for ever with that, inside of the child
    names, rec = Registry(), Rec()
    spec: ChildSpec[Any]
    if place in TARGETS:
        spec = child(TARGETS[place](error), id="a", name=names.via("k"))
    else:
        spec = child(kind, rec, id="a", name=names.via("k"))

    async def main() -> None:
        quiet: ChildSpec[Any] = child(trio.sleep_forever, id="b")
        tree = supervisor([spec, quiet], id="s")
        async with open_supervisor([tree]) as root:
            handle = root.child("s", "a")
            if place in ASKS or place in TELLS:
                await _crash_server(root.server(kind, "s", "a"), place, error, rec)
            ended = await end_of(handle)
            if place == "a nursery":  # Trio's look at it is bitten inside of the child
                assert ended is not None
            else:
                assert ended is error
            assert names.lookup("k") == handle
            assert root.child("s", "b").life == root.child("s").life == 1
        assert names.count() == 0
        async with open_supervisor([spec]):
            assert names.count() == 1  # the name was free

    run(main, within=2 * GRACE)


async def _crash_server(ref: Any, place: str, error: Exception, rec: Rec) -> None:
    answers: list[object] = []
    await ref.suspend()  # until all is in line
    async with trio.open_nursery() as nursery:
        if place in ASKS:
            ask = partial(ASKS[place], ref, error)
        else:
            TELLS[place](ref, error)
            ask = partial(ref.call, Server.ping)
        await nursery.start(answer, ask, answers)
        await nursery.start(answer, partial(ref.call, Server.ping), answers)
        await ref.resume()
    assert len(answers) == 2
    first = answers[0]
    assert isinstance(first, ServerExit)
    assert first.__cause__ is error
    [told] = rec.terminated
    assert told.kind == "crashed"
    assert told.error is error


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_a_crash_is_told_by_itself_whatever_of_it_bites(
    attribute: str, place: str
) -> None:
    crash(place, biting(attribute, bite))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_crash_may_be_deeper_and_larger_than_anything(shape: str, place: str) -> None:
    crash(place, SHAPES[shape](ValueError("v")))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", [Frozen(1), LyingGroup("m", [ValueError()])])
def test_frozen_exceptions_and_lying_groups_are_the_story(
    error: Exception, place: str
) -> None:
    crash(place, error)


@given(
    attribute=st.sampled_from([*ATTRIBUTES, *OF_GROUPS]),
    shape=st.sampled_from(sorted(SHAPES)),
    fault=st.sampled_from(FAULTS),
    place=st.sampled_from(PLACES),
    loud=st.booleans(),
)
@settings(deadline=None, max_examples=150)
def test_any_trap_in_any_shape_at_any_place(
    attribute: str,
    shape: str,
    fault: Callable[[], Exception],
    place: str,
    loud: bool,
) -> None:
    with biting_log(bite) if loud else quiet_log():
        crash(place, SHAPES[shape](biting(attribute, fault)))


@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_an_error_of_terminate_does_not_hide_what_is_fatal(attribute: str) -> None:
    rec = Rec()

    async def main() -> None:
        spec = child(EndsBadly, rec, id="a")
        async with open_supervisor([spec]) as root:
            ref = root.server(EndsBadly, "a")
            with pytest.raises(ServerExit):
                await ref.call(Server.boom, biting(attribute, bite))
            assert isinstance(await end_of(ref), Frozen)

    run(main, within=2 * GRACE)
    assert len(rec.terminated) == 2


@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_a_reason_to_stop_may_bite(attribute: str) -> None:
    reason = biting(attribute, bite)

    async def main() -> None:
        async with open_supervisor([child(Server, Rec(), id="a")]) as root:
            ref = root.server(Server, "a")
            with pytest.raises(ServerExit):
                await ref.call(Server.leave, reason)
            ended = await ref.wait_exit(1)
            assert ended.kind == "shutdown"
            assert ended.reason is reason

    run(main, within=2 * GRACE)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_what_a_clean_up_raises_stops_nothing(attribute: str, shape: str) -> None:
    errors = [SHAPES[shape](biting(attribute, bite)) for _ in range(2)]
    handles: list[Child] = []

    async def main() -> None:
        specs = [child(while_stopped(e), id=str(n)) for n, e in enumerate(errors)]
        async with open_supervisor([supervisor(specs, id="s")]) as root:
            handles.extend(root.child("s", str(n)) for n in range(2))

    run(main, within=2 * GRACE)
    for handle, error in zip(handles, errors, strict=True):
        assert handle.last_exit is not None
        assert handle.last_exit.kind == "shutdown"
        assert handle.last_exit.error is error


@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_a_cancelled_group_loses_its_cancellations_only(attribute: str) -> None:
    rest = ValueError("the real one")

    async def target() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled as cancelled:
            base: Any = trapped(BaseExceptionGroup, attribute, bite)
            group = base("m", [cancelled, BaseExceptionGroup("n", [cancelled, rest])])
            raise group from None

    async def main() -> None:
        async with open_supervisor([child(target, id="a")]) as root:
            handle = root.child("a")
        ended = handle.last_exit
        assert ended is not None
        assert ended.error is not None
        members = members_of(ended.error)
        assert members is not None
        assert members_of(members[0]) == (rest,)

    run(main, within=2 * GRACE)


@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_starts_fail_and_supervisors_give_up_with_the_story(attribute: str) -> None:
    error = biting(attribute, bite)

    async def starts(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        raise error

    async def main() -> None:
        with pytest.raises(StartFailed) as failed:
            async with open_supervisor([child(starts, id="a")]):
                pass
        assert failed.value.exit.error is error

        async def crashes() -> NoReturn:
            raise error

        with pytest.raises(RestartLimitExceeded) as gave_up:
            async with open_supervisor([child(crashes, id="a")]):
                await trio.sleep_forever()
        assert gave_up.value.__cause__ is error

    run(main, within=2 * GRACE)


@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_the_error_of_a_block_may_bite(attribute: str) -> None:
    error = biting(attribute, bite)
    ended: list[Child] = []

    async def main() -> None:
        # Caught in here: Trio itself looks at what leaves it.
        caught: BaseException | None = None
        try:
            async with open_supervisor([child(trio.sleep_forever, id="a")]) as root:
                ended.append(root.child("a"))
                raise error
        except BaseException as raised:  # noqa: BLE001 - checked
            caught = raised
        assert caught is error
        assert not ended[0].record.alive

    run(main, within=2 * GRACE)


# Keys and ids.


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


# Hooks, listeners, handlers, policies.


class BitingHandler(logging.Handler):
    """A handler that raises instead of writing."""

    def __init__(self, fault: Callable[[], BaseException]) -> None:
        super().__init__()
        self.fault = fault

    def emit(self, record: logging.LogRecord) -> NoReturn:
        raise self.fault()


@contextmanager
def biting_log(fault: Callable[[], BaseException]) -> Generator[None]:
    logger, handler = logging.getLogger("trio_sup"), BitingHandler(fault)
    before, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before


@contextmanager
def quiet_log() -> Generator[None]:
    logger = logging.getLogger("trio_sup")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


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


def test_tasks_and_those_who_wait_for_them_end_too() -> None:
    async def main() -> None:
        async with open_supervisor([task_supervisor(id="t")]) as root:
            tasks = root.task_supervisor("t")
            for attribute in (*ATTRIBUTES, *OF_GROUPS):
                error = biting(attribute, bite)
                task = tasks.async_nolink(once(error))
                outcome = await task.wait()
                assert isinstance(outcome, Exit)
                assert outcome.error is error

    run(main, within=2 * GRACE)

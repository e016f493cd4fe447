"""Hooks, event streams, logging: state first, then the world is told (rule 14)."""

from __future__ import annotations

import json
import re
import typing

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, of_kind, quiet, record_events
from trio_sup import HookFailed, current_node, events, open_supervisor, supervisor
from trio_sup._core.events import (
    ChildCrashed,
    ChildStarted,
    ChildStopped,
    LifecycleEvent,
    RestartDecided,
    kind_of,
)

pytestmark = pytest.mark.trio


async def test_a_restart_in_events(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a")):
        seen = record_events()
        await trio.sleep(3)
        stage.crash("a")
        await quiet()
        assert [(e.kind, e.path, e.life, e.at) for e in seen] == [
            ("child_crashed", "root/a", 1, 3),
            ("restart_decided", "root/a", 1, 3),
            ("child_starting", "root/a", 2, 3),
            ("child_started", "root/a", 2, 3),
        ]


async def test_requests_and_decisions_are_events_of_their_own() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b"), strategy="one_for_all") as sup:
        seen = record_events()
        await sup.terminate_child("a")
        await sup.restart_child("a")
        stage.crash("b")
        await quiet()
        assert [(e.kind, e.path) for e in seen] == [
            ("requested", "root/a"),
            ("child_stopping", "root/a"),
            ("child_stopped", "root/a"),
            ("requested", "root/a"),
            ("child_starting", "root/a"),
            ("child_started", "root/a"),
            ("child_crashed", "root/b"),
            ("restart_decided", "root/b"),
            ("child_stopping", "root/a"),
            ("child_stopped", "root/a"),
            ("child_starting", "root/a"),
            ("child_started", "root/a"),
            ("child_starting", "root/b"),
            ("child_started", "root/b"),
        ]
        (decision,) = of_kind(seen, RestartDecided)
        assert (decision.strategy, decision.siblings) == ("one_for_all", 1)
        stopped = of_kind(seen, ChildStopped)[1]
        assert stopped.requested
        assert "one_for_all after 'b'" in str(stopped.exit)


async def test_state_has_changed_when_a_hook_runs() -> None:
    stage = Stage()
    node = current_node()
    found: list[object] = []

    def hook(event: LifecycleEvent) -> None:
        if isinstance(event, ChildCrashed):
            handle = next(iter(node.trees()[0].observed_children())).handle
            found.append(node.registry.get("n"))
            found.append(handle.last_exit is event.exit)
            found.append(handle.record.alive)

    node.add_hook(hook)
    async with open_supervisor([stage.spec("a", name="n")]):
        stage.crash("a")
        await quiet()
    assert found == [None, True, False]


async def test_a_hook_that_raises_is_reported_once_and_harms_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()

    def broken(event: LifecycleEvent) -> None:
        raise ZeroDivisionError

    current_node().add_hook(broken)
    seen = record_events()
    async with open_supervisor(stage.specs("a b")):
        stage.crash("a")
        await quiet()
        assert stage.lives["a"] == 2
    failures = [
        r.exc_info[1]
        for r in caplog.records
        if r.exc_info and isinstance(r.exc_info[1], HookFailed)
    ]
    assert len(failures) == 1
    assert isinstance(failures[0].__cause__, ZeroDivisionError)
    assert len(of_kind(seen, ChildStopped)) == 2


async def test_a_removed_hook_is_not_called() -> None:
    seen: list[LifecycleEvent] = []
    node = current_node()
    node.add_hook(seen.append)
    node.remove_hook(seen.append)
    node.remove_hook(seen.append)
    async with open_supervisor([]):
        pass
    assert seen == []


async def test_a_stream_of_events() -> None:
    stage = Stage()
    node = current_node()
    async with open_supervisor(stage.specs("a")):
        async with node.events() as stream:
            stage.crash("a")
            async for event in stream:
                if isinstance(event, ChildStarted):
                    break
            assert event.life == 2
        with pytest.raises(StopAsyncIteration):
            while True:
                await anext(stream)


async def test_a_full_stream_counts_what_it_drops() -> None:
    stage = Stage()
    async with current_node().events(capacity=2) as stream:
        async with open_supervisor(stage.specs("a b")):
            pass
        assert stream.dropped > 0
        kept = [stream.receive_nowait(), stream.receive_nowait()]
        assert [e.kind for e in kept if e] == ["child_starting", "child_started"]
        assert stream.receive_nowait() is None


async def test_recent_events_are_remembered_and_bounded() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a"), max_restarts=500) as sup:
        for _ in range(400):
            await sup.terminate_child("a")
            await sup.restart_child("a")
    assert len(current_node().recent_events()) == 1024


async def test_all_events_are_plain_data() -> None:
    stage = Stage()
    seen = record_events()
    inner = supervisor(stage.specs("a"), id="s", max_restarts=0, restart="transient")
    async with open_supervisor([inner]):
        stage.crash("a")
        await quiet()
    kinds = {json.loads(json.dumps(event.as_json()))["event"] for event in seen}
    assert {"supervisor_gave_up", "child_crashed", "child_stopped"} <= kinds
    assert all(event.summary.startswith("root") for event in seen)


async def test_crashes_are_loud_out_of_the_box_sup_151(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b")) as sup:
        stage.crash("a", Boom("loud"))
        await quiet()
        await sup.terminate_child("b")
    errors = [r for r in caplog.records if r.levelname == "ERROR"]
    assert len(errors) == 1
    assert errors[0].exc_info
    assert isinstance(errors[0].exc_info[1], Boom)
    assert isinstance(getattr(errors[0], "trio_sup_event"), ChildCrashed)  # noqa: B009


async def test_an_expected_end_is_not_logged_loudly_sup_152(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a", restart="transient")):
        stage.finish("a")
        await quiet()
    assert [r for r in caplog.records if r.levelname in ("WARNING", "ERROR")] == []


async def test_cancelled_tells_who_and_why() -> None:
    reasons: dict[str, str | None] = {}

    async def listens(id: str) -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled as cancelled:
            reasons[id] = cancelled.reason
            raise

    from trio_sup import child

    stage = Stage()
    specs = [stage.spec("db"), child(listens, "b", id="b"), child(listens, "a", id="a")]
    async with open_supervisor(specs, strategy="rest_for_one", id="shop") as sup:
        await quiet()
        await sup.terminate_child("a")
        stage.crash("db")
        await quiet()
    assert reasons["b"] == "supervisor shop: the block was left"
    stage2 = [e for e in current_node().recent_events() if e.kind == "child_stopping"]
    texts = [getattr(e, "reason") for e in stage2]  # noqa: B009
    assert texts[:2] == [
        "supervisor shop: terminate_child",
        "supervisor shop: rest_for_one after 'db' ended",
    ]


async def test_the_class_of_an_event_and_its_kind_are_one_word() -> None:
    made = typing.get_args(events.LifecycleEvent)
    assert len(made) > 10
    for event in made:
        words = re.sub(r"(?<!^)(?=[A-Z])", "_", event.__name__)
        assert words.lower() == kind_of(event)
        assert getattr(events, event.__name__) is event  # as users import it

"""A node in numbers: complete, never falling, and the same by every way."""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import trio
from attrs import define, field, frozen
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.inspect.looking import looking
from trio_sup import GenServer, call, cast, child, dynamic_supervisor, open_supervisor
from trio_sup.inspect.node.metrics import (
    FAMILIES,
    MAX_SUPERVISORS,
    gather,
    prometheus_lines,
)
from trio_sup.metrics import prometheus_text, register


class Echo(GenServer):
    @call
    async def ping(self) -> int:
        return 1

    @cast
    async def crash(self) -> None:
        raise ValueError("boom")


def numbers(text: str) -> dict[str, float]:
    """The samples of a text; fails on a line that is none."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            assert re.match(r"# (HELP|TYPE) trio_sup_[a-z_]+ .+", line)
            continue
        match = re.fullmatch(
            r'(trio_sup_[a-z_]+(?:\{(?:[a-z]+="(?:[^"\\]|\\.)*",?)+\})?) (\S+)', line
        )
        assert match is not None, line
        assert match[1] not in found
        found[match[1]] = float(match[2])
    return found


@pytest.mark.trio
async def test_the_text_has_children_events_and_messages(
    autojump_clock: MockClock,
) -> None:
    async with open_supervisor([child(Echo), child(Echo, id="b")], id="top") as sup:
        await sup.server(Echo, "Echo").call(Echo.ping)
        sup.server(Echo, "Echo").cast(Echo.crash)
        await wait_all_tasks_blocked()
        await sup.server(Echo, "Echo").when_running().call(Echo.ping)
        found = numbers(prometheus_text())
    assert found['trio_sup_children{kind="server",status="running"}'] == 2
    assert found['trio_sup_events_total{event="child_crashed"}'] == 1
    assert found["trio_sup_messages_received_total"] == 3
    assert found["trio_sup_messages_handled_total"] == 2
    assert found['trio_sup_supervisor_restarts_in_window{path="top"}'] == 1
    assert found['trio_sup_supervisor_restarts_allowed{path="top"}'] == 3


@pytest.mark.trio
async def test_a_counter_never_falls_when_children_go(
    autojump_clock: MockClock,
) -> None:
    handled: list[float] = []

    def note() -> None:
        found = numbers(prometheus_text())
        handled.append(found["trio_sup_messages_handled_total"])

    async with open_supervisor([dynamic_supervisor(id="d")], id="top") as sup:
        dynamic = sup.dynamic("d")
        for _ in range(3):
            server = await dynamic.start_child(child(Echo))
            await server.call(Echo.ping)
            note()
            await dynamic.terminate_child(server)
            note()
    note()
    # A stop is a message that is not handled as one.
    assert handled == [1, 1, 2, 2, 3, 3, 3]


@pytest.mark.trio
async def test_odd_names_stay_inside_their_quotes(autojump_clock: MockClock) -> None:
    name = 'a"} 1\nevil{x="\\'
    async with open_supervisor([child(trio.sleep_forever, id="s")], id=name):
        found = numbers(prometheus_text())
    assert sum("evil" in key for key in found) == 5


@pytest.mark.trio
async def test_samples_of_many_supervisors_are_bounded(
    autojump_clock: MockClock,
) -> None:
    from tests.inspect.fakes import FakeNode

    node = FakeNode()
    root = node.supervisor("root")
    for number in range(MAX_SUPERVISORS + 50):
        node.supervisor(f"s{number}", root)
    samples: dict[str, Any] = {}
    pauses = sum(1 for _ in gather(node, samples))
    assert pauses >= 1
    found = numbers("\n".join(prometheus_lines(samples)))
    assert found["trio_sup_supervisors_omitted"] == 51
    assert sum(key.startswith("trio_sup_supervisor_children{") for key in found) == 1000


@pytest.mark.trio
async def test_a_client_gets_the_same_text(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    groups = [dynamic_supervisor(id=f"d{n}") for n in range(400)]
    async with (
        open_supervisor(groups, id="top"),
        looking(tmp_path) as looker,
    ):
        looker.session.ask.metrics()
        await looker.until(lambda: looker.session.topics.metrics)
        text = looker.session.topics.metrics
        assert text is not None
        assert text == prometheus_text()
        assert text.count("\n") > 1000


# --- OpenTelemetry --------------------------------------------------------------


@frozen
class Observation:
    value: float
    attributes: dict[str, str]


Callback = Callable[[Any], Iterable[Any]]


@define
class Instruments:
    """A meter that is asked by hand."""

    callbacks: dict[str, Callback] = field(factory=dict[str, Callback])
    counters: set[str] = field(factory=set[str])

    def create_observable_gauge(
        self,
        name: str,
        callbacks: Sequence[Callback] | None = None,
        unit: str = "",
        description: str = "",
    ) -> object:
        assert callbacks is not None
        assert description
        (self.callbacks[name],) = callbacks
        return None

    def create_observable_counter(
        self,
        name: str,
        callbacks: Sequence[Callback] | None = None,
        unit: str = "",
        description: str = "",
    ) -> object:
        self.counters.add(name)
        return self.create_observable_gauge(name, callbacks, unit, description)

    def read(self, name: str) -> list[Observation]:
        return list(self.callbacks[f"trio_sup.{name}"](None))


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Instruments:
    module = ModuleType("opentelemetry.metrics")
    vars(module)["Observation"] = Observation
    monkeypatch.setitem(sys.modules, "opentelemetry", ModuleType("opentelemetry"))
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", module)
    return Instruments()


def test_a_meter_is_read_from_any_thread_and_after_the_end(meter: Instruments) -> None:
    async def main() -> None:
        async with open_supervisor([child(Echo)], id="top") as sup:
            await sup.server(Echo, "Echo").call(Echo.ping)
            register(meter)
            of_thread = await trio.to_thread.run_sync(meter.read, "messages_handled")
            assert of_thread == [Observation(1, {})]
            assert meter.read("supervisor_children") == [
                Observation(1, {"path": "top"})
            ]
            await trio.sleep(0.6)

    trio.run(main)
    assert meter.read("messages_handled") == []
    assert set(meter.callbacks) == {f"trio_sup.{family.name}" for family in FAMILIES}
    assert "trio_sup.events" in meter.counters


def test_without_the_extra_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", None)

    async def main() -> None:
        with pytest.raises(ImportError, match=r"pip install .*\[otel\]"):
            register(Instruments())

    trio.run(main)


def test_the_real_library_takes_them() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])

    async def main() -> None:
        async with open_supervisor([child(Echo)], id="top"):
            register(provider.get_meter("test"))
            data = await trio.to_thread.run_sync(reader.get_metrics_data)
            assert data is not None
            found = data.resource_metrics[0].scope_metrics[0].metrics
            assert {m.name for m in found} == {f"trio_sup.{f.name}" for f in FAMILIES}

    trio.run(main)
    provider.shutdown()

"""Metrics of a node for collectors: Prometheus' text, and OpenTelemetry.

Both read the counters that the library keeps anyway: nothing is counted before
somebody asks.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

import trio

from trio_sup._core.extras import how_to_install
from trio_sup._node.node import Node, current_node
from trio_sup.inspect.node.metrics import (
    FAMILIES,
    Labels,
    Samples,
    gather,
    prometheus_lines,
)

__all__ = ["CONTENT_TYPE", "Meter", "prometheus_text", "register"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""What to call the text in an answer to a scrape."""

KEPT_SECONDS: Final = 0.5
"""How long one look serves the instruments of one collection."""


def prometheus_text(node: Node | None = None) -> str:
    """Return the metrics of a node in the Prometheus text format.

    To be called in the Trio program itself; no checkpoint. Takes a few milliseconds
    for ten thousand children.

    Args:
        node: Which node; that of the present Trio run if None.
    """
    samples = _look(current_node() if node is None else node)
    return "\n".join(prometheus_lines(samples)) + "\n"


def _look(node: Node) -> Samples:
    samples: Samples = {}
    for _ in gather(node, samples):
        pass
    return samples


class Meter(Protocol):
    """What `register` needs of an OpenTelemetry ``Meter``."""

    def create_observable_counter(
        self,
        name: str,
        callbacks: Sequence[Callable[[Any], Iterable[Any]]] | None = None,
        unit: str = "",
        description: str = "",
    ) -> object:
        """Make a counter that asks for its value."""
        ...

    def create_observable_gauge(
        self,
        name: str,
        callbacks: Sequence[Callable[[Any], Iterable[Any]]] | None = None,
        unit: str = "",
        description: str = "",
    ) -> object:
        """Make a gauge that asks for its value."""
        ...


def register(meter: Meter, node: Node | None = None) -> None:
    """Give a node's metrics to an OpenTelemetry meter, from now on.

    To be called in the Trio program itself. A reader may collect from any thread:
    the look at the node is made in the Trio loop, once for each collection, and the
    reader waits for it. After the program's end the instruments say nothing.

    Args:
        meter: From ``opentelemetry.metrics.get_meter``.
        node: Which node; that of the present Trio run if None.

    Raises:
        ImportError: the extra is not there: ``pip install 'trio-sup[otel]'``.
        RuntimeError: outside of a Trio program.
    """
    try:
        observation = importlib.import_module("opentelemetry.metrics").Observation
    except ImportError as error:
        raise ImportError(
            f"OpenTelemetry is not installed: {how_to_install('otel')}"
        ) from error
    source = _Source(current_node() if node is None else node, observation)
    for family in FAMILIES:
        counter = family.kind == "counter"
        create = (
            meter.create_observable_counter
            if counter
            else meter.create_observable_gauge
        )
        create(
            f"trio_sup.{family.name}",
            callbacks=[source.callback(family.name)],
            unit=family.unit,
            description=family.help,
        )


class _Source:
    """Looks at the node for a reader in another thread."""

    def __init__(self, node: Node, observation: Callable[..., object]) -> None:
        self._node = node
        self._observation = observation
        self._token = trio.lowlevel.current_trio_token()
        self._at = float("-inf")
        self._samples: Samples = {}

    def callback(self, name: str) -> Callable[[object], Iterable[object]]:
        """What one instrument calls."""

        def observe(options: object) -> Iterable[object]:
            return [
                self._observation(value, _attributes(labels))
                for labels, value in self._current().get(name, ())
            ]

        return observe

    def _current(self) -> Samples:
        now = time.monotonic()
        if now - self._at >= KEPT_SECONDS:
            self._samples = self._ask()
            self._at = now
        return self._samples

    def _ask(self) -> Samples:
        if self._is_here():
            return _look(self._node)
        try:
            return trio.from_thread.run_sync(_look, self._node, trio_token=self._token)
        except (trio.RunFinishedError, trio.Cancelled):
            return {}

    def _is_here(self) -> bool:
        try:
            return trio.lowlevel.current_trio_token() is self._token
        except RuntimeError:
            return False


def _attributes(labels: Labels) -> dict[str, str]:
    return dict(labels)

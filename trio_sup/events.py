"""Lifecycle events: what hooks and event streams are given.

A closed set of frozen records, each with ``kind``, ``at`` (Trio time, in seconds),
``path``, ``life``, a one-line ``summary`` and ``as_json()``. Get them from
``current_node().add_hook(...)`` or ``current_node().events()``.
"""

from trio_sup._core.events import (
    ChildCrashed,
    ChildGivenUp,
    ChildIgnored,
    ChildQuarantined,
    ChildReleased,
    ChildRemoved,
    ChildStarted,
    ChildStartFailed,
    ChildStarting,
    ChildStopped,
    ChildStopping,
    ChildStuck,
    Event,
    LifecycleEvent,
    OperatorAction,
    Requested,
    RestartDecided,
    SupervisorAutoShutdown,
    SupervisorGaveUp,
    SupervisorReconfigured,
    SupervisorStopping,
)
from trio_sup._node.node import EventHook
from trio_sup._node.stream import EventStream

__all__ = [
    "ChildCrashed",
    "ChildGivenUp",
    "ChildIgnored",
    "ChildQuarantined",
    "ChildReleased",
    "ChildRemoved",
    "ChildStartFailed",
    "ChildStarted",
    "ChildStarting",
    "ChildStopped",
    "ChildStopping",
    "ChildStuck",
    "Event",
    "EventHook",
    "EventStream",
    "LifecycleEvent",
    "OperatorAction",
    "Requested",
    "RestartDecided",
    "SupervisorAutoShutdown",
    "SupervisorGaveUp",
    "SupervisorReconfigured",
    "SupervisorStopping",
]

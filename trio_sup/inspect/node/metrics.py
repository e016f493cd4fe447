"""A node in numbers that others can collect: families of samples, and their text.

Fed by the counters that the library keeps anyway; nothing is counted for this. What is
counted of messages is counted in `trio_sup._servers.queue`; `timers` and `drain` drop
some, too. The sums of lives that have ended are the node's `past_messages`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from attrs import define, field, frozen

from trio_sup._core.words import LEAVES
from trio_sup.inspect.node.masking import mask_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from trio_sup.inspect.node.source import ObservedChild, ObservedNode

Kind: TypeAlias = Literal["counter", "gauge"]

SLICE: Final = 1000
"""Children that are looked at without a pause."""
MAX_SUPERVISORS: Final = 1000
"""Supervisors with samples of their own, from the root down."""


@frozen
class Family:
    """One metric."""

    name: str
    """Without prefix and suffix, such as ``messages_handled``."""
    kind: Kind
    help: str
    unit: str = "1"


FAMILIES: Final = (
    Family("info", "gauge", "Always 1; the labels name the node."),
    Family("children", "gauge", "Children by kind and status.", "{child}"),
    Family("events", "counter", "Lifecycle events by kind.", "{event}"),
    Family("messages_received", "counter", "Messages queued.", "{message}"),
    Family("messages_handled", "counter", "Messages handled.", "{message}"),
    Family("messages_dropped", "counter", "Messages dropped as no room.", "{message}"),
    Family("mailbox_messages", "gauge", "Messages that wait.", "{message}"),
    Family("mailbox_fullest", "gauge", "Messages in the fullest mailbox.", "{message}"),
    Family("supervisor_children", "gauge", "Children by supervisor.", "{child}"),
    Family("supervisor_children_running", "gauge", "Running ones of them.", "{child}"),
    Family("supervisor_mailbox_messages", "gauge", "What waits for them.", "{message}"),
    Family(
        "supervisor_restarts_in_window",
        "gauge",
        "Restarts that count against the supervisor's limit now.",
        "{restart}",
    ),
    Family(
        "supervisor_restarts_allowed", "gauge", "The supervisor's limit.", "{restart}"
    ),
    Family("supervisors_omitted", "gauge", "Supervisors without samples.", "1"),
)

Labels: TypeAlias = "tuple[tuple[str, str], ...]"
Samples: TypeAlias = "dict[str, list[tuple[Labels, float]]]"
"""The samples of each family, by its name."""


@define
class _Sums:
    received: int = 0
    handled: int = 0
    dropped: int = 0
    waiting: int = 0
    fullest: int = 0
    by_state: dict[tuple[str, str], int] = field(factory=dict[tuple[str, str], int])
    supervisors: int = 0
    omitted: int = 0


def gather(node: ObservedNode, samples: Samples) -> Iterator[None]:
    """Fill in the samples of a node; yields after each `SLICE` of children."""
    sums = _Sums(*node.past_messages)
    left = SLICE
    todo = list(node.roots())[::-1]
    while todo:
        child = todo.pop()
        _count(child, sums)
        if child.kind not in LEAVES:
            below = list(child.observed_children())
            _add_supervisor(child, below, sums, samples)
            todo += below[::-1]
            left -= len(below)
        if left <= 0:
            left = SLICE
            yield
    _add_totals(node, sums, samples)


def _count(child: ObservedChild, sums: _Sums) -> None:
    state = child.kind, child.status
    sums.by_state[state] = sums.by_state.get(state, 0) + 1
    mailbox = child.mailbox
    if mailbox is None:
        return
    if child.alive:  # else it is in `past_messages` already
        sums.received += mailbox.received
        sums.handled += mailbox.handled
        sums.dropped += mailbox.dropped
    depth = mailbox.depth
    sums.waiting += depth
    sums.fullest = max(sums.fullest, depth)


def _add_supervisor(
    child: ObservedChild, below: list[ObservedChild], sums: _Sums, samples: Samples
) -> None:
    if sums.supervisors >= MAX_SUPERVISORS:
        sums.omitted += 1
        return
    sums.supervisors += 1
    labels = (("path", child.path_text),)
    boxes = [record.mailbox for record in below]
    values: dict[str, float] = {
        "supervisor_children": len(below),
        "supervisor_children_running": sum(k.status == "running" for k in below),
        "supervisor_mailbox_messages": sum(b.depth for b in boxes if b is not None),
    }
    budget = child.budget
    if budget is not None:
        values["supervisor_restarts_in_window"] = budget[0]
        values["supervisor_restarts_allowed"] = budget[1]
    for name, value in values.items():
        samples.setdefault(name, []).append((labels, value))


def _add_totals(node: ObservedNode, sums: _Sums, samples: Samples) -> None:
    samples["info"] = [((("node", node.name),), 1)]
    samples["children"] = [
        ((("kind", kind), ("status", status)), count)
        for (kind, status), count in sums.by_state.items()
    ]
    samples["events"] = [
        ((("event", kind),), count) for kind, count in node.event_counts.items()
    ]
    totals = {
        "messages_received": sums.received,
        "messages_handled": sums.handled,
        "messages_dropped": sums.dropped,
        "mailbox_messages": sums.waiting,
        "mailbox_fullest": sums.fullest,
        "supervisors_omitted": sums.omitted,
    }
    for name, value in totals.items():
        samples[name] = [((), value)]


# --- the Prometheus text format ------------------------------------------------


def prometheus_lines(
    samples: Mapping[str, Iterable[tuple[Labels, float]]],
) -> list[str]:
    """The samples in the Prometheus text format, a line each."""
    lines: list[str] = []
    for family in FAMILIES:
        suffix = "_total" if family.kind == "counter" else ""
        name = f"trio_sup_{family.name}{suffix}"
        lines += [f"# HELP {name} {family.help}", f"# TYPE {name} {family.kind}"]
        for labels, value in samples.get(family.name, ()):
            pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
            shown = f"{{{pairs}}}" if pairs else ""
            lines.append(f"{name}{shown} {_number(value)}")
    return lines


def _escaped(text: str) -> str:
    text = mask_known(text)
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(value)

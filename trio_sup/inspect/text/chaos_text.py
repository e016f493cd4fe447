"""What ``trio-sup chaos`` prints of a plan and of what became of it. Pure."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

from trio_sup._core.clean import clean
from trio_sup.inspect.model.chaos import step_json
from trio_sup.inspect.model.chaos_run import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.model.chaos import Step
    from trio_sup.inspect.model.chaos_run import Hit


def step_line(step: Step) -> Clean:
    """A step that is to come."""
    return clean(f"{step.at:>9.3f} s  {step.fault:<9} {step.path}")


def hit_line(hit: Hit) -> Clean:
    """A step whose story has ended."""
    where = f"{hit.step.fault:<9} {hit.step.path} (life {hit.life})"
    return clean(f"{hit.began:>8.2f} s  {where}: {hit.text}")


def hit_json(hit: Hit) -> dict[str, object]:
    """The same for programs."""
    return {
        **step_json(hit.step),
        "began": round(hit.began, 3),
        "life": hit.life,
        "outcome": hit.outcome,
        "seconds": round(hit.seconds, 3) if hit.outcome == "back" else None,
        "text": hit.text,
    }


def summary_json(hits: Sequence[Hit], gone: bool) -> dict[str, object]:
    """All of them together, and whether the node closed the connection."""
    counts, times = _counts(hits), _times(hits)
    return {
        "schema": 1,
        "faults": len(hits),
        **{outcome: counts[outcome] for outcome in OUTCOMES},
        "unknown": counts[""],
        "median_seconds": round(median(times), 3) if times else None,
        "slowest_seconds": round(times[-1], 3) if times else None,
        "node_gone": gone,
    }


def summary_lines(hits: Sequence[Hit], gone: bool) -> Iterator[Clean]:
    """The same for people."""
    counts, times = _counts(hits), _times(hits)
    parts = [f"{counts[each]} {each.replace('_', ' ')}" for each in OUTCOMES]
    if counts[""]:
        parts.append(f"{counts['']} unknown")
    yield clean(f"{len(hits)} faults: {', '.join(parts)}")
    if times:
        slowest = f"{times[-1]:.1f} s at most"
        yield clean(f"back after {median(times):.1f} s (median), {slowest}")
    if gone:
        yield clean("the node closed the connection: it ended, or its tree gave up")


def _counts(hits: Sequence[Hit]) -> Counter[str]:
    return Counter(hit.outcome for hit in hits)


def _times(hits: Sequence[Hit]) -> list[float]:
    return sorted(hit.seconds for hit in hits if hit.outcome == "back")

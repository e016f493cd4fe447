"""What ``status`` and ``events`` print for people: plain lines. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trio_sup.inspect.model.tree_model import snapshot
from trio_sup.inspect.text import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.client.answer import Answer
    from trio_sup.inspect.model.health import Breach
    from trio_sup.inspect.protocol.wire import Event


def status_lines(answer: Answer, found: Sequence[Breach]) -> Iterator[Clean]:
    """One line on the node, then one for each problem."""
    hello = answer.node
    totals = snapshot(answer.rows.values()).totals()
    up = show.duration(answer.now - hello.mono0 + hello.wall0 - hello.started_wall)
    yield show.clean(
        f"{hello.node}.{hello.pid}  up {up}  {totals.rows} children"
        f"  {totals.down} down  {totals.waiting} waiting  {totals.stuck} stuck"
        f"  {totals.restarts} restarts  {totals.mailbox} messages waiting"
        f"  loop lag {show.duration(answer.lag)}"
    )
    for breach in found:
        yield show.clean(f"  {breach.path or 'the node'} {breach.problem}")


def event_line(event: Event, wall: float) -> Clean:
    """One line of ``trio-sup events``; the time is local."""
    when = datetime.fromtimestamp(wall, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]
    text = event.text
    if not text.startswith(event.path):
        text = f"{event.path}: {text}"
    return show.clean(f"{when}  {event.kind:<20}  {text}".rstrip())

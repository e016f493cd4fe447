"""The inside of one child as plain lines: mailbox, state, stack, history. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.text import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.protocol.wire import Detail
    from trio_sup.inspect.protocol.wire_details import SeenMessage
    from trio_sup.inspect.protocol.wire_times import OpTimes


def part_lines(detail: Detail, parts: tuple[str, ...]) -> Iterator[Clean]:
    """The parts that were asked for, each under its name."""
    for part in parts:
        yield show.clean(part)
        empty = True
        for line in _PARTS[part](detail):
            empty = False
            yield show.clean(f"  {line}".rstrip())
        if empty:
            yield show.clean("  nothing")


def _mailbox(detail: Detail) -> Iterator[str]:
    part = detail.mailbox
    if part is None:
        return
    if part.suspended:
        yield "suspended"
    if part.current is not None:
        yield f"in hand: {_letter(part.current, detail.at)}"
    for letter in part.letters:
        yield _letter(letter, detail.at)
    if part.total > len(part.letters):
        yield f"and {part.total - len(part.letters)} more"
    if part.hidden:
        yield "(this node shows no contents)"
    counts = [
        (part.deferred, "calls are answered later"),
        (part.blocked, "senders wait for room"),
        (part.dropped, "messages were dropped"),
    ]
    for count, text in counts:
        if count:
            yield f"{count} {text}"


def _letter(letter: SeenMessage, now: float) -> str:
    sender = f"  from {letter.sender}" if letter.sender else ""
    # What was there at the first look says nothing of how long it waits.
    age = f"  {show.duration(now - letter.seen)}" if letter.seen < now else ""
    return f"{letter.kind} {letter.op} {letter.text}".rstrip() + f"{sender}{age}"


def _state(detail: Detail) -> Iterator[str]:
    part = detail.state
    if part is None:
        return
    yield from part.text.split("\n")
    if part.note:
        yield f"({part.note})"
    if part.clipped:
        yield "(cut off)"


def _stack(detail: Detail) -> Iterator[str]:
    for task in detail.stack or ():
        indent = "  " * task.depth
        yield f"{indent}{task.name}" + (f"  ({task.note})" if task.note else "")
        for frame in task.frames:
            yield f"{indent}  {frame.file}:{frame.line} in {frame.function}"
            if frame.code:
                yield f"{indent}    {frame.code}"


def _history(detail: Detail) -> Iterator[str]:
    for life in detail.history or ():
        lasted = ""
        if life.began is not None and life.ended is not None:
            lasted = f" after {show.duration(life.ended - life.began)}"
        yield f"life {life.life}{lasted}: {life.kind}: {life.text}"


def _links(detail: Detail) -> Iterator[str]:
    for link in detail.links or ():
        yield f"{link.relation.replace('_', ' ')} {link.text}"


def _times(detail: Detail) -> Iterator[str]:
    part = detail.times
    if part is None:
        return
    measured = show.duration(max(0.0, part.at - part.since))
    yield (
        f"measured for {measured}; busy {part.busy:.1%} of it,"
        f" {part.busy_minute:.1%} of the last minute"
    )
    for op in part.ops:
        yield op_title(op)
        yield from (f"  {line}" for line in op_lines(op))


def op_title(op: OpTimes) -> str:
    """An operation, and how often it was handled."""
    return f"{op.op}  {op.handled} handled, {op.handled_minute} in the last minute"


def op_lines(op: OpTimes) -> Iterator[str]:
    """How long its messages took and waited: median, 99th percentile, longest."""
    figures = [
        ("took", op.took_half, op.took_most, op.took_longest),
        ("waited", op.waited_half, op.waited_most, op.waited_longest),
    ]
    minute = [
        (op.took_half_minute, op.took_most_minute, op.took_longest_minute),
        (op.waited_half_minute, op.waited_most_minute, op.waited_longest_minute),
    ]
    for (word, *whole), lately in zip(figures, minute, strict=True):
        text = "  ".join(f"{n} {fine(s)}" for n, s in zip(NAMES, whole, strict=True))
        last = "  ".join(fine(s) for s in lately) if op.handled_minute else "nothing"
        yield f"{word:<7}{text}   last minute {last}"


NAMES: Final = ("p50", "p99", "max")


def fine(seconds: float) -> str:
    """A short time, down to microseconds."""
    if seconds <= 0:
        return "0"
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f}us"
    return f"{seconds * 1e3:.1f}ms" if seconds < 0.1 else show.duration(seconds)


_PARTS: Final[dict[str, Callable[[Detail], Iterator[str]]]] = {
    "mailbox": _mailbox,
    "state": _state,
    "stack": _stack,
    "history": _history,
    "links": _links,
    "times": _times,
}
PARTS: Final = tuple(_PARTS)
"""What can be asked for beside the overview."""

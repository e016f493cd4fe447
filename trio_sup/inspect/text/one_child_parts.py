"""The inside of one child as plain lines: mailbox, state, stack, history. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.text import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.protocol.wire import Detail
    from trio_sup.inspect.protocol.wire_details import SeenMessage


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


_PARTS: Final[dict[str, Callable[[Detail], Iterator[str]]]] = {
    "mailbox": _mailbox,
    "state": _state,
    "stack": _stack,
    "history": _history,
    "links": _links,
}
PARTS: Final = tuple(_PARTS)
"""What can be asked for beside the overview."""

"""How a life ended."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import field, frozen

from trio_sup._core.anatomy import (
    class_name,
    is_a,
    is_group as is_group,
    leaves as leaves,
    members_of as members_of,
)
from trio_sup._core.clean import safe_repr, safe_text

ExitKind: TypeAlias = Literal["normal", "shutdown", "crashed", "killed", "noproc"]


@frozen
class Exit:
    """How one life of a child ended (checklist MON-011).

    An end that the supervisor asked for is a ``shutdown`` whatever the child did
    with its cancellation; `error` then tells what its clean-up raised, if it did.
    """

    kind: ExitKind
    """``normal`` (returned), ``shutdown`` (in order), ``crashed``, ``killed`` (the
    grace ran out, or ``brutal_kill``), ``noproc`` (there was no such process)."""

    reason: object = field(default=None, repr=safe_repr)
    """What came with a shutdown: a word of the supervisor or of `Stop`."""

    error: BaseException | None = field(default=None, repr=safe_repr)
    """The exception, if there was one."""

    @property
    def in_order(self) -> bool:
        """Whether a transient child with this end stays down (SUP-041)."""
        return self.kind in ("normal", "shutdown")

    def __str__(self) -> str:
        text: str = self.kind
        if self.reason is not None:
            text += f" ({safe_text(self.reason)})"
        if self.error is not None:
            text += f": {describe_error(self.error)}"
        return text


NORMAL = Exit("normal")
NOPROC = Exit("noproc")


class Stop(Exception):
    """Raised by a child to end its own life in order.

    From a server's handler, or a plain function: the life ends as ``normal``, or as
    ``shutdown`` when a reason is given; a permanent child is restarted all the
    same. From `init`, or before `started()`: a failed start, without an error log.

    Args:
        reason: What to tell those who ask; None for a normal end.
        reply: In a call's handler, the answer for its caller. It is sent after
            `terminate` has run, as in OTP (checklist GS-033). Without one the
            caller gets `ServerExit`.
    """

    NO_REPLY = object()

    def __init__(self, reason: object = None, *, reply: object = NO_REPLY) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reply = reply

    @property
    def exit(self) -> Exit:
        """The exit that this asks for."""
        return NORMAL if self.reason is None else Exit("shutdown", self.reason)


class Ignore(Exception):
    """Raised before a child is ready: it is not needed, and that is no error.

    `start_child` then raises `StartIgnored`; in a static list the specification
    stays, with no process, unless it is temporary (checklist SUP-027). From a child
    that is ready it is a crash, as any exception.
    """


class PastError(Exception):
    """Stands for the exception of a past life that was too heavy to keep.

    `str()` of it is what the last line of the exception's traceback was. It is never
    raised, and nothing but the memory of past lives holds one: who was told of the
    end, such as a hook, a caller or a monitor, has the exception itself.
    """

    def __init__(self, type_name: str, summary: str, traceback: str) -> None:
        super().__init__(summary)
        self.type_name = type_name
        """The full name of the exception's class."""
        self.summary = summary
        """The exception in one line, bounded."""
        self.traceback = traceback
        """Its traceback as text, bounded."""


for _signal in (Stop, Ignore, PastError):
    _signal.__module__ = "trio_sup"  # as users import it, in tracebacks too


def is_fatal(
    error: BaseException,
    cancelled: type[BaseException] | tuple[type[BaseException], ...],
) -> bool:
    """Whether this must pass through every supervisor: one fatal leaf is enough.

    Fatal is what is neither an `Exception` nor a cancellation: `KeyboardInterrupt`,
    `SystemExit`, `GeneratorExit` and their kind.

    Args:
        error: What crossed the border of a life.
        cancelled: Trio's `Cancelled`, or several such; this package does not import
            Trio.
    """
    if is_a(error, Exception):
        return False  # an ExceptionGroup has only such leaves
    return any(
        not is_a(leaf, Exception) and not is_a(leaf, cancelled)
        for leaf in leaves(error)
    )


def stop_in(error: BaseException) -> Stop | None:
    """Return the `Stop` that an error stands for, or None.

    A group counts only if all its leaves are `Stop` (checklist MON-013).
    """
    if is_a(error, Stop):
        return error
    if members_of(error) is None:
        return None
    first: Stop | None = None
    for leaf in leaves(error):
        if not is_a(leaf, Stop):
            return None
        first = leaf if first is None else first
    return first


def unwrapped(error: BaseException) -> BaseException:
    """Return what a nursery wrapped, where that is a single exception."""
    while (members := members_of(error)) is not None and len(members) == 1:
        error = members[0]  # the group says nothing of itself
    return error


def describe_error(error: BaseException, limit: int = 200) -> str:
    """Return the last line of a traceback, bounded, whatever `str()` does."""
    if is_a(error, PastError):
        return error.summary
    error = unwrapped(error)
    name = class_name(error)
    try:
        text = str.__str__(str(error))  # plain, whatever kind of `str` it is
    except Exception as broken:  # noqa: BLE001 - user code
        text = f"<str() raised {class_name(broken)}>"
    line = f"{name}: {text}" if text else name
    line = " ".join(line[: 10 * limit].split())  # the rest may be megabytes
    return line if len(line) <= limit else line[: limit - 1] + "…"

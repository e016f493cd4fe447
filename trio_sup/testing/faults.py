"""Faults as data: what goes wrong, where and when.

A script is a list of faults. Most happen at a time (`at`, virtual seconds since the
run began) or at a place: the k-th checkpoint of a certain life. A fault whose child
does not live at its moment is missed, and does no harm.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Final, Literal, TypeAlias

import attrs
from attrs import field, frozen

from trio_sup._core.fault_words import FAULT_WORDS


class InjectedCrash(Exception):
    """What the harness makes children raise."""


@frozen
class Fault:
    """What all faults have in common; derive from it for a fault of your own.

    A class of yours overrides `happen`, and is given to `check_supervision` in
    ``faults=`` or, made, to `replay` in a script.
    """

    path: str
    """The child it happens to: its ids from the root, joined by ``/``."""
    at: float | None = field(default=None, kw_only=True)
    """Virtual seconds since the run began; None if it happens at a checkpoint."""

    moments: ClassVar[str] = "at="

    def __attrs_post_init__(self) -> None:
        """Refuse what never happens.

        Raises:
            ValueError: there is no moment, or it is negative.
        """
        if self.at is not None and not 0 <= self.at < math.inf:
            raise ValueError(f"at must be seconds from 0 on, not {self.at!r}")
        if not self._has_moment():
            raise ValueError(f"{self!r} needs a moment: {self.moments}")

    def _has_moment(self) -> bool:
        return self.at is not None

    def happen(self, world: Any) -> object:
        """Bring it about: for faults of your own, which override this.

        Called at its time inside of the run, when nothing more happens by itself. Must
        not wait; what takes time belongs into a task of the tree.

        Args:
            world: The `World` of the run, with its handles.

        Returns:
            False if it missed, as nobody was there whom it could happen to.
        """
        raise NotImplementedError(type(self).__name__)

    @classmethod
    def drawn(cls, path: str, at: float, amount: int) -> Fault:
        """Make one of what `check_supervision` draws; faults of your own may override it.

        Args:
            path: A child that lives in the undisturbed run.
            at: Virtual seconds since the run began.
            amount: From 0 to 7, for how much of it there is to be; 0 is the plainest.
        """
        del amount
        return cls(path, at=at)

    def __repr__(self) -> str:
        """Return source text that makes an equal fault; defaults are left out."""
        parts: list[str] = []
        for attribute in attrs.fields(type(self)):
            value = getattr(self, attribute.name)
            if value != attribute.default:
                name = "" if attribute.name == "path" else f"{attribute.name}="
                parts.append(f"{name}{value!r}")
        return f"{type(self).__name__}({', '.join(parts)})"


@frozen(repr=False)
class AtCheckpoint(Fault):
    """A fault of one child: at a time, or at a checkpoint of one of its lives."""

    life: int = field(default=1, kw_only=True)
    """Which life, when it is not given by a time."""
    checkpoint: int | None = field(default=None, kw_only=True)
    """At which of the life's waits, counted from 0."""

    moments: ClassVar[str] = "either at= or checkpoint="

    def _has_moment(self) -> bool:
        return (self.at is None) != (self.checkpoint is None)


@frozen(repr=False)
class Crash(AtCheckpoint):
    """The child raises `InjectedCrash` where it waits.

    Its own `finally` and `async with` blocks run as after any exception of theirs.
    """


@frozen(repr=False)
class Vanish(AtCheckpoint):
    """The child is cancelled where it waits, and crashes once it has unwound.

    So every `await` in its clean-up fails, as when a whole program goes down: what is
    awaited before a resource is released never gets there.
    """


@frozen(repr=False)
class Interrupt(AtCheckpoint):
    """A Ctrl-C arrives in the child: it must end the whole tree, in order."""


@frozen(repr=False)
class Slow(AtCheckpoint):
    """The child goes on only so many seconds after what it waited for has come.

    Checkpoint -1 is before its first step: a slow start.
    """

    seconds: float = field(default=1.0, kw_only=True)


@frozen(repr=False)
class FailStart(Fault):
    """The child fails to start, in `times` lives from `life` on: before its first step.

    To fail in the midst of a start, in ``init`` say, is a `Crash` at a checkpoint.
    """

    life: int = field(default=1, kw_only=True)
    times: int = field(default=1, kw_only=True)

    moments: ClassVar[str] = "life= and times=, but not at="

    def _has_moment(self) -> bool:
        return self.at is None


@frozen(repr=False)
class Deaf(Fault):
    """From `at` on the child ignores its cancellation, for `seconds` once it comes."""

    seconds: float = field(default=1.0, kw_only=True)


@frozen(repr=False)
class Flood(Fault):
    """So many messages fill the mailbox of a server; it takes a turn for each."""

    count: int = field(default=2000, kw_only=True)


@frozen(repr=False)
class Rush(Fault):
    """Several senders at once: so many casts and calls, behind one that takes its time.

    They touch nothing of the server's own, and show what its mailbox does: casts and
    calls wait together, and some senders for room.
    """

    count: int = field(default=6, kw_only=True)
    seconds: float = field(default=0.5, kw_only=True)
    """How long the first message takes, as the others wait."""


@frozen(repr=False)
class Suspend(Fault):
    """Somebody suspends a server, and lets it go on after so many seconds."""

    seconds: float = field(default=1.0, kw_only=True)


@frozen(repr=False)
class StopServer(Fault):
    """Somebody asks a server to stop, by `ServerRef.stop`."""


@frozen(repr=False)
class Terminate(Fault):
    """Somebody calls `terminate_child` for the child."""


@frozen(repr=False)
class StartAgain(Fault):
    """Somebody calls `restart_child` for the child, after a `Terminate`."""


@frozen(repr=False)
class CancelClient(Fault):
    """The client is cancelled in whatever it waits for."""

    path: str = field(default="", init=False)


@frozen(repr=False)
class CtrlC(Fault):
    """Ctrl-C reaches who waits for the tree: it must end in order.

    A second one, while it ends, must collapse all graces that are left.
    """

    path: str = field(default="", init=False)


@frozen(repr=False)
class CutTree(Fault):
    """The whole tree is cancelled from outside: at a time, or before a task step."""

    path: str = field(default="", init=False)
    step: int | None = field(default=None, kw_only=True)

    moments: ClassVar[str] = "either at= or step="

    def _has_moment(self) -> bool:
        return (self.at is None) != (self.step is None)


@frozen(repr=False)
class FailBlock(Fault):
    """The block around the tree raises: all must end in order, and the error come out."""

    path: str = field(default="", init=False)


@frozen(repr=False)
class Newcomer(Fault):
    """Somebody starts a child of the harness's own under a supervisor, and stops it.

    It takes a quarter of a second to get ready.
    """

    patience: float = field(default=1.0, kw_only=True)
    """Seconds after which the request is given up."""
    stays: float = field(default=1.0, kw_only=True)
    """Seconds after which it is stopped."""
    fails: bool = field(default=False, kw_only=True)
    """Whether its start fails."""


@frozen(repr=False)
class Work(Fault):
    """Somebody has tasks run by a task supervisor: some fail, some are stopped."""


@frozen(repr=False)
class Resize(Fault):
    """Somebody changes how many partitions are in use, and changes it back."""

    count: int = field(default=1, kw_only=True)


@frozen(repr=False)
class Onlooker(Fault):
    """Somebody watches the child by `monitor`, for so many seconds."""

    until: Literal["life", "stopped"] = field(default="life", kw_only=True)
    seconds: float = field(default=5.0, kw_only=True)


@frozen(repr=False)
class Ask(Fault):
    """Somebody calls or casts an operation of a server, by its name.

    Drawn if `check_supervision` is given ``operations=``.
    """

    op: str = field(default="", kw_only=True)
    args: tuple[object, ...] = field(default=(), kw_only=True)
    timeout: float | None = field(default=None, kw_only=True)
    """Seconds after which the answer is given up."""


Script: TypeAlias = list[Fault]

_BY_WORD: Final[dict[str, type[Fault]]] = {
    "crash": Crash,
    "vanish": Vanish,
    "fail_start": FailStart,
    "slow": Slow,
    "deaf": Deaf,
    "flood": Flood,
    "cancel_client": CancelClient,
    "cut_tree": CutTree,
    "interrupt": Interrupt,
    "terminate": Terminate,
    "start_again": StartAgain,
    "rush": Rush,
    "suspend": Suspend,
    "stop_server": StopServer,
    "ctrl_c": CtrlC,
    "fail_block": FailBlock,
    "newcomer": Newcomer,
    "work": Work,
    "resize": Resize,
    "onlooker": Onlooker,
}
_HARNESS: Final = tuple(each for each in FAULT_WORDS if each.harness)

STANDARD: tuple[type[Fault], ...] = tuple(
    _BY_WORD[each.word] for each in _HARNESS if each.harness == "always"
)
"""What `check_supervision` draws by default."""

EVERYTHING: tuple[type[Fault], ...] = tuple(_BY_WORD[each.word] for each in _HARNESS)
"""All faults: with Ctrl-C, and with people who stop and start children by hand."""


def is_own(kind: type[Fault]) -> bool:
    """Whether a kind of faults is the user's, and says how it happens."""
    return kind.happen is not Fault.happen

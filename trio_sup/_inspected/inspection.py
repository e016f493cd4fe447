"""Letting inspectors attach to this program, with supervisors or without."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import trio
from attrs import field, frozen
from trio.lowlevel import enable_ki_protection

from trio_sup._core.errors import entered_again
from trio_sup._core.exits import describe_error
from trio_sup._node.node import Node, current_node
from trio_sup._trio.beside import Beside
from trio_sup._trio.log import Log

if TYPE_CHECKING:
    from trio_sup.inspect.node.watchdog import Watchdog

_log = Log("trio_sup")

Inspect: TypeAlias = bool | Literal["control"]
"""What `run` takes: False, True (look only), or ``"control"``."""
InspectMode: TypeAlias = Literal["off", "view", "control"]

INSPECT_VARIABLE: Final = "TRIO_SUP_INSPECT"


def open_inspector(
    name: str | None = None,
    *,
    inspect: Inspect = True,
    contents: bool = True,
    redact: Callable[[str], str] | None = None,
    runtime_dir: Path | None = None,
    secret_names: Iterable[str] = (),
    shown_names: Iterable[str] = (),
    watchdog: float | None = None,
) -> OpenInspector:
    """Let inspectors attach to this program for the length of the block.

    For any Trio program: its tasks, nurseries, and where each of them waits can be
    looked at even if it has no supervisor. `run` and `serve` do this by themselves.
    Costs nothing while nobody is attached. Where the socket cannot be made, the
    reason is logged and in `Inspection.problem`, and the block runs all the same.
    What the block raises comes out as it is, inspected or not: the same object.

    Args:
        name: The node's name, for `trio-sup nodes` and `trio-sup inspect`; as for
            `run`.
        inspect: As for `run`: ``"control"`` lets inspectors act on children; False
            makes this do nothing. The environment has a word in it, too.
        contents: Whether inspectors may see the messages in mailboxes and the state
            of servers. Only this user and root can attach in any case.
        redact: Takes every text of a message or a state and returns what may be
            seen of it. Runs in the loop: be quick.
        runtime_dir: Where the socket is made; by default where `trio-sup nodes`
            looks.
        secret_names: More names of attributes, arguments and keys whose values are
            hidden, such as ``iban``: they count as a part of longer names, too. The
            variable ``TRIO_SUP_SECRETS`` adds to them, between commas.
        shown_names: Whole names that hide nothing, whatever they sound like.
        watchdog: As for `run`.

    Returns:
        An async context manager, for one use, that yields an `Inspection`.

    Raises:
        ValueError: from entering, for an unusable name or another value of
            `inspect`.
        RuntimeError: from entering it a second time.
    """
    options = Options(
        contents,
        redact,
        runtime_dir,
        tuple(secret_names),
        tuple(shown_names),
        checked_watchdog(watchdog),
    )
    return OpenInspector(name, inspect, options)


class OpenInspector:
    """What `open_inspector` returns: an async context manager."""

    def __init__(self, name: str | None, inspect: Inspect, options: Options) -> None:
        self._name = name
        self._inspect: Inspect = inspect
        self._options = options
        self._inner: Inspector | None = None

    @enable_ki_protection
    async def __aenter__(self) -> Inspection:
        if self._inner is not None:
            raise entered_again("open_inspector")
        mode = inspect_mode(self._inspect, os.environ)
        node = current_node()
        if self._name is not None:
            node.name = checked_name(self._name)
        inner = self._inner = Inspector(node, mode, self._options)
        answer = await inner.__aenter__()
        try:
            await answer.known.wait()
        except BaseException as error:
            # As if it came from the block: what serves inspectors ends first.
            await inner.__aexit__(type(error), error, error.__traceback__)
            raise
        return answer.found[0]

    @enable_ki_protection
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        assert self._inner is not None
        return await self._inner.__aexit__(kind, error, trace)


@frozen
class Options:
    """How a node is shown."""

    contents: bool = True
    redact: Callable[[str], str] | None = None
    runtime_dir: Path | None = None
    secret_names: tuple[str, ...] = ()
    shown_names: tuple[str, ...] = ()
    watchdog: float | None = None


@frozen
class Inspection:
    """What became of the wish to be inspected."""

    path: Path | None = None
    """The socket; None if nobody can attach."""
    problem: str = ""
    """Why nobody can; empty if somebody can, or if that was not wanted."""


class Inspector:
    """Lets inspectors attach while the block runs, and until it is gone.

    Does not wait for the socket: `Answer.known` does.
    """

    def __init__(
        self, node: Node, mode: InspectMode, options: Options | None = None
    ) -> None:
        self._answer = Answer()
        self._beside: Beside[*tuple[Any, ...]] | None = None
        how = options or Options()
        if mode == "off":
            self._answer.tell(Inspection())
            if how.watchdog is not None:
                self._beside = Beside(watch_loop, node, how.watchdog)
        else:
            control = mode == "control"
            self._beside = Beside(serve_beside, node, control, how, self._answer)

    async def __aenter__(self) -> Answer:
        if self._beside is not None:
            await self._beside.__aenter__()
        return self._answer

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        if self._beside is None:
            return False
        return await self._beside.__aexit__(kind, error, trace)


@frozen
class Answer:
    """How the task beside the block tells the block what came of it."""

    known: trio.Event = field(factory=trio.Event)
    found: list[Inspection] = field(factory=list[Inspection])

    def started(self, value: Path | None = None) -> None:
        """As `trio.TaskStatus`: the socket is there."""
        self.tell(Inspection(value))

    def tell(self, inspection: Inspection) -> None:
        """Let the block know."""
        self.found.append(inspection)
        self.known.set()


@enable_ki_protection
async def serve_beside(
    node: Node, control: bool, options: Options, answer: Answer
) -> None:
    """Serve inspectors until cancelled; a problem is said and is no error.

    Whatever it is: the inspector is there to help a program, not to end it.
    """
    try:
        # Imported here, for a light start: who wants no inspector pays nothing for it.
        from trio_sup._inspected.operator import Operator  # noqa: PLC0415
        from trio_sup.inspect.node.listener import serve_inspector  # noqa: PLC0415
        from trio_sup.inspect.node.showing import Showing  # noqa: PLC0415

        with _watching(node, options.watchdog) as watchdog:
            await serve_inspector(
                node,
                name=node.name,
                runtime_dir=options.runtime_dir,
                operator=Operator(node),
                control=control,
                showing=Showing(
                    options.contents,
                    options.redact,
                    options.secret_names,
                    options.shown_names,
                ),
                watchdog=watchdog,
                task_status=answer,
            )
    except Exception as error:  # noqa: BLE001 - told, and in `Inspection.problem`
        why = describe_error(error).removeprefix("InspectorUnavailable: ")
        # Files and rights explain themselves; for anything else the place matters.
        known = why != describe_error(error) or isinstance(error, OSError | ImportError)
        _log.warning("no inspector: %s", why, exc_info=None if known else error)
        answer.tell(Inspection(None, why))


@enable_ki_protection
async def watch_loop(node: Node, seconds: float) -> None:
    """Warn of what holds the loop, until cancelled: where nobody may look."""
    with _watching(node, seconds):
        await trio.sleep_forever()


@contextmanager
def _watching(node: Node, seconds: float | None) -> Generator[Watchdog | None]:
    """A watchdog for the length of the block, if one is wanted all the time."""
    if seconds is None:
        yield None
        return
    from trio_sup.inspect.node.watchdog import Watchdog  # noqa: PLC0415 - as above

    watchdog = Watchdog(node.child_of, seconds)
    watchdog.start()
    try:
        yield watchdog
    finally:
        watchdog.stop()


def checked_watchdog(seconds: float | None) -> float | None:
    """Return after how many seconds a held loop is warned of, if it is a number.

    Raises:
        ValueError: it is none, or not above 0.
    """
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not 0 < seconds < math.inf:
        raise ValueError(f"watchdog is a number of seconds above 0, not {seconds!r}")
    return seconds


def checked_name(name: str) -> str:
    """Return a node name, if it is one.

    Raises:
        ValueError: it is empty, too long, or has other characters.
    """
    good = name and len(name) <= 32 and all(c.isalnum() or c in "._-" for c in name)
    if not good or not name.isascii():
        raise ValueError(
            f"a node name is 1 to 32 letters, digits and '._-', not {name!r}"
        )
    return name


def inspect_mode(wanted: Inspect, environ: Mapping[str, str]) -> InspectMode:
    """Return what inspectors may do: what the program says and the user lets be.

    The environment may always take away, and adds control only to True.

    Raises:
        ValueError: `wanted` is nothing that `run` takes.
    """
    if wanted not in (True, False, "control"):
        raise ValueError(f"inspect is True, False or 'control', not {wanted!r}")
    said = environ.get(INSPECT_VARIABLE, "")
    if said not in ("", "off", "view", "control"):
        _log.warning("%s is off, view or control, not %r", INSPECT_VARIABLE, said)
        said = ""
    if not wanted or said == "off":
        return "off"
    if said == "control" or (wanted == "control" and said != "view"):
        return "control"
    return "view"

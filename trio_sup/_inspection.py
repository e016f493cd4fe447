"""Letting inspectors attach to this program, with supervisors or without."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypeVarTuple

import trio
from attrs import field, frozen
from trio.lowlevel import enable_ki_protection

from trio_sup._node import Node, current_node

logger = logging.getLogger("trio_sup")

Ts = TypeVarTuple("Ts")

Inspect: TypeAlias = bool | Literal["control"]
"""What `run` takes: False, True (look only), or ``"control"``."""
InspectMode: TypeAlias = Literal["off", "view", "control"]

INSPECT_VARIABLE: Final = "TRIO_SUP_INSPECT"


@asynccontextmanager
async def open_inspector(
    name: str | None = None,
    *,
    inspect: Inspect = True,
    contents: bool = True,
    redact: Callable[[str], str] | None = None,
    runtime_dir: Path | None = None,
    secret_names: Iterable[str] = (),
    shown_names: Iterable[str] = (),
) -> AsyncGenerator[Inspection]:
    """Let inspectors attach to this program for the length of the block.

    For any Trio program: its tasks, nurseries, and where each of them waits can be
    looked at even if it has no supervisor. `run` and `serve` do this by themselves.
    Costs nothing while nobody is attached. Where the socket cannot be made, the
    reason is logged and in `Inspection.problem`, and the block runs all the same.

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

    Raises:
        ValueError: an unusable name, or another value of `inspect`.
    """
    mode = inspect_mode(inspect, os.environ)
    node = current_node()
    if name is not None:
        node.name = checked_name(name)
    options = Options(
        contents, redact, runtime_dir, tuple(secret_names), tuple(shown_names)
    )
    async with inspector(node, mode, options) as answer:
        await answer.known.wait()
        yield answer.found[0]


@frozen
class Options:
    """How a node is shown."""

    contents: bool = True
    redact: Callable[[str], str] | None = None
    runtime_dir: Path | None = None
    secret_names: tuple[str, ...] = ()
    shown_names: tuple[str, ...] = ()


@frozen
class Inspection:
    """What became of the wish to be inspected."""

    path: Path | None = None
    """The socket; None if nobody can attach."""
    problem: str = ""
    """Why nobody can; empty if somebody can, or if that was not wanted."""


@asynccontextmanager
async def inspector(
    node: Node, mode: InspectMode, options: Options | None = None
) -> AsyncGenerator[Answer]:
    """Let inspectors attach while the block runs, and until it is gone.

    Does not wait for the socket: `Answer.known` does.
    """
    answer = Answer()
    if mode == "off":
        answer.tell(Inspection())
        yield answer
        return
    control, how = mode == "control", options or Options()
    async with beside(serve_beside, node, control, how, answer):
        yield answer


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
    """Serve inspectors until cancelled; a problem is said and is no error."""
    # Imported here: a program that does not want it pays nothing for it.
    from trio_sup._operate import Operator
    from trio_sup.inspect.listener import InspectorUnavailable, serve_inspector

    try:
        await serve_inspector(
            node,
            name=node.name,
            runtime_dir=options.runtime_dir,
            operator=Operator(node),
            control=control,
            contents=options.contents,
            redact=options.redact,
            secret_names=options.secret_names,
            shown_names=options.shown_names,
            task_status=answer,
        )
    except InspectorUnavailable as error:
        logger.warning("no inspector: %s", error)
        answer.tell(Inspection(None, str(error)))


@asynccontextmanager
async def beside(
    task: Callable[[*Ts], Awaitable[object]], *args: *Ts
) -> AsyncGenerator[None]:
    """Run a task beside the block, to its very end.

    A cancellation from outside starts the stop of the tree; what serves the tree
    must not go before it, so the task is shielded and ended by us.
    """
    scope = trio.CancelScope(shield=True)

    async def run() -> None:
        with scope:
            await task(*args)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        try:
            yield
        finally:
            scope.cancel("the tree has ended")


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
        logger.warning("%s is off, view or control, not %r", INSPECT_VARIABLE, said)
        said = ""
    if not wanted or said == "off":
        return "off"
    if said == "control" or (wanted == "control" and said != "view"):
        return "control"
    return "view"

"""`run` and `serve`: a supervision tree as a whole program."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
)
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, TypeAlias, TypeVarTuple

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._child import Supervisor
from trio_sup._core.errors import SupervisorStopping
from trio_sup._core.events import LifecycleEvent
from trio_sup._core.specs import ChildSpec
from trio_sup._node import Node, current_node
from trio_sup._open import OpenSupervisor, open_supervisor
from trio_sup._systemd import SystemdNotifier, systemd_notifier

logger = logging.getLogger("trio_sup")

Ts = TypeVarTuple("Ts")

Inspect: TypeAlias = bool | Literal["control"]
"""What `run` takes: False, True (look only), or ``"control"``."""
InspectMode: TypeAlias = Literal["off", "view", "control"]

INSPECT_VARIABLE: Final = "TRIO_SUP_INSPECT"


def run(
    spec: ChildSpec[Supervisor] | Iterable[ChildSpec[Any]],
    *,
    name: str | None = None,
    inspect: Inspect = True,
    handle_signals: bool = True,
) -> None:
    """Run a supervision tree as the whole program, until it ends.

    SIGTERM or SIGINT (Ctrl-C) stops the tree in order and `run` returns, so that the
    program ends with exit code 0; a second signal collapses the remaining graces.

    Args:
        spec: A specification made by `supervisor`, or a list of children.
        name: The node's name, for `trio-sup nodes` and `trio-sup inspect`; letters,
            digits and ``._-``, at most 32. By default from the program's name.
        inspect: Whether the inspector may attach, over a unix socket that only this
            user can open; ``"control"`` lets it act on children, too. Costs nothing
            while nobody looks. The variable ``TRIO_SUP_INSPECT`` of the environment
            (``off``, ``view`` or ``control``) can take away from it, and can add
            control to True.
        handle_signals: Whether SIGTERM and SIGINT stop the tree.

    Raises:
        RestartLimitExceeded: the tree gave up: the program's exit code is then 1.
        StartFailed: a child did not become ready.
        ValueError: an unusable name, or another value of `inspect`.
    """
    trio.run(_main, spec, name, inspect, handle_signals)


async def _main(
    spec: ChildSpec[Supervisor] | Iterable[ChildSpec[Any]],
    name: str | None,
    inspect: Inspect,
    handle_signals: bool,
) -> None:
    await serve(spec, name=name, inspect=inspect, handle_signals=handle_signals)


async def serve(
    spec: ChildSpec[Supervisor] | Iterable[ChildSpec[Any]],
    *,
    name: str | None = None,
    inspect: Inspect = True,
    handle_signals: bool = False,
) -> None:
    """Run a supervision tree until it ends; as `run`, inside a Trio program.

    Returns when the tree was stopped in order: by a signal, by its own
    `auto_shutdown`, or by ``stop()`` of its root.

    Args:
        spec: As for `run`.
        name: As for `run`.
        inspect: As for `run`.
        handle_signals: As for `run`; needs the main thread. Off by default.

    Raises:
        RestartLimitExceeded: the tree gave up.
        StartFailed: a child did not become ready.
        ValueError: an unusable name, or another value of `inspect`.
    """
    mode = inspect_mode(inspect, os.environ)
    manager = open_supervisor(spec)
    node = current_node()
    if name is not None:
        node.name = checked_name(name)
    failure: BaseException | None = None
    async with _inspector(node, mode), _signals(manager, handle_signals):
        try:
            with systemd_notifier() as systemd:
                async with manager as root:
                    await _until_stopped(root, systemd)
        except SupervisorStopping:
            pass  # a signal stopped it before it was ready
        except BaseException as error:  # noqa: BLE001 - raised below
            # Raised below, outside of the nurseries: they would wrap it.
            failure = error
    if failure is not None:
        try:
            raise failure
        finally:
            del failure


async def _until_stopped(root: Supervisor, systemd: SystemdNotifier | None) -> None:
    if systemd is None:
        await root.wait_stopped()
        return
    systemd.send("READY=1")

    def watch(event: LifecycleEvent) -> None:
        if event.kind == "supervisor_stopping" and event.path == root.path_text:
            systemd.send("STOPPING=1")

    node = root.kid.node
    node.add_hook(watch)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(systemd.feed_watchdog, root.kid)
            await root.wait_stopped()
            nursery.cancel_scope.cancel("the tree has ended")
    finally:
        node.remove_hook(watch)


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


@asynccontextmanager
async def _signals(tree: OpenSupervisor, wanted: bool) -> AsyncGenerator[None]:
    """Turn signals into stop requests, until the tree is gone."""
    if not wanted:
        yield
        return

    async def listen(signals: AsyncIterator[int]) -> None:
        again = False
        async for number in signals:
            logger.info("got %s", signal.Signals(number).name)
            if again:
                tree.hurry()
            else:
                tree.request_stop(signal.Signals(number).name)
            again = True

    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with _beside(listen, signals):
            yield


@asynccontextmanager
async def _beside(
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


@asynccontextmanager
async def _inspector(node: Node, mode: InspectMode) -> AsyncGenerator[None]:
    """Let inspectors attach while the tree runs, and until it is gone."""
    if mode == "off":
        yield
        return
    async with _beside(serve_beside, node, mode == "control"):
        yield


@enable_ki_protection
async def serve_beside(node: Node, control: bool) -> None:
    # Imported here: a program that does not want it pays nothing for it.
    from trio_sup._operate import Operator
    from trio_sup.inspect.listener import InspectorUnavailable, serve_inspector

    try:
        await serve_inspector(
            node, name=node.name, operator=Operator(node), control=control
        )
    except InspectorUnavailable as error:
        logger.warning("no inspector: %s", error)

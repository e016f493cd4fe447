"""`run` and `serve`: a supervision tree as a whole program."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, nullcontext
from typing import Any

import trio
from attrs import frozen

from trio_sup._core.ends import end_of_process
from trio_sup._core.errors import SupervisorStopping
from trio_sup._core.events import LifecycleEvent
from trio_sup._core.specs import ChildSpec
from trio_sup._inspected.inspection import (
    Inspect,
    Inspector,
    Options,
    checked_name,
    checked_watchdog,
    inspect_mode,
)
from trio_sup._node.crash_log import CrashLog
from trio_sup._node.node import current_node, node_for
from trio_sup._tree.open import OpenSupervisor, open_supervisor
from trio_sup._tree.reloading import TreeReloads, has_terminal
from trio_sup._tree.roots import Made, as_tree
from trio_sup._tree.signals import RELOAD, Signals, can_be_caught
from trio_sup._tree.supervisor import Supervisor
from trio_sup._tree.systemd import SystemdNotifier, systemd_notifier
from trio_sup._trio.beside import Beside
from trio_sup._trio.home import present_token
from trio_sup._trio.log import Log

_log = Log("trio_sup")


@frozen(kw_only=True)
class How:
    """How a tree is run as a program: what `run` and `serve` are given."""

    name: str | None = None
    inspect: Inspect = True
    crash_log: CrashLog | None = None
    watchdog: float | None = None
    reload: Callable[[], Made] | None = None
    beside: Callable[[OpenSupervisor], Awaitable[object]] | None = None
    """Runs beside the tree, to its end, and is given it."""


def run(
    spec: ChildSpec[Any] | Iterable[ChildSpec[Any]],
    *,
    name: str | None = None,
    inspect: Inspect = True,
    handle_signals: bool = True,
    crash_log: CrashLog | None = None,
    watchdog: float | None = None,
    reload: Callable[[], Made] | None = None,
) -> None:
    """Run a supervision tree as the whole program, until it ends.

    SIGTERM or SIGINT (Ctrl-C) stops the tree in order and `run` returns, so that the
    program ends with exit code 0; a second signal collapses the remaining graces. The
    handlers stand from the first line of `run` to its last; a signal that is ignored
    at the start stays ignored. An inspector that cannot be started is a line in the
    log, no error.

    Args:
        spec: A specification made by `supervisor` or `partition_supervisor`, which is
            the root then; a list of children; or one child of any other kind.
        name: The node's name, for `trio-sup nodes` and `trio-sup inspect`; letters,
            digits and ``._-``, at most 32. By default from the program's name.
        inspect: Whether the inspector may attach, over a unix socket that only this
            user can open; ``"control"`` lets it act on children, too. Costs nothing
            while nobody looks. The variable ``TRIO_SUP_INSPECT`` of the environment
            (``off``, ``view`` or ``control``) can take away from it, and can add
            control to True.
        handle_signals: Whether SIGTERM and SIGINT stop the tree. Outside of the main
            thread they are left alone in any case.
        watchdog: Seconds: if the loop is held for longer, by a child that computes or
            blocks, a warning in the log says by whom, with the stack, while it lasts.
            Costs a thread, and some microseconds a pass of the loop. By default there
            is a watchdog only while an inspector is attached, and it warns nobody.
        crash_log: How crashes are logged: level, length, whether folded.
        reload: Called for each SIGHUP: returns what `spec` is to be from now on, and
            the running tree becomes that (`Supervisor.reconfigure`). If that fails,
            or this raises, the tree goes on as it is, and the log says why. Without
            it, or without `handle_signals`, SIGHUP is left alone. One that comes
            because the program's terminal was closed stops the tree.

    Raises:
        RestartLimitExceeded: the tree gave up: the program's exit code is then 1.
        StartFailed: a child did not become ready.
        SystemExit: a child raised it; bare, even from a nursery of the child's.
        KeyboardInterrupt: the same.
        ValueError: an unusable name, or another value of `inspect` or `watchdog`.
        RuntimeError: a Trio run goes on here already: see `serve`.
    """
    if present_token() is not None:
        raise RuntimeError(
            "run() starts Trio itself, and a Trio run goes on here already; write "
            "`await trio_sup.serve(spec)` in it, or "
            "`async with trio_sup.open_supervisor(children) as sup:`"
        )
    how = How(
        name=name,
        inspect=inspect,
        crash_log=crash_log,
        watchdog=watchdog,
        reload=reload,
    )
    run_as(spec, how, handle_signals=handle_signals)


def run_as(spec: Made, how: How, *, handle_signals: bool = True) -> None:
    """As `run`, for who has more to say about how.

    Args:
        spec: As for `run`.
        how: The rest.
        handle_signals: As for `run`.
    """
    reloads = how.reload is not None
    signals = _signals_for_run(reloads=reloads) if handle_signals else None
    with nullcontext() if signals is None else signals:
        try:
            trio.run(_main, spec, how, signals)
        except BaseExceptionGroup as group:
            end = end_of_process(group)
            if end is None:
                raise
            raise end from None


async def _main(spec: Made, how: How, signals: Signals | None) -> None:
    try:
        await _serve(spec, how, signals)
    finally:
        if signals is not None:
            # Trio closes its end before it takes it back: a signal in between would
            # be reported as "Bad file descriptor". Nothing waits for one any more.
            signal.set_wakeup_fd(-1)


def _signals_for_run(*, reloads: bool) -> Signals | None:
    if can_be_caught():
        return Signals(reloads=reloads)
    _log.info("not the main thread: signals are left to whoever handles them there")
    return None


async def serve(
    spec: ChildSpec[Any] | Iterable[ChildSpec[Any]],
    *,
    name: str | None = None,
    inspect: Inspect = True,
    handle_signals: bool = False,
    crash_log: CrashLog | None = None,
    watchdog: float | None = None,
    reload: Callable[[], Made] | None = None,
) -> None:
    """Run a supervision tree until it ends; as `run`, inside a Trio program.

    Returns when the tree was stopped in order: by a signal, by its own
    `auto_shutdown`, or by ``stop()`` of its root.

    Args:
        spec: As for `run`.
        name: As for `run`.
        inspect: As for `run`.
        handle_signals: As for `run`; needs the main thread. Off by default.
        watchdog: As for `run`.
        crash_log: As for `run`.
        reload: As for `run`.

    Raises:
        RestartLimitExceeded: the tree gave up.
        StartFailed: a child did not become ready.
        RuntimeError: `handle_signals` outside of the main thread.
        ValueError: an unusable name, or another value of `inspect` or `watchdog`.
    """
    how = How(
        name=name,
        inspect=inspect,
        crash_log=crash_log,
        watchdog=watchdog,
        reload=reload,
    )
    if not handle_signals:
        await _serve(spec, how, None)
        return
    if not can_be_caught():
        raise RuntimeError(
            "serve(handle_signals=True) needs the main thread: only there can Python "
            "handle signals"
        )
    with Signals(reloads=reload is not None) as signals:
        await _serve(spec, how, signals)


async def _serve(spec: Made, how: How, signals: Signals | None) -> None:
    mode = inspect_mode(how.inspect, os.environ)
    options = Options(watchdog=checked_watchdog(how.watchdog))
    tree = open_supervisor(as_tree(spec))
    node = node_for("serve", "await serve([child(worker)])")
    if how.name is not None:
        node.name = checked_name(how.name)
    if how.crash_log is not None:
        node.crash_log = how.crash_log
    reloads = node.reloads = how.reload and TreeReloads(tree, how.reload)
    systemd = systemd_notifier()
    try:
        async with Inspector(node, mode, options), AsyncExitStack() as beside:
            if signals is not None:
                await beside.enter_async_context(Beside(_obey, tree, signals, reloads))
            if how.beside is not None:
                await beside.enter_async_context(Beside(how.beside, tree))
            await _until_ended(tree, systemd)
    finally:
        node.reloads = None
        if systemd is not None:
            systemd.close()


async def _until_ended(tree: OpenSupervisor, systemd: SystemdNotifier | None) -> None:
    try:
        async with tree as root:
            await _until_stopped(root, systemd)
    except SupervisorStopping:
        pass  # a signal stopped it before it was ready


async def _until_stopped(root: Supervisor, systemd: SystemdNotifier | None) -> None:
    if systemd is None:
        await root.wait_stopped()
        return
    systemd.send("READY=1")

    def watch(event: LifecycleEvent) -> None:
        if event.kind == "supervisor_stopping" and event.path == root.path_text:
            systemd.send("STOPPING=1")

    node = current_node()
    node.add_hook(watch)
    try:
        async with Beside(systemd.feed_watchdog, root.record):
            await root.wait_stopped()
    finally:
        node.remove_hook(watch)


async def _obey(
    tree: OpenSupervisor, signals: Signals, reloads: TreeReloads | None
) -> None:
    """Turn signals into requests, until the tree is gone."""
    again, from_terminal = False, has_terminal()
    async with trio.open_nursery() as nursery:
        while True:
            number = await signals.receive()
            _log.info("got %s", signal.Signals(number).name)
            # If the terminal is gone, it is that which is told.
            hung_up = from_terminal and not has_terminal()
            if number == RELOAD and reloads is not None and not hung_up:
                # Beside: a wish to stop must not wait for it.
                nursery.start_soon(reloads.on_signal)
            elif again:
                tree.hurry()
            else:
                tree.request_stop(signal.Signals(number).name)
                again = True

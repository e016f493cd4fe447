"""The inspector of a program that was not written for it: begun from outside.

`begin` is called in the middle of whatever the program's main thread does, by the script
that ``trio-sup inspect --pid`` has it run (PEP 768). It asks for nothing but the Trio run
of that thread, and only leaves a request there. Everything is undone when the last
inspector has left, or when none came: the task, the socket, the modules and the entries
of the path that came with it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio
from attrs import define

FIRST_SECONDS: Final = 30.0
"""How long the first inspector may take to come."""
LAST_SECONDS: Final = 2.0
"""How long one may take to come back."""

PAUSE: Final = 0.1


@define
class Injected:
    """What came from outside, and has to go again.

    Args:
        directory: Where the socket is made.
        answer: The file that says how it went, for who waits for it.
        paths: The entries that were added to ``sys.path``.
        modules: The names of all modules that were there before.
    """

    directory: str
    answer: str
    paths: list[str]
    modules: set[str]

    def tell(self, **facts: str) -> None:
        """Say how it went: whole, or not at all."""
        scratch = Path(f"{self.answer}.new")
        try:
            scratch.write_text(json.dumps(facts), encoding="utf-8")
            scratch.replace(self.answer)
        except OSError:
            pass  # who asked has given up

    def undo(self) -> None:
        """Leave the program as it was found."""
        for path in self.paths:
            if path in sys.path:
                sys.path.remove(path)
        ours = ("trio_sup", "cattrs")
        for name in set(sys.modules) - self.modules:
            if name.partition(".")[0] in ours:
                sys.modules.pop(name, None)


def begin(directory: str, answer: str, paths: list[str], modules: set[str]) -> None:
    """Open the inspector in the Trio run of this thread. Raises nothing."""
    injected = Injected(directory, answer, paths, modules)
    try:
        token = trio.lowlevel.current_trio_token()
    except RuntimeError:
        injected.tell(error="its main thread runs no Trio program")
        injected.undo()
        return
    try:
        token.run_sync_soon(_spawn, injected)
    except Exception as error:  # noqa: BLE001 - told to who asked
        injected.tell(error=f"its Trio run is over: {error}")
        injected.undo()


def _spawn(injected: Injected) -> None:
    trio.lowlevel.spawn_system_task(_serve, injected, name="trio-sup inspector")


async def _serve(injected: Injected) -> None:
    """Serve inspectors until the last has left; whatever goes wrong is told."""
    try:
        from trio_sup._node.node import current_node  # noqa: PLC0415 - for this alone
        from trio_sup.inspect.node.listener import serve_inspector  # noqa: PLC0415

        async with trio.open_nursery() as nursery:
            status = _Status(injected)
            await serve_inspector(
                current_node(),
                name=f"pid-{os.getpid()}",
                runtime_dir=Path(injected.directory),
                leave=partial(_leave, nursery.cancel_scope),
                task_status=status,
            )
    except Exception as error:  # noqa: BLE001 - a system task must not raise
        injected.tell(error=f"{type(error).__name__}: {error}")
    finally:
        injected.undo()


class _Status:
    """Takes the place of a `trio.TaskStatus`: says where the socket is."""

    def __init__(self, injected: Injected) -> None:
        self._injected = injected

    def started(self, value: Any = None) -> None:
        """The socket listens."""
        self._injected.tell(socket=str(value))


async def _leave(
    scope: trio.CancelScope, presence: Callable[[], tuple[int, int]]
) -> None:
    """End it all when nobody looks any more."""
    with trio.move_on_after(FIRST_SECONDS):
        while not presence()[1]:  # noqa: ASYNC110 - the hub has no event for it
            await trio.sleep(PAUSE)
    seen, alone = presence()[1], trio.current_time()
    while trio.current_time() - alone < LAST_SECONDS:
        await trio.sleep(PAUSE)
        clients, visits = presence()
        if clients or visits != seen:
            seen, alone = visits, trio.current_time()
    scope.cancel()

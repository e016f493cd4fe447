"""Threads under virtual time: a stand-in for `trio.to_thread` that keeps order."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any

import outcome
import trio

PATIENCE = 30.0
"""Real seconds that a function in a thread may block."""


@contextmanager
def virtual_threads(seconds: float = 0.0) -> Generator[None]:
    """Let `trio.to_thread.run_sync` take turns with Trio for the length of a block.

    A thread that Trio waits for is nothing that a virtual clock knows of: time jumps
    while it works, and when it is done depends on the machine. Here a function still
    runs in a thread of its own, but nothing else does meanwhile: the same order each
    time, and as much virtual time as is said. `trio.from_thread` works as ever.

    It replaces attributes of `trio.to_thread` and `trio.from_thread`, so it does not
    reach code that has imported the functions themselves by name.

    Args:
        seconds: Virtual seconds that each function takes.
    """
    modules: list[tuple[Any, str, Any]] = [
        (trio.to_thread, "run_sync", _Threads(seconds).run_sync),
        (trio.from_thread, "run", _from_thread_run(trio.from_thread.run)),
        (
            trio.from_thread,
            "run_sync",
            _from_thread_run_sync(trio.from_thread.run_sync),
        ),
        (trio.from_thread, "check_cancelled", _check(trio.from_thread.check_cancelled)),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in modules]
    for module, name, function in modules:
        setattr(module, name, function)
    try:
        yield
    finally:
        for module, name, function in before:
            setattr(module, name, function)


class _Threads:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def run_sync(
        self,
        sync_fn: Callable[..., Any],
        *args: Any,
        thread_name: str | None = None,
        abandon_on_cancel: bool = False,
        limiter: Any = None,
    ) -> Any:
        """Stand in for `trio.to_thread.run_sync`."""
        await trio.lowlevel.checkpoint_if_cancelled()
        limiter = limiter or trio.to_thread.current_default_thread_limiter()
        holder = object()
        await limiter.acquire_on_behalf_of(holder)
        try:
            with trio.CancelScope(shield=not abandon_on_cancel):
                await trio.sleep(self._seconds)
            turns = _Turns(sync_fn, args, thread_name)
            done = turns.go_on(None)
            while isinstance(done, _Asked):
                answer: Any = None
                with trio.CancelScope(shield=done.shielded):
                    answer = await outcome.acapture(done.function, *done.args)
                done = turns.go_on(answer)
            return done.unwrap()
        finally:
            limiter.release_on_behalf_of(holder)


class _Asked:
    """What a thread wants Trio to do."""

    def __init__(
        self,
        function: Callable[..., Awaitable[Any]],
        args: tuple[Any, ...],
        *,
        shielded: bool = False,
    ) -> None:
        self.function = function
        self.args = args
        self.shielded = shielded


_here = threading.local()


class _Turns:
    """A thread that runs only while Trio's own waits for it."""

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], name: str | None
    ) -> None:
        self._its = threading.Semaphore(0)
        self._ours = threading.Semaphore(0)
        self._said: Any = None
        context = contextvars.copy_context()

        def work() -> None:
            self._its.acquire()
            _here.turns = self
            done: Any = outcome.capture(context.run, function, *args)
            self._said = done
            self._ours.release()

        threading.Thread(target=work, name=name, daemon=True).start()

    def go_on(self, answer: Any) -> Any:
        """Let the thread run until it asks for something, or is done."""
        self._said = answer
        self._its.release()
        if not self._ours.acquire(timeout=PATIENCE):
            raise RuntimeError(
                f"a function in a thread has blocked for {PATIENCE:g} s: what it waits "
                "for does not come while nothing else runs"
            )
        return self._said

    def ask(self, asked: _Asked) -> Any:
        """Ask Trio for something; called by the thread."""
        self._said = asked
        self._ours.release()
        self._its.acquire()
        return self._said.unwrap()


def _turns() -> _Turns | None:
    return getattr(_here, "turns", None)


def _from_thread_run(original: Callable[..., Any]) -> Callable[..., Any]:
    def run(afn: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        """Stand in for `trio.from_thread.run`."""
        turns = _turns()
        if turns is None:
            return original(afn, *args, **kwargs)
        return turns.ask(_Asked(afn, args))

    return run


def _from_thread_run_sync(original: Callable[..., Any]) -> Callable[..., Any]:
    def run_sync(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Stand in for `trio.from_thread.run_sync`."""
        turns = _turns()
        if turns is None:
            return original(fn, *args, **kwargs)

        async def call() -> Any:
            await trio.lowlevel.cancel_shielded_checkpoint()
            return fn(*args)

        return turns.ask(_Asked(call, (), shielded=True))

    return run_sync


def _check(original: Callable[[], None]) -> Callable[[], None]:
    def check_cancelled() -> None:
        """Stand in for `trio.from_thread.check_cancelled`."""
        turns = _turns()
        if turns is None:
            original()
        else:
            turns.ask(_Asked(trio.lowlevel.checkpoint_if_cancelled, ()))

    return check_cancelled

"""Which tests notice a mistake: each mutant gets a process of its own, a fork.

The tests are collected once, in a process that has all modules; whatever a mutant does
to a process ends with it. It meets the tests that run its function, the quickest first,
until one fails. A test that goes on for much longer than without the mistake, or takes
much memory, has noticed it, too.
"""

from __future__ import annotations

import gc
import mmap
import os
import resource
import signal
import struct
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Literal, Protocol, TypeAlias

import pytest
from attrs import Factory, define

Verdict: TypeAlias = Literal["killed", "endless", "survived", "no tests"]

ENDLESS = 2.0
"""Seconds of processor time that any test has, beside five times of what it needs."""

ASLEEP = 60.0
"""Seconds that any test has, for those that wait for ever."""

MEMORY = 2**32
"""Bytes that the process of a mutant may have."""

SURVIVED, KILLED, BROKEN = 0, 1, 2

_AT = struct.Struct("=I")


class Planted(Protocol):
    """A mistake that is about to be made."""

    @property
    def target(self) -> FunctionType:
        """The function that makes it."""
        ...

    def plant(self) -> None:
        """Make it, in this process."""
        ...


@define
class Judge:
    """A plugin of pytest: does not run the tests, but lets them judge mutants.

    Args:
        mutants: Asked for when the tests have been collected.
        left_out: Names of tests that are not to judge: files, or functions of them.
        folder: Where the functions stand that may have mistakes.
        note: Told of each verdict as it comes.
    """

    mutants: Callable[[], Iterable[Planted]]
    left_out: tuple[str, ...]
    folder: Path
    note: Callable[[Any, Verdict], None]
    _costs: dict[pytest.Item, float] = Factory(dict)
    """Seconds of processor time without a mistake."""
    _users: dict[CodeType, list[pytest.Item]] = Factory(dict)
    """The tests that run a function, the quickest first."""
    _at: mmap.mmap = Factory(lambda: mmap.mmap(-1, _AT.size))
    """Which of them is on; shared with the forks."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what is not to judge."""
        out = self.left_out
        items[:] = [item for item in items if not f"{item.nodeid}[".startswith(out)]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In the place of pytest's own loop."""
        if session.testsfailed:
            raise session.Interrupted("some tests could not be collected")
        self._watch(session.items)
        gc.freeze()  # a collection in a fork would copy all of the memory
        for mutant in self.mutants():
            self.note(mutant, self._verdict(mutant))
        return True

    def _watch(self, items: list[pytest.Item]) -> None:
        """Run all tests without any mistake: what they cost, and which code they run."""
        codes: dict[pytest.Item, set[CodeType]] = {}
        for item in items:
            began = time.process_time()
            with _code_run(str(self.folder)) as codes[item]:
                if _fails(item):
                    raise pytest.UsageError(f"fails without a mistake: {item.nodeid}")
            self._costs[item] = time.process_time() - began
        for item in sorted(items, key=self._costs.__getitem__):
            for code in codes[item]:
                self._users.setdefault(code, []).append(item)

    def _verdict(self, mutant: Planted) -> Verdict:
        items = self._users.get(mutant.target.__code__)
        if items is None:
            return "no tests"
        with warnings.catch_warnings():
            # Of threads that a test has left: they have no part in what follows.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            os._exit(self._judged_here(mutant, items))
        _, status = os.waitpid(child, 0)
        # The next mistake in that function is likely to be noticed by the same test.
        (last,) = _AT.unpack(self._at)
        items.insert(0, items.pop(last))
        match os.waitstatus_to_exitcode(status):
            case 0:
                return "survived"
            case 1:
                return "killed"
            case code if code in (-signal.SIGPROF, -signal.SIGALRM):
                return "endless"
            case code:
                raise RuntimeError(
                    f"{mutant}: the process of the tests ended by {code}"
                )

    def _judged_here(self, mutant: Planted, items: list[pytest.Item]) -> int:
        try:
            mutant.plant()
        except BaseException:  # noqa: BLE001 - the judge is told, in the other process
            return BROKEN
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            for number in (signal.SIGPROF, signal.SIGALRM):
                signal.signal(number, signal.SIG_DFL)
            for at, item in enumerate(items):
                _AT.pack_into(self._at, 0, at)
                signal.setitimer(signal.ITIMER_PROF, ENDLESS + 5 * self._costs[item])
                signal.setitimer(signal.ITIMER_REAL, ASLEEP + 50 * self._costs[item])
                if _fails(item):
                    return KILLED
        except BaseException:  # noqa: BLE001 - it got out of pytest itself
            return KILLED
        return SURVIVED


def _fails(item: pytest.Item) -> bool:
    """Run a test; without a report, which costs more than most tests."""
    hooks = item.ihook
    try:
        item._initrequest()  # type: ignore[attr-defined]
        hooks.pytest_runtest_setup(item=item)
        hooks.pytest_runtest_call(item=item)
        hooks.pytest_runtest_teardown(item=item, nextitem=None)
    except pytest.skip.Exception:
        return False
    except BaseException:  # noqa: BLE001 - whatever a mutant led to
        return True
    return False


@contextmanager
def _code_run(folder: str) -> Iterator[set[CodeType]]:
    """Gather the code below a folder that runs meanwhile."""
    if sys.version_info < (3, 12):
        raise RuntimeError("mutants are judged by Python 3.12 or later")
    found: set[CodeType] = set()
    watch, tool = sys.monitoring, sys.monitoring.PROFILER_ID

    def note(code: CodeType, offset: int) -> object:
        del offset
        if code.co_filename.startswith(folder):
            found.add(code)
        return watch.DISABLE  # once is enough

    watch.use_tool_id(tool, "mutation")
    watch.register_callback(tool, watch.events.PY_START, note)
    watch.restart_events()
    watch.set_events(tool, watch.events.PY_START)
    try:
        yield found
    finally:
        watch.set_events(tool, 0)
        watch.free_tool_id(tool)

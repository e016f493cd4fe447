"""Sees what runs: by `sys.monitoring`, or by tracing where Python does not have that."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, TypeAlias

from trio_sup.testing._orders.abouts import about, on_behalf_of
from trio_sup.testing._orders.touched import Touched

Trace: TypeAlias = Callable[[FrameType, str, Any], Any]

_TOOL = 4
"""Our number for `sys.monitoring`; those below have names, of debuggers and the like."""


@contextmanager
def seen(touched: Touched) -> Generator[None]:
    """Let `touched` see what runs in a block."""
    with _without_collector():
        yield from _watched(touched)


@contextmanager
def _without_collector() -> Generator[None]:
    """Leave garbage alone: its finalizers would run in whatever step comes then."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _watched(touched: Touched) -> Generator[None]:
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is None or monitoring.get_tool(_TOOL) is not None:
        with _traced(_Tracer(touched)):
            yield
        return
    monitoring.use_tool_id(_TOOL, "trio-sup")
    try:
        _Monitor(touched, monitoring).begin()
        yield
    finally:
        monitoring.set_events(_TOOL, 0)
        for event in _EVENTS:
            monitoring.register_callback(_TOOL, getattr(monitoring.events, event), None)
        monitoring.free_tool_id(_TOOL)


_frame: Callable[[int], FrameType] = getattr(sys, "_getframe")  # noqa: B009

_EVENTS = ("PY_START", "PY_RESUME", "PY_THROW", "LINE", "CALL")


class _Monitor:
    """What `sys.monitoring` calls."""

    def __init__(self, touched: Touched, monitoring: Any) -> None:
        self._touched = touched
        self._monitoring = monitoring
        self._never = monitoring.DISABLE
        # Functions whose lines are watched; they are kept.
        self._watched: dict[int, CodeType] = {}

    def begin(self) -> None:
        events = self._monitoring.events
        for name, callback in zip(
            _EVENTS,
            (self._start, self._resume, self._throw, self._line, self._c_call),
            strict=True,
        ):
            event = getattr(events, name)
            self._monitoring.register_callback(_TOOL, event, callback)
        always = events.PY_START | events.PY_RESUME | events.PY_THROW
        self._monitoring.set_events(_TOOL, always)

    def _watch(self, code: CodeType, *events: str) -> None:
        if id(code) not in self._watched:
            self._watched[id(code)] = code
            wanted = sum(getattr(self._monitoring.events, event) for event in events)
            self._monitoring.set_local_events(_TOOL, code, wanted)

    def _start(self, code: CodeType, offset: int) -> Any:
        known = about(code)
        match known.kind:
            case "none" | "harness":
                return self._never
            case "trio" if not known.method:
                return self._never
            case "user" | "standard":
                self._watch(code, "LINE", "CALL")
            case _:
                pass
        if self._touched.counts:
            if known.kind == "trio":
                frame = _frame(1)
                if not _for_the_harness(frame):
                    self._touched.trio(code.co_name, frame.f_locals)
            elif known.kind == "library":
                self._touched.library()
        return None

    def _resume(self, code: CodeType, offset: int) -> Any:
        known = about(code)
        match known.kind:
            case "none" | "harness" | "trio":
                return self._never
            case "library":  # does it go on, or only wait further?
                self._watch(code, "LINE")
            case _:
                self._watch(code, "LINE", "CALL")
                self._in_line(code, known.line_at(offset))
        return None

    def _throw(self, code: CodeType, offset: int, error: BaseException) -> None:
        self._resume(code, offset)

    def _line(self, code: CodeType, line: int) -> Any:
        known = about(code)
        if known.kind == "library":
            if self._touched.counts:
                self._touched.library()
            return None
        if not (known.line(line).reads or known.line(line).writes):
            return self._never
        self._in_line(code, line)
        return None

    def _in_line(self, code: CodeType, line: int) -> None:
        known = about(code)
        if self._touched.counts and (
            known.kind == "user" or on_behalf_of(_frame(2)) == "user"
        ):
            self._touched.line(known.line(line))

    def _c_call(
        self, code: CodeType, offset: int, called: object, first: object
    ) -> Any:
        if not self._touched.counts or hasattr(called, "__code__"):
            return
        if about(code).kind != "user" and on_behalf_of(_frame(1)) != "user":
            return
        name = getattr(called, "__name__", "")
        if isinstance(called, type):
            return  # what it is made of is read, which the line says already
        if hasattr(called, "__func__"):
            return  # a method written in Python is seen when it begins
        owner = getattr(called, "__self__", first)
        self._touched.call_of_c(name, owner)


def _for_the_harness(frame: FrameType) -> bool:
    """Whether it was the harness that called a function: it only looks."""
    caller = frame.f_back
    return caller is not None and about(caller.f_code).kind == "harness"


class _Tracer:
    """What `sys.settrace` and `sys.setprofile` call."""

    def __init__(self, touched: Touched) -> None:
        self._touched = touched

    def call(self, frame: FrameType, event: str, arg: Any) -> Trace | None:
        """A function begins, or goes on."""
        if not self._touched.counts:
            return None
        known = about(frame.f_code)
        begins = frame.f_lasti <= known.begin
        kind = known.kind
        if kind == "standard":
            kind = on_behalf_of(frame)
        match kind:
            case "user":
                if not begins:  # it goes on in the midst of a line
                    self._touched.line(known.line(frame.f_lineno))
                return self._user
            case "trio":
                if begins and known.method and not _for_the_harness(frame):
                    self._touched.trio(frame.f_code.co_name, frame.f_locals)
            case "library":
                if not begins:  # does it go on, or only wait further?
                    return self._ours
                self._touched.library()
            case _:
                pass
        return None

    def _user(self, frame: FrameType, event: str, arg: Any) -> Trace:
        if event == "line":
            self._touched.line(about(frame.f_code).line(frame.f_lineno))
        return self._user

    def _ours(self, frame: FrameType, event: str, arg: Any) -> Trace:
        if event == "line":
            self._touched.library()
        return self._ours

    def c_call(self, frame: FrameType, event: str, arg: Any) -> None:
        """A function that is not written in Python is called."""
        if event != "c_call" or not self._touched.counts:
            return
        if on_behalf_of(frame) != "user":
            return
        owner = getattr(arg, "__self__", None)
        self._touched.call_of_c(getattr(arg, "__name__", ""), owner)


@contextmanager
def _traced(tracer: _Tracer) -> Generator[None]:
    trace, profile = sys.gettrace(), sys.getprofile()
    sys.settrace(tracer.call)
    sys.setprofile(tracer.c_call)
    try:
        yield
    finally:
        sys.setprofile(profile)
        sys.settrace(trace)

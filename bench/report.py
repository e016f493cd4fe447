"""What is found, as lines for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
import re
import sys
import sysconfig
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import attrs
from attrs import frozen

Found: TypeAlias = "Row | Figure | Point | LeftOut"


@frozen
class Row:
    """One way of doing a piece of work, compared with the floor of its table."""

    name: str
    own: bool
    """Whether it is this library."""
    microseconds: float
    """Processor time of doing the work once, the median over the rounds."""
    wall: float
    """The same, on the wall."""
    ratio: float
    """The median of the ratios to the floor of the same round."""
    low: float
    high: float
    instructions: float | None = None
    """Of doing it once; None where they are not counted."""
    instruction_ratio: float | None = None
    must: float | None = None
    goal: float | None = None

    HEAD = (
        f"  {'':<40} {'us':>9} {'ratio':>7} {'from':>7} {'to':>7}"
        f" {'instructions':>13} {'ratio':>7} {'must':>6} {'goal':>6}"
    )

    def line(self) -> str:
        """As a table has it."""
        return (
            f"  {self.name:<40} {self.microseconds:>9.2f} {self.ratio:>7.2f}"
            f" {self.low:>7.2f} {self.high:>7.2f} {_number(self.instructions, 0):>13}"
            f" {_number(self.instruction_ratio):>7} {_number(self.must):>6}"
            f" {_number(self.goal):>6}"
        ).rstrip()


@frozen
class Figure:
    """One figure that is compared with nothing, or with others of its part."""

    name: str
    value: float
    unit: str
    note: str = ""

    HEAD = ""

    def line(self) -> str:
        """As a table has it."""
        note = f"  ({self.note})" if self.note else ""
        return f"  {self.name:<56} {self.value:>12,.6g} {self.unit}{note}"


@frozen
class Point:
    """What one operation cost among so many."""

    name: str
    n: int
    microseconds: float
    """Processor time of one operation."""
    low: float
    high: float

    HEAD = f"  {'':<40} {'n':>8} {'us':>10} {'from':>10} {'to':>10}"

    def line(self) -> str:
        """As a table has it."""
        return (
            f"  {self.name:<40} {self.n:>8,} {self.microseconds:>10.2f}"
            f" {self.low:>10.2f} {self.high:>10.2f}"
        )


@frozen
class LeftOut:
    """What was not measured, and why."""

    name: str
    why: str

    HEAD = ""

    def line(self) -> str:
        """As a table has it."""
        return f"  {self.name:<40} left out: {self.why}"


def _number(value: float | None, places: int = 2) -> str:
    return "" if value is None else f"{value:,.{places}f}"


def machine() -> dict[str, Any]:
    """What was measured on, with what, and when."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "build": ", ".join([platform.python_compiler(), *_flavour()]),
        "trio": version("trio"),
        "trio-sup": version("trio-sup"),
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line for line in text.splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()


def _flavour() -> list[str]:
    """What of the interpreter's build decides how fast it is."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    flags = sysconfig.get_config_var("PY_CORE_CFLAGS") or ""
    said = re.findall(r"(?<!\S)-O\S+", flags)[-1:]
    # A distribution may have profiled without saying so: where nothing is said, ask it.
    if "-fprofile-use" in flags or "--enable-optimizations" in arguments:
        said.append("profile-guided")
    if "-flto" in flags:
        said.append("LTO")
    if "tail-call" in arguments:
        said.append("tail calls")
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        said.append("free-threaded")
    jit = getattr(sys, "_jit", None)
    if jit is not None and jit.is_available():
        said.append("JIT on" if jit.is_enabled() else "JIT off")
    return said


def as_json(part: str, found: Iterator[Found] | list[Found]) -> dict[str, Any]:
    """The shape of one part: a list for each kind of finding."""
    shape: dict[str, Any] = {"part": part}
    keys = {Row: "rows", Figure: "figures", Point: "points", LeftOut: "left_out"}
    for one in found:
        shape.setdefault(keys[type(one)], []).append(attrs.asdict(one))
    return shape


Say: TypeAlias = Callable[[str], None]
"""Tells how far it is; goes to stderr."""


def say(text: str) -> None:
    """Tell how far it is."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)

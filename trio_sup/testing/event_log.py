"""A log of the events of a node that says all that its checking needs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TextIO, cast, get_args

from trio_sup._children.record import Record
from trio_sup._core.events import LifecycleEvent, kind_of
from trio_sup._node.node import Node, current_node
from trio_sup.testing._monitor.facts import (
    ChildFacts,
    all_records,
    facts_of_record,
    find_record,
    found_record,
    read_facts,
    read_found,
    seen_json,
    write_facts,
    write_found,
)
from trio_sup.testing.monitor import ConformanceMonitor, Violation

KINDS = frozenset(kind_of(each) for each in get_args(LifecycleEvent))
"""The events that this version knows."""


class EventLog:
    """Writes the events of a node as JSON lines that `check_log` can judge.

    Before a child's first event stands a line with the facts of its specification.
    Of trees that run already, it begins with what they are at this moment.

    Args:
        file: An open text file; each line is flushed.
        node: By default that of the present Trio run.
    """

    def __init__(self, file: TextIO, node: Node | None = None) -> None:
        self._file = file
        self._node = node or current_node()
        self._known: set[str] = set()
        for record in all_records(self._node.trees()):
            self._introduce(record)
            self._write({"found": write_found(found_record(record, record.path_text))})

    def __call__(self, event: LifecycleEvent) -> None:
        """Write one event; fit to be a hook: ``node.add_hook(EventLog(file))``."""
        record = find_record(self._node.trees(), event.path)
        above: list[Record] = []
        while record is not None:
            above.append(record)
            record = None if record.parent is None else record.parent.record
        for each in reversed(above):
            again = each is above[0] and each.life <= 1
            begins = again and event.kind == "child_starting"
            if each.path_text not in self._known or begins:
                self._introduce(each)
        self._write(event.as_json())

    def _introduce(self, record: Record) -> None:
        self._known.add(record.path_text)
        self._write({"facts": write_facts(facts_of_record(record, _path))})

    def _write(self, data: object) -> None:
        self._file.write(json.dumps(data) + "\n")
        self._file.flush()


def check_log(lines: Iterable[str], *, patience: float = 5.0) -> list[Violation]:
    """Judge a recorded log.

    Args:
        lines: JSON lines as `EventLog` writes them, from its beginning on: an open
            file, or a list. A last line that was cut off is left out.
        patience: Seconds after which what a supervisor has not done is missing, such
            as a restart: if nothing is heard of it for so long, while the log goes
            on. With a virtual clock 0 is right.

    Returns:
        What the specifications do not allow. What is missing at the very end is not
        known: the log may just have been cut off.

    Raises:
        TypeError: `lines` is one string.
        ValueError: this is no such log, or not from its beginning, or of another
            version; the line is named.
    """
    if isinstance(lines, str):
        raise TypeError("check_log takes lines: text.splitlines(), or an open file")
    reader = _Reader(patience)
    number, broken = 0, ""
    for number, line in enumerate(lines, start=1):
        if broken:
            raise ValueError(broken)
        if line.strip():
            broken = reader.read(number, line)
    if not reader.events:
        raise ValueError(broken or "the log holds no event")
    return reader.monitor.violations


class _Reader:
    """Reads line by line, and trusts none of them."""

    def __init__(self, patience: float) -> None:
        self.monitor = ConformanceMonitor(slack=0.01)
        self.events = 0
        self._patience = patience
        self._facts: dict[str, ChildFacts] = {}

    def read(self, number: int, line: str) -> str:
        """Take one line; return what is wrong with it if it is no JSON.

        Raises:
            ValueError: it is, and still nothing that `EventLog` writes.
        """
        shown = repr(line if len(line) < 60 else line[:57] + "...")
        try:
            data: object = json.loads(line)
        except ValueError:
            return f"line {number} of the log is no JSON: {shown}"
        try:
            if not isinstance(data, dict):
                raise TypeError("it is no object")
            self._take(cast("dict[str, Any]", data))
        except KeyError as error:
            raise ValueError(
                f"line {number} of the log lacks {error}: {shown}"
            ) from None
        except (TypeError, ValueError) as error:
            why = f"line {number} of the log cannot be judged: {error}: {shown}"
            raise ValueError(why) from None
        return ""

    def _take(self, data: Mapping[str, Any]) -> None:
        if "facts" in data:
            facts = read_facts(data["facts"])
            self._facts[facts.path] = facts
            self.monitor.learn([facts])
        elif "found" in data:
            found = read_found(data["found"])
            self._expect_known(found.path)
            self.monitor.begin(found)
        else:
            self._see(data)

    def _see(self, data: Mapping[str, Any]) -> None:
        if data["event"] not in KINDS:
            raise ValueError("this version knows no such event")
        seen = seen_json(data)
        if seen.kind == "child_starting":
            self._expect_known(seen.path)
        else:
            self._expect_known(seen.path, seen.path.rpartition("/")[0])
        self.events += 1
        self.monitor.overdue(seen.at, self._patience)
        self.monitor.see(seen)

    def _expect_known(self, *paths: str) -> None:
        """Demand that the log has said what this child is, and what all above are."""
        facts = next((self._facts[path] for path in paths if path in self._facts), None)
        while facts is not None and facts.parent:
            facts = self._facts.get(facts.parent)
        if facts is None:
            raise ValueError(
                f"nothing was said of {paths[0]!r} or of who supervises it; a log is "
                "read from its beginning"
            )


def _path(record: Record) -> str:
    return record.path_text

"""Scenarios by hand: each shows a fact about OTP, and names the rows it proves."""

import json
from typing import Generic, TypeVar

from attrs import frozen

from tests.proof.trace import Trace, Value

S = TypeVar("S")


@frozen
class Named(Generic[S]):
    """A fact about OTP, and a scenario that shows it.

    Attributes:
        rows: Rows of the OTP checklist, or its traps as ``TRAP-n``.
        fact: What happens.
        scenario: Where it happens.
        shows: Events that come in this order, others between them, each as the
            beginning of its text: ``"stop a 1"``, ``"c2 answer a"``.
        never: Events that do not come at all.
    """

    rows: tuple[str, ...]
    fact: str
    scenario: S
    shows: tuple[str, ...]
    never: tuple[str, ...]

    @property
    def name(self) -> str:
        """The rows and the fact: unique."""
        return f"{' '.join(self.rows)}: {self.fact}"

    def missing(self, trace: Trace) -> list[str]:
        """What `trace` does not show, or shows against the fact."""
        texts = [text_of(event) for event in trace.events]
        rest = iter(texts)
        missing = [p for p in self.shows if not any(_begins(t, p) for t in rest)]
        wrong = [p for p in self.never if any(_begins(t, p) for t in texts)]
        return missing + [f"not {p}" for p in wrong]


def text_of(event: Value) -> str:
    """An event as text: ``stop a/b 1 ["error", "crash"]``; the root's path is ``/``."""
    parts = event if isinstance(event, tuple) else (event,)
    return " ".join(_word(part) for part in parts)


def _word(part: Value) -> str:
    if isinstance(part, str):
        return part or "/"
    return json.dumps(part, sort_keys=True)


def _begins(text: str, pattern: str) -> bool:
    """Whether it does, and not in the middle of a word or a number."""
    rest = text.removeprefix(pattern)
    return text.startswith(pattern) and (not rest or rest[0] in " ,")

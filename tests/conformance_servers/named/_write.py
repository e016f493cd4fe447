"""How a named scenario about servers is written down."""

from collections.abc import Iterable
from typing import Any

from attrs import frozen

from tests.conformance.named._write import text_of
from trio_sup.testing.scenario import Trace

# Absolute, this would be another module than the one that the tests import.
from ..scenario import Scenario, read  # noqa: TID252

GATE = ["gate", "g"]
CRASH = ["crash", "x"]


@frozen
class Named:
    """A fact about OTP, and a scenario that shows it.

    Attributes:
        rows: Rows of the OTP checklist, or its traps as ``TRAP-n``.
        fact: What happens.
        scenario: Where it happens.
        shows: Events that come in this order, others between them, each as the
            beginning of its text: ``"c2 answer a"``. ``"step 3"`` is the beginning
            of what operation 3 caused.
        never: Events that do not come at all.
    """

    rows: tuple[str, ...]
    fact: str
    scenario: Scenario
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
        missing = [p for p in self.shows if not any(t.startswith(p) for t in rest)]
        wrong = [p for p in self.never if any(t.startswith(p) for t in texts)]
        return missing + [f"not {p}" for p in wrong]


def named(
    rows: str,
    fact: str,
    script: Iterable[Any],
    *,
    shows: Iterable[str] = (),
    never: Iterable[str] = (),
    **servers: dict[str, Any],
) -> Named:
    """A named scenario; servers as in the JSON form, by default one plain ``s``.

    All of them are started first, in this order, unless `script` starts one: so the
    operations of `script` count from the number of servers.
    """
    given = servers or {"s": {}}
    script = list(script)
    by_hand = any(op[0] == "start" for op in script)
    starts = [] if by_hand else [["start", id] for id in given]
    scenario = read({"servers": given, "script": [*starts, *script]})
    return Named(tuple(rows.split()), fact, scenario, tuple(shows), tuple(never))


def do(*steps: Any) -> Any:
    """An operation: a client that performs these steps."""
    return ["do", list(steps)]


def call(label: str, *steps: Any, to: Any = "s") -> Any:
    """A step: a call whose handler performs these steps."""
    return ["call", to, label, list(steps)]


def cast(label: str, *steps: Any, to: Any = "s") -> Any:
    """A step: a cast whose handler performs these steps."""
    return ["cast", to, label, list(steps)]


def send(label: str, *steps: Any, to: Any = "s") -> Any:
    """A step: a message whose handler performs these steps."""
    return ["send", to, label, list(steps)]

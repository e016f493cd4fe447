"""How a named scenario about servers is written down."""

from collections.abc import Iterable
from typing import Any

from tests.proof.named import Named
from tests.proof.servers.scenario import Scenario, read

GATE = ["gate", "g"]
CRASH = ["crash", "x"]


def named(
    rows: str,
    fact: str,
    script: Iterable[Any],
    *,
    shows: Iterable[str] = (),
    never: Iterable[str] = (),
    **servers: dict[str, Any],
) -> Named[Scenario]:
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

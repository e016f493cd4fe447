"""How a named scenario is written down."""

import json
from collections.abc import Iterable

from attrs import frozen

from trio_sup.testing.scenario import Scenario, Trace, Value
from trio_sup.testing.scenario_json import read_scenario

CRASH = ["error", "crash"]

Json = object


@frozen
class Named:
    """A fact about OTP, and a scenario that shows it.

    Attributes:
        rows: Rows of the OTP checklist, or its traps as ``TRAP-n``.
        fact: What happens.
        scenario: Where it happens.
        shows: Events that come in this order, others between them, each as the
            beginning of its text: ``"stop a 1"``.
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
    return text == pattern or text.startswith(pattern + " ")


def named(
    rows: str,
    fact: str,
    tree: Json,
    script: Iterable[Json] = (),
    *,
    plans: dict[str, list[Json]] | None = None,
    shows: Iterable[str],
    never: Iterable[str] = (),
) -> Named:
    """A named scenario from plain JSON; `rows` are separated by spaces."""
    data = {"tree": tree, "script": list(script), "init_plans": plans or {}}
    return Named(
        tuple(rows.split()), fact, read_scenario(data), tuple(shows), tuple(never)
    )


def sup(strategy: str, *children: Json, **flags: Json) -> Json:
    """A supervisor; a child given as a string is a plain permanent worker."""
    if strategy == "dynamic":
        return {"strategy": strategy, **flags}
    written = [{"id": c} if isinstance(c, str) else c for c in children]
    return {"strategy": strategy, "children": written, **flags}


def child(id: str, restart: str = "permanent", **fields: Json) -> Json:
    """A worker, or with `tree` a supervisor, as a child."""
    return {"id": id, "restart": restart, **fields}


def crash(path: str) -> Json:
    """The worker ends with an error."""
    return ["exit", path, CRASH]

"""How a named scenario is written down."""

from collections.abc import Iterable

from tests.proof.named import Named
from tests.proof.supervisors.scenario import Scenario
from tests.proof.supervisors.scenario_json import read_scenario

CRASH = ["error", "crash"]

Json = object


def named(
    rows: str,
    fact: str,
    tree: Json,
    script: Iterable[Json] = (),
    *,
    plans: dict[str, list[Json]] | None = None,
    shows: Iterable[str],
    never: Iterable[str] = (),
) -> Named[Scenario]:
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

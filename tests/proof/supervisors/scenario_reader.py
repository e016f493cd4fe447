"""Reads the JSON form of scenarios; `scenario_json` describes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar, cast

from attrs import frozen

from tests.proof.supervisors.scenario import (
    Advance,
    Ask,
    AutoShutdown,
    Child,
    ChildRequest,
    Exit,
    InitPlan,
    Kill,
    Nested,
    Op,
    Plan,
    Queue,
    QueueItem,
    Reason,
    Restart,
    Scenario,
    Shutdown,
    StartChild,
    StopBehaviour,
    StopRoot,
    Strategy,
    Tree,
    Worker,
    child_path,
)

_T = TypeVar("_T")

_RESTARTS: tuple[Restart, ...] = ("permanent", "transient", "temporary")
_STRATEGIES: tuple[Strategy, ...] = (
    "one_for_one",
    "one_for_all",
    "rest_for_one",
    "dynamic",
)
_AUTO: tuple[AutoShutdown, ...] = ("never", "any_significant", "all_significant")
_STOPS = ("default", "trap", "normal", "error", "stubborn")
_CHILD_REQUESTS = ("terminate_child", "restart_child", "delete_child")

NESTED_MINIMUM_SHUTDOWN = 1000
"""Milliseconds that a supervisor gets at least: killing one is not defined in OTP."""

SLOW_MARGIN = 200
"""Milliseconds by which a slow stop differs at least from the time it is given."""


class ScenarioError(ValueError):
    """A scenario is not well formed.

    Attributes:
        where: The place, as in ``script[3][2].restart``.
        problem: What is wrong there and what is accepted.
    """

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


@frozen
class _At:
    """A piece of JSON and where it stands."""

    value: object
    where: str

    def fail(self, problem: str) -> ScenarioError:
        return ScenarioError(self.where, f"{problem}, got {self.value!r}")

    def fields(self, *keys: str) -> dict[str, _At]:
        fields = self.mapping()
        for key in fields:
            if key not in keys:
                raise self.fail(f"unknown key {key!r}, expected {_listed(keys)}")
        return {str(k): _At(v, f"{self.where}.{k}") for k, v in fields.items()}

    def mapping(self) -> Mapping[object, object]:
        value = self.value
        if not isinstance(value, Mapping):
            raise self.fail("expected an object")
        return cast("Mapping[object, object]", value)

    def array(self, length: int | None = None) -> list[_At]:
        value = self.value
        if not isinstance(value, list | tuple):
            raise self.fail("expected an array")
        items = cast("Sequence[object]", value)
        if length is not None and len(items) != length:
            raise self.fail(f"expected {length} parts")
        return [_At(v, f"{self.where}[{i}]") for i, v in enumerate(items)]

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.fail("expected a string")
        return self.value

    def integer(self, minimum: int) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.fail("expected a whole number")
        if self.value < minimum:
            raise self.fail(f"expected at least {minimum}")
        return self.value

    def truth(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.fail("expected true or false")
        return self.value

    def one_of(self, choices: Sequence[_T]) -> _T:
        for choice in choices:
            if self.value == choice:
                return choice
        raise self.fail(f"expected {_listed(choices)}")

    def id(self) -> str:
        id = self.text()
        if not id or "/" in id:
            raise self.fail("expected an id: not empty and without '/'")
        return id

    def path(self) -> str:
        path = self.text()
        if path and not all(path.split("/")):
            raise self.fail("expected ids joined by '/', or \"\" for the root")
        return path


def _listed(choices: Sequence[object]) -> str:
    return " or ".join(repr(choice) for choice in choices)


def read_scenario(data: object) -> Scenario:
    """Builds a scenario from its JSON form.

    Args:
        data: What `json.loads` returns.

    Raises:
        ScenarioError: It is not a scenario, or one without a defined outcome.
    """
    return _Reader().scenario(_At(data, "scenario"))


class _Reader:
    """Reads one scenario and notes what only later parts can contradict."""

    def __init__(self) -> None:
        self.dynamic: set[str] = set()
        self.labels: set[str] = set()

    def scenario(self, at: _At) -> Scenario:
        parts = at.fields("tree", "script", "init_plans")
        if "tree" not in parts:
            raise at.fail("'tree' is missing")
        tree = self.tree(parts["tree"], "")
        plans = parts.get("init_plans", _At({}, at.where))
        read_plans: dict[str, tuple[Plan, ...]] = {}
        for key, plan in plans.mapping().items():
            path = _At(key, plans.where).path()
            read_plans[path] = self.plans(_At(plan, f"{plans.where}[{key!r}]"), path)
        script = parts.get("script", _At((), at.where)).array()
        return Scenario(tree, tuple(self.op(op) for op in script), read_plans)

    def tree(self, at: _At, path: str) -> Tree:
        parts = at.fields(
            "strategy",
            "intensity",
            "period",
            "auto_shutdown",
            "children",
            "max_children",
        )

        def part(key: str, default: object) -> _At:
            return parts.get(key, _At(default, f"{at.where}.{key}"))

        strategy = part("strategy", "one_for_one").one_of(_STRATEGIES)
        limit = parts.get("max_children")
        if strategy == "dynamic":
            self.dynamic.add(path)
            if part("children", ()).array():
                raise parts["children"].fail("a dynamic supervisor starts empty")
            part("auto_shutdown", "never").one_of(("never",))
        elif limit is not None:
            raise limit.fail("only a dynamic supervisor has max_children")
        return Tree(
            strategy,
            part("intensity", 1).integer(0),
            part("period", 5).integer(1),
            part("auto_shutdown", "never").one_of(_AUTO),
            tuple(self.child(c, path) for c in part("children", ()).array()),
            None if limit is None else limit.integer(0),
        )

    def child(self, at: _At, parent: str) -> Child:
        parts = at.fields("id", "restart", "significant", "shutdown", "stop", "tree")
        if "id" not in parts:
            raise at.fail("'id' is missing")
        id = parts["id"].id()
        restart = parts.get("restart", _At("permanent", "")).one_of(_RESTARTS)
        significant = parts.get("significant", _At(False, "")).truth()
        if significant and parent in self.dynamic:
            raise at.fail("a dynamic supervisor has no significant children")
        if "tree" not in parts:
            shutdown = self.shutdown(parts.get("shutdown", _At(5000, "")))
            if shutdown == 0 and parent in self.dynamic:
                raise parts["shutdown"].fail("Elixir refuses it for dynamic children")
            stop = self.stop(parts.get("stop", _At("default", "")), shutdown)
            return Worker(id, restart, significant, shutdown, stop)
        if "stop" in parts:
            raise parts["stop"].fail("a supervisor has no 'stop'")
        tree = self.tree(parts["tree"], child_path(parent, id))
        patience = parts.get("shutdown", _At("infinity", ""))
        shutdown = self.shutdown(patience)
        if shutdown != "infinity" and (
            isinstance(shutdown, str) or shutdown < NESTED_MINIMUM_SHUTDOWN
        ):
            raise patience.fail(
                f"a supervisor needs at least {NESTED_MINIMUM_SHUTDOWN} milliseconds"
            )
        return Nested(id, tree, restart, significant, shutdown)

    def shutdown(self, at: _At) -> Shutdown:
        if isinstance(at.value, str):
            words: tuple[Literal["brutal_kill", "infinity"], ...]
            words = ("brutal_kill", "infinity")
            return at.one_of(words)
        return at.integer(0)

    def stop(self, at: _At, shutdown: Shutdown) -> StopBehaviour:
        if not isinstance(at.value, str):
            slow, milliseconds = at.array(2)
            slow.one_of(("slow",))
            time = milliseconds.integer(1)
            if isinstance(shutdown, int) and abs(time - shutdown) < SLOW_MARGIN:
                raise at.fail(f"a slow stop too close to a shutdown of {shutdown}")
            return ("slow", time)
        if at.value == "stubborn" and shutdown == "infinity":
            raise at.fail("a stubborn worker with shutdown 'infinity' never ends")
        return cast("StopBehaviour", at.one_of(_STOPS))

    def reason(self, at: _At) -> Reason:
        if isinstance(at.value, str):
            return at.one_of(("normal", "shutdown"))
        kind, text = at.array(2)
        return (kind.one_of(("shutdown", "error")), text.text())

    def plans(self, at: _At, path: str) -> tuple[Plan, ...]:
        return tuple(self.plan(plan, path) for plan in at.array())

    def plan(self, at: _At, path: str) -> Plan:
        if isinstance(at.value, str):
            return at.one_of(("ok", "ignore"))
        kind, argument = at.array(2)
        if kind.one_of(("error", "then")) == "error":
            return ("error", argument.text())
        if "/" in path:
            raise at.fail("'then' is defined only for children of the root")
        return ("then", self.reason(argument))

    def op(self, at: _At) -> Op:
        parts = at.array()
        if not parts:
            raise at.fail("expected an operation")
        name = parts[0].text()
        match name, parts[1:]:
            case "advance", [seconds]:
                return Advance(seconds.integer(0))
            case "stop_root", []:
                return StopRoot()
            case "init_plan", [path, plan]:
                return InitPlan(path.path(), self.plans(plan, path.path()))
            case "queue", [path, items]:
                sup = path.path()
                return Queue(sup, tuple(self.item(i, sup) for i in items.array()))
            case "exit", [path, reason]:
                return Exit(path.path(), self.reason(reason))
            case "kill", [path]:
                return Kill(path.path())
            case _, [path, *rest]:
                return self.request(at, name, path.path(), rest)
            case _:
                raise at.fail("expected an operation")

    def item(self, at: _At, sup: str) -> QueueItem:
        parts = at.array()
        if not parts:
            raise at.fail("expected something to queue")
        name = parts[0].text()
        match name, parts[1:]:
            case "exit", [id, reason]:
                return Exit(child_path(sup, id.id()), self.reason(reason))
            case "kill", [id]:
                return Kill(child_path(sup, id.id()))
            case _, rest:
                return self.request(at, name, sup, rest)

    def request(
        self, at: _At, name: str, sup: str, rest: list[_At]
    ) -> StartChild | ChildRequest | Ask:
        match name, rest:
            case (("which" | "count"), []):
                return Ask(name, sup)
            case "start_child", [child]:
                read = self.child(child, sup)
                if sup in self.dynamic:
                    self.unique(at, child_path(sup, read.id))
                return StartChild(sup, read)
            case (("terminate_child" | "restart_child" | "delete_child"), [id]):
                if sup in self.dynamic and name != "terminate_child":
                    raise at.fail("a dynamic supervisor has no such request")
                return ChildRequest(name, sup, id.id())
            case _:
                raise at.fail("expected an operation and its parts")

    def unique(self, at: _At, path: str) -> None:
        if path in self.labels:
            raise at.fail("a dynamic child needs an id that was not used before")
        self.labels.add(path)

"""Scenarios as JSON: reading with strict checks, and writing.

```
{"tree": SUP, "script": [OP, ...], "init_plans": {"path": [PLAN, ...]}}
SUP    {"strategy": "one_for_one" | "one_for_all" | "rest_for_one" | "dynamic",
        "intensity": 1, "period": 5, "children": [CHILD, ...],
        "auto_shutdown": "never" | "any_significant" | "all_significant",
        "max_children": N}                                     dynamic only
CHILD  {"id": "a", "restart": "permanent" | "transient" | "temporary",
        "significant": false, "shutdown": milliseconds | "brutal_kill" | "infinity",
        "stop": "default" | "trap" | "normal" | "error" | "stubborn" | ["slow", ms]}
       or, for a supervisor, with "tree": SUP in the place of "stop"
PLAN   "ok" | "ignore" | ["error", text] | ["then", REASON]
REASON "normal" | "shutdown" | ["shutdown", text] | ["error", text]
OP     ["exit", path, REASON]  ["kill", path]  ["advance", seconds]
       ["init_plan", path, [PLAN, ...]]  ["stop_root"]
       ["start_child", path, CHILD]  ["which", path]  ["count", path]
       ["terminate_child" | "restart_child" | "delete_child", path, id]
       ["queue", path, [ITEM, ...]]
ITEM   ["exit", id, REASON]  ["kill", id]  ["start_child", CHILD]  ["which"]
       ["count"]  ["terminate_child" | "restart_child" | "delete_child", id]
```

Everything has a default except ids, trees and the parts of an operation. What OTP
itself refuses in a specification is not checked here: that is for a trace to show.
"""

from __future__ import annotations

from tests.proof.supervisors.scenario import (
    Advance,
    Ask,
    Child,
    ChildRequest,
    Exit,
    InitPlan,
    Kill,
    Nested,
    Op,
    Queue,
    QueueItem,
    Scenario,
    StartChild,
    StopRoot,
    Tree,
    Worker,
)
from tests.proof.supervisors.scenario_reader import ScenarioError, read_scenario
from tests.proof.trace import Value

__all__ = ["ScenarioError", "read_scenario", "write_scenario"]


def write_scenario(scenario: Scenario, *, defaults: bool = False) -> dict[str, Value]:
    """The JSON form of a scenario.

    Args:
        scenario: What to write.
        defaults: Whether parts that have their default value are written too.
    """
    plans: dict[str, Value] = dict(scenario.init_plans)
    script = tuple(_write_op(op, defaults) for op in scenario.script)
    whole: dict[str, Value] = {"tree": _write_tree(scenario.tree, defaults)}
    if script or defaults:
        whole["script"] = script
    if plans or defaults:
        whole["init_plans"] = plans
    return whole


def _write_tree(tree: Tree, defaults: bool) -> Value:
    standard = Tree()
    fields: dict[str, Value] = {"strategy": tree.strategy}
    for name in ("intensity", "period", "auto_shutdown", "max_children"):
        value = getattr(tree, name)
        if value != getattr(standard, name) or (defaults and value is not None):
            fields[name] = value
    if tree.children or defaults:
        fields["children"] = tuple(_write_child(c, defaults) for c in tree.children)
    return fields


def _write_child(child: Child, defaults: bool) -> Value:
    fields: dict[str, Value] = {"id": child.id}
    standard = Worker("") if isinstance(child, Worker) else Nested("", Tree())
    names = ["restart", "significant", "shutdown"]
    if isinstance(child, Worker):
        names.append("stop")
    for name in names:
        value = getattr(child, name)
        if defaults or value != getattr(standard, name):
            fields[name] = value
    if isinstance(child, Nested):
        fields["tree"] = _write_tree(child.tree, defaults)
    return fields


def _write_op(op: Op, defaults: bool) -> Value:
    match op:
        case Exit(path, reason):
            return ("exit", path, reason)
        case Kill(path):
            return ("kill", path)
        case Advance(seconds):
            return ("advance", seconds)
        case InitPlan(path, plan):
            return ("init_plan", path, plan)
        case StopRoot():
            return ("stop_root",)
        case StartChild(path, child):
            return ("start_child", path, _write_child(child, defaults))
        case ChildRequest(request, path, id):
            return (request, path, id)
        case Ask(request, path):
            return (request, path)
        case Queue(path, items):
            return ("queue", path, tuple(_write_item(i, defaults) for i in items))


def _write_item(item: QueueItem, defaults: bool) -> Value:
    """As the operation, with the id alone in the place of the path."""
    match item:
        case Exit(path, reason):
            return ("exit", path.rpartition("/")[2], reason)
        case Kill(path):
            return ("kill", path.rpartition("/")[2])
        case StartChild(child=child):
            return ("start_child", _write_child(child, defaults))
        case ChildRequest(request, id=id):
            return (request, id)
        case Ask(request):
            return (request,)

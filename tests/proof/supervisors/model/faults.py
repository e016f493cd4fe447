"""What Erlang's `supervisor` refuses in the specifications of children."""

from __future__ import annotations

from tests.proof.supervisors.scenario import Child, Tree
from tests.proof.trace import Value


def fault_of_specs(tree: Tree) -> Value:
    """What is wrong with the children of a static supervisor: the first thing."""
    seen: set[str] = set()
    for child in tree.children:
        fault = fault_of_spec(child, tree)
        if fault is not None:
            return fault
        if child.id in seen:
            return ("bad_spec", ("duplicate", child.id))
        seen.add(child.id)
    return None


def fault_of_spec(child: Child, tree: Tree) -> Value:
    if child.significant and tree.auto_shutdown == "never":
        return ("bad_spec", "significant_never")
    if child.significant and child.restart == "permanent":
        return ("bad_spec", "significant_permanent")
    return None

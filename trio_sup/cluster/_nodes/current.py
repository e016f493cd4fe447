"""The node that the present child runs on."""

from __future__ import annotations

from trio_sup._children.current import present_record
from trio_sup._core.addresses import ClaimedVia
from trio_sup.cluster._nodes.cluster import Cluster
from trio_sup.cluster._nodes.names import GlobalNames


def current_cluster() -> Cluster:
    """Return the node on which the present task's child has its name.

    For a child that any node may run, such as one of a `ClusterDynamicSupervisor`: it
    cannot be given the node as an argument.

    Raises:
        RuntimeError: neither the child nor a supervisor above it has a name of a
            cluster.
    """
    record = present_record()
    while record is not None:
        name = record.spec.name
        if isinstance(name, ClaimedVia) and isinstance(name.registry, GlobalNames):
            found = name.registry.node
            if isinstance(found, Cluster):
                return found
        record = record.above
    raise RuntimeError(
        "current_cluster() is for children that have a name of a cluster: "
        "child(..., name=cluster.name(key))"
    )

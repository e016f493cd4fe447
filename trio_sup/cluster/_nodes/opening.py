"""`open_cluster`: a node for the length of a block."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import AsyncGenerator

from trio.lowlevel import RunVar, enable_ki_protection

from trio_sup._trio.beside import Beside
from trio_sup._trio.blocks import async_block
from trio_sup.cluster._backends.link import Backend
from trio_sup.cluster._backends.local import LocalBackend
from trio_sup.cluster._nodes.cluster import Cluster
from trio_sup.cluster._nodes.membership import Membership
from trio_sup.inspect.node.clusters import joined
from trio_sup.inspect.protocol.wire_cluster import ClusterOf

_own: RunVar[LocalBackend] = RunVar("trio_sup cluster's embedded engine")


def _embedded() -> LocalBackend:
    """Return the embedded engine of the present Trio run."""
    try:
        return _own.get()
    except LookupError:
        backend = LocalBackend()
        _own.set(backend)
        return backend


@async_block
@enable_ki_protection
async def open_cluster(
    backend: Backend | None = None,
    *,
    node: str | None = None,
    ttl: float = 10.0,
    grace: float | None = None,
    accepts_children: bool = True,
) -> AsyncGenerator[Cluster, None]:
    """Be a node of a cluster, for the length of an ``async with`` block.

    Open it around the supervision tree: what runs under a name is to be down before the
    node leaves. When the block is left the lease is given back, and others may have its
    names at once.

    Args:
        backend: The engine; by default the embedded one of this Trio run, which all
            nodes share that are opened in it.
        node: What to call this node; by default host and process.
        ttl: How long a lease lasts, in seconds. A node that cannot renew it stops what
            runs under names of the cluster after 0.95 of it; another node takes over
            within 1.33 of it. A loop that is held for longer than half of it may cost
            the lease.
        grace: For how long an engine that may have forgotten lets nobody claim, so that
            holders can assert what they hold; `ttl` by default. For an engine that is
            replicated see the page on what is promised.
        accepts_children: Whether children of the cluster may be placed on this node.

    Yields:
        The node.

    Raises:
        EngineUnavailable: from entering: the engine does not answer.
        ValueError: `ttl` or `grace` is no number of seconds.
    """
    if not 0 < ttl < math.inf:
        raise ValueError(f"ttl must be a number of seconds > 0, not {ttl!r}")
    grace = ttl if grace is None else grace
    if not 0 <= grace < math.inf:
        raise ValueError(f"grace must be a number of seconds >= 0, not {grace!r}")
    name = f"{socket.gethostname()}-{os.getpid()}" if node is None else node
    engine = _embedded() if backend is None else backend
    place: tuple[str, str, bool] = getattr(engine, "place", ("", "", False))
    told = joined(ClusterOf(name, *place))
    async with engine.connect(name, grace=grace) as link:
        own = Membership(link, name, ttl, accepts_children=accepts_children)
        # Shielded: a cancellation from outside stops the tree, in order, and until that
        # is down its lease is to be kept.
        async with Beside(own.serve):
            await own.joined()
            try:
                with told:
                    yield Cluster(own)
            finally:
                await own.leave()

"""Which clusters the program is in: told to who attaches, so that he finds the others."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from attrs import evolve
from trio.lowlevel import RunVar

from trio_sup.inspect.node.bounds import MAX_NAME, clip
from trio_sup.inspect.protocol.wire_cluster import ClusterOf

MOST: Final = 16
"""Clusters that are told of."""

_joined: RunVar[list[ClusterOf]] = RunVar("trio_sup clusters")


@contextmanager
def joined(cluster: ClusterOf) -> Generator[None, None, None]:
    """Tell of a cluster for the length of a block; its URL has no password any more."""
    try:
        present = _joined.get()
    except LookupError:
        present = list[ClusterOf]()
        _joined.set(present)
    present.append(cluster)
    try:
        yield
    finally:
        present.remove(cluster)


def clusters() -> list[ClusterOf]:
    """Return those that this Trio run is in: each engine and prefix once."""
    found: dict[tuple[str, str], ClusterOf] = {}
    for each in _joined.get([]):
        url, prefix = clip(each.url, MAX_NAME), clip(each.prefix, MAX_NAME)
        told = evolve(each, node=clip(each.node, MAX_NAME), url=url, prefix=prefix)
        found.setdefault((url, prefix), told)
    return list(found.values())[:MOST]

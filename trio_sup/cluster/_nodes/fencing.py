"""Tokens for the user's own stores."""

from __future__ import annotations

from attrs import field, frozen

from trio_sup._children.current import present_record
from trio_sup._core.addresses import ClaimedVia
from trio_sup.cluster._nodes.names import GlobalNames, Held
from trio_sup.cluster._rules.words import Token
from trio_sup.cluster.errors import LeaseLost


@frozen
class Fence:
    """The right of the present child to its name, as it is now."""

    token: Token
    """Greater than that of every former holder of the name. Let a store refuse a write
    whose token is less than the greatest that it has seen: then nobody who lost the name
    spoils anything, whatever he was doing meanwhile."""
    key: object
    """The key of the name."""
    _held: Held = field(repr=False)

    def check(self) -> None:
        """Look whether the name is still this child's. No checkpoint.

        Raises:
            LeaseLost: it is not, or may be somebody else's at any moment.
        """
        if not self._held.session.valid() or not self._held.current():
            raise LeaseLost(f"the name {self.key!r}")


def fence() -> Fence:
    """Return the fence of the child that the present task is part of.

    Its own name of the cluster, or that of the nearest supervisor above that has one.

    Raises:
        LeaseLost: the name is not its own any more.
        RuntimeError: neither the child nor a supervisor above it has a name of a
            cluster.
    """
    record = present_record()
    while record is not None:
        name = record.spec.name
        if isinstance(name, ClaimedVia) and isinstance(name.registry, GlobalNames):
            held = name.registry.held_by(record)
            if held is None:
                raise LeaseLost(f"the name {name.key!r}")
            found = Fence(held.token, name.key, held)
            found.check()
            return found
        record = record.above
    raise RuntimeError(
        "fence() is for children that have a name of a cluster: "
        "child(..., name=cluster.name(key))"
    )

"""What a node holds, and what it has to tell an engine that may have forgotten."""

from __future__ import annotations

import math
from collections.abc import Mapping

from attrs import Factory, define, frozen

from trio_sup.cluster._rules.words import (
    Beat,
    Gone,
    Name,
    NodeId,
    NodeInfo,
    Taken,
    Token,
)


@frozen
class Repairs:
    """What makes the engine's list and the node's own agree."""

    keep: Mapping[Name, Token]
    """What the node holds and the engine does not know, or not so."""
    release: Mapping[Name, Token]
    """What the engine thinks the node holds: the answer to a claim was lost."""


@define
class Holdings:
    """The names of one incarnation of a node."""

    tokens: dict[Name, Token] = Factory(dict[Name, Token])
    claiming: set[Name] = Factory(set[Name])
    """Asked for, and not answered yet: they may be held or not."""
    generation: str | None = None
    members: dict[NodeId, NodeInfo] = Factory(dict[NodeId, NodeInfo])
    _met: str | None = None
    """The generation of the last list of members."""
    _patient_until: float = -math.inf

    def forgotten(self, gone: Gone) -> bool:
        """Whether the engine lost its memory, and this node's lease with it.

        Else the lease has ended, and the session with it.
        """
        return self.generation is not None and gone.generation != self.generation

    def differs(self, beat: Beat) -> bool:
        """Whether the engine's list is to be compared: it forgot, or counts otherwise.

        A generation is noted with `repaired` only, so that a repair that fails is tried
        again with the next heartbeat.
        """
        forgot = self.generation is not None and beat.generation != self.generation
        return forgot or beat.owned != len(self.tokens)

    def repairs(self, owned: Mapping[Name, Token]) -> Repairs:
        """Work out what to tell the engine, which thinks that the node holds `owned`."""
        keep = {n: t for n, t in self.tokens.items() if owned.get(n) != t}
        release = {n: t for n, t in owned.items() if self.lacks(n)}
        return Repairs(keep, release)

    def lacks(self, name: Name) -> bool:
        """Whether a name is not held here, nor about to be."""
        return name not in self.tokens and name not in self.claiming

    def repaired(self, beat: Beat) -> None:
        """The engine knows all that is held."""
        self.generation = beat.generation

    def lost_to(self, name: Name, token: Token, holder: Taken) -> bool:
        """Note that somebody holds a name; return whether it was held here so far.

        Only what was asserted is lost: a claim that came since has a greater token.
        """
        if self.tokens.get(name) != token or holder.token < token:
            return False
        del self.tokens[name]
        return True

    def meet(
        self, beat: Beat, now: float, ttl: float
    ) -> tuple[list[NodeInfo], list[NodeInfo]]:
        """Take the list of members; return who came and who went.

        An engine that lost its memory knows only those who have joined again so far. The
        others have as long as their last lease may last: until then nobody went.

        Args:
            beat: What the engine told.
            now: The time.
            ttl: How long a lease lasts.
        """
        if beat.generation != self._met:
            if self._met is not None:
                self._patient_until = now + ttl
            self._met = beat.generation
        present = {info.id: info for info in beat.members}
        came = [info for id, info in present.items() if id not in self.members]
        if now < self._patient_until:
            self.members.update(present)
            return came, []
        went = [info for id, info in self.members.items() if id not in present]
        self.members = present
        return came, went

"""Servers that can be made to crash, so that there is something to see."""

from __future__ import annotations

from trio_sup import GenServer, cast


class Fault(Exception):
    """What somebody asked for, to see what happens."""


class Crashable(GenServer):
    """A server that crashes when it is told to."""

    @cast
    async def crash(self) -> None:
        """Fail, as any bug would make it fail."""
        raise Fault("crashed on request")

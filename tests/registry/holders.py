"""Servers that hold names."""

from trio_sup import (
    GenServer,
    call,
    cast,
)


class Plain(GenServer):
    @call
    async def ping(self) -> str:
        return f"pong of life {self.life}"

    @cast
    async def crash(self) -> None:
        raise RuntimeError("boom")

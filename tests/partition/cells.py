"""The server that stands in each partition."""

from trio_sup import (
    GenServer,
    call,
    cast,
)


class Cell(GenServer):
    def __init__(self, label: str = "") -> None:
        self.label = label

    @call
    async def who(self) -> str:
        return f"{self.label}{self.id} life {self.life}"

    @cast
    async def crash(self) -> None:
        raise RuntimeError("boom")

"""A session that is driven by hand: what a node says is a script, time a number."""

from trio_sup.inspect.client.session import Phase, Session
from trio_sup.inspect.protocol.codec import encode, request_decoder
from trio_sup.inspect.protocol.wire import (
    ROW_COLUMNS,
    Hello,
    Message,
    Ready,
    Row,
    Rows,
    SnapBegin,
    SnapEnd,
)

HELLO = Hello(
    1, 1, "shop", "e1", 42, "3", "0.35", "1", 0.0, 0.0, 0.0, [], True, list(ROW_COLUMNS)
)


def row(uid: int, parent: int = 0, version: int = 1, status: str = "running") -> Row:
    names = dict.fromkeys(ROW_COLUMNS, "x") | dict.fromkeys(
        ["life", "restarts", "began", "mailbox_len", "mailbox_cap", "mailbox_peak"], 1
    )
    numbers = {"id": uid, "parent": parent, "version": version, "status": status}
    empty = dict.fromkeys(
        ["handled", "op", "op_since", "budget_used", "budget_max", "budget_seconds"]
    )
    return Row(**(names | empty | numbers))  # type: ignore[arg-type]


SNAPSHOT: list[Message] = [
    Ready(1, 4.0),
    SnapBegin(3, 2),
    Rows([row(1)]),
    Rows([row(2, 1)]),
    SnapEnd(3, 50.0),
]


class Driver:
    """A session and what it sent."""

    def __init__(self, **options: object) -> None:
        self.session = Session(client="test", **options)  # type: ignore[arg-type]
        self.decoder = request_decoder()

    def connect(self, now: float = 0.0) -> None:
        self.session.connecting(now)
        self.session.connected(now)
        self.decoder = request_decoder()

    def hear(self, *messages: Message, now: float = 0.0) -> None:
        self.session.receive(b"".join(map(encode, messages)), now)

    def said(self) -> list[object]:
        return list(self.decoder.feed(self.session.outgoing()))

    def is_in(self, phase: Phase) -> bool:
        return self.session.state.phase is phase


def live_driver() -> Driver:
    driver = Driver()
    driver.connect()
    driver.hear(HELLO, *SNAPSHOT)
    driver.said()
    driver.session.take_changes()
    return driver

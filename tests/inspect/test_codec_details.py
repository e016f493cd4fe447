"""What was added to protocol 1: its bytes, and old readers with new ones."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st

from trio_sup.inspect.protocol.codec import (
    Malformed,
    encode,
    request_decoder,
    server_decoder,
)
from trio_sup.inspect.protocol.wire import (
    ClientMessage,
    Detail,
    Row,
    ServerMessage,
    Watch,
)
from trio_sup.inspect.protocol.wire_details import (
    AskMetrics,
    Busy,
    BusyRow,
    ClientInfo,
    Follow,
    Frame,
    Held,
    Life,
    Link,
    MailboxPart,
    Metrics,
    NodeInfo,
    SeenMessage,
    StatePart,
    TaskRow,
    Tasks,
    TaskStack,
    Unfollow,
    WaitEdge,
    Waits,
)

GOLDEN = Path(__file__).parent / "golden" / "protocol-1-details.ndjson"

# fmt: off
ROW = Row(
    3, 2, "b0", "shop/b0", "server", "app.Board", "permanent", "", "running",
    2, 1, 12.5, 4, -1, 9, 100, "add", 99.5, "", None, None, None, 7,
)
# fmt: on
LETTER = SeenMessage("call", "add", "(1, k='x')", "shop/b1", 98.5)
ANSWERS: list[ServerMessage] = [
    Detail(
        3,
        103.0,
        ROW,
        "",
        False,
        ["mailbox", "state", "stack", "history", "links"],
        MailboxPart(103.0, 60, [LETTER], LETTER, True, 1, 2, 200, 3, True),
        StatePart(103.0, "n = 1", "format_status took 1.0 ms", True, 0.001),
        [TaskStack(5, "shop/b0", 0, [Frame("app.py", 7, "Board.add", "x = 1")], "")],
        [Life(1, None, 12.5, "crashed", "crashed: ValueError")],
        [Link("watches", 4, "shop/b1")],
    ),
    Tasks(
        104.0,
        True,
        [TaskRow(5, 4, "task", "shop/b0", "app.py:7 in f", "waiting", 3, False)],
        [6],
        True,
        2,
    ),
    Busy(
        105.0,
        1.0,
        0.25,
        0.001,
        [BusyRow(3, "shop/b0", 0.25, 4, 0.24)],
        [Held(104.5, 0.24, 3, "shop/b0", "app.py:7 in f")],
    ),
    Waits(106.0, [WaitEdge(3, 4, "add", 98.5, "deadlock")], True),
    NodeInfo(
        107.0,
        30_000_000,
        1.5,
        2,
        12,
        1,
        None,
        0,
        "backend=epoll",
        [1, 2, 3],
        19,
        5,
        100,
        True,
        [ClientInfo("trio-sup 1.0", "uid=0 pid=1", 4.0, 99.0, 0, False)],
        [["platform", "linux"]],
    ),
    Metrics("up 1\n", True),
]
REQUESTS: list[ClientMessage] = [
    Watch(3, ["mailbox", "state"], True),
    Follow("tasks"),
    Unfollow("tasks"),
    AskMetrics(),
]


def test_the_bytes_of_the_additions_do_not_change() -> None:
    lines = b"".join(map(encode, [*ANSWERS, *REQUESTS]))
    assert lines == GOLDEN.read_bytes()


def test_the_bytes_of_the_additions_are_still_understood() -> None:
    lines = GOLDEN.read_bytes().splitlines(keepends=True)
    answers, requests = lines[: len(ANSWERS)], lines[len(ANSWERS) :]
    assert server_decoder().feed(b"".join(answers)) == ANSWERS
    assert request_decoder().feed(b"".join(requests)) == REQUESTS


def test_every_array_may_grow_and_is_read_by_prefix() -> None:
    def grown(value: Any) -> Any:
        if isinstance(value, list):
            items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
            inner = [grown(item) for item in items]
            is_record = len(inner) > 3 and not isinstance(inner[0], list | dict)
            return [*inner, "from the future"] if is_record else inner
        return value

    for answer in ANSWERS[1:4]:
        data = {k: grown(v) for k, v in json.loads(encode(answer)).items()}
        line = json.dumps({**data, "new field": 1}).encode() + b"\n"
        assert server_decoder().feed(line) == [answer]


def test_a_watch_of_a_first_client_and_its_answer_are_as_they_were() -> None:
    assert encode(Watch(3)) == b'{"t":"watch","id":3}\n'
    old = json.loads(encode(Detail(3, 1.0, ROW, "boom")))
    assert sorted(old) == ["at", "clipped", "id", "row", "t", "traceback"]


@given(st.sampled_from(REQUESTS), st.sampled_from(["id", "parts", "again", "topic"]))
def test_a_request_with_a_wrong_type_is_malformed(
    request: ClientMessage, field: str
) -> None:
    data = json.loads(encode(request))
    if field in data:
        data[field] = {"no": "such"}
        (found,) = request_decoder().feed(json.dumps(data).encode() + b"\n")
        assert isinstance(found, Malformed)

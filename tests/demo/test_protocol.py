"""The language of the board server, and lines from a stream."""

import pytest
import trio
from trio.testing import memory_stream_one_way_pair

from trio_sup.demo.lines import LineReader
from trio_sup.demo.protocol import (
    MAX_LINE,
    BadRequest,
    Crash,
    Find,
    Help,
    ListBoards,
    Post,
    Quit,
    Read,
    Request,
    Say,
    Subscribe,
    parse,
    refusal,
    reply,
)


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("POST general hello  there", Say("general", "hello  there")),
        ("post general hello", Say("general", "hello")),
        ("  POST   general   =22/7 ", Say("general", "=22/7")),
        ("READ general", Read("general", 10)),
        ("READ general 3", Read("general", 3)),
        ("SUBSCRIBE off-topic_2", Subscribe("off-topic_2")),
        ("FIND Crash", Find("crash")),
        ("BOARDS", ListBoards()),
        ("CRASH", Crash(None)),
        ("CRASH store", Crash("store")),
        ("help", Help()),
        ("QUIT\r", Quit()),
    ],
)
def test_a_line_is_a_request(line: str, request_: Request) -> None:
    assert parse(line) == request_


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "unknown request '', try HELP"),
        ("DANCE general", "unknown request 'DANCE', try HELP"),
        ("POST general", "nothing to post: POST board text"),
        ("POST ../etc hello", "a board's name has 1 to 32 letters"),
        ("READ", "a board's name has 1 to 32 letters"),
        ("READ general 0", "n from 1 to 100, not '0'"),
        ("READ general 101", "n from 1 to 100, not '101'"),
        ("READ general ³", "n from 1 to 100"),
        ("FIND", "one word is looked for"),
        ("FIND two words", "one word is looked for"),
    ],
)
def test_any_other_line_is_refused_with_a_reason(line: str, why: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse(line)
    assert why in str(caught.value)


def test_a_reply_says_how_many_lines_follow() -> None:
    assert reply([]) == "OK 0\n"
    assert reply(["a", 2]) == "OK 2\na\n2\n"


def test_a_refusal_is_one_line_whatever_the_error_says() -> None:
    assert refusal(ValueError("two\n  lines")) == "ERR two lines\n"


def test_a_post_survives_its_way_through_a_file() -> None:
    post = Post(7, "general", "guest-1", 'a "quoted"\ttext: ☂')
    assert Post.from_json(post.to_json()) == post
    assert "\n" not in post.to_json()


@pytest.mark.trio
async def test_lines_are_read_however_the_bytes_arrive() -> None:
    send, receive = memory_stream_one_way_pair()
    lines = LineReader(receive)
    for part in (b"on", b"e\ntwo\nth", "ree ☂\n".encode(), b"no end"):
        await send.send_all(part)
    await send.aclose()
    assert [await lines.read() for _ in range(3)] == ["one", "two", "three ☂"]
    assert await lines.read() is None


@pytest.mark.trio
@pytest.mark.parametrize(
    "bad", [b"x" * (MAX_LINE + 1), b"x" * 20 * MAX_LINE, b"\xff\xfe"]
)
async def test_a_line_that_cannot_be_read_does_not_spoil_the_next(bad: bytes) -> None:
    send, receive = memory_stream_one_way_pair()
    lines = LineReader(receive)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send.send_all, bad + b"\nnext\n")
        with pytest.raises(BadRequest):
            await lines.read()
        assert await lines.read() == "next"


@pytest.mark.trio
async def test_a_line_of_the_greatest_length_is_read() -> None:
    send, receive = memory_stream_one_way_pair()
    await send.send_all(b"x" * MAX_LINE + b"\n")
    assert await LineReader(receive).read() == "x" * MAX_LINE

"""Hostile frames, drawn from a seed: random, mutated, ill-typed, oversized."""

from __future__ import annotations

import json
import random
from typing import Any, Final

from trio_sup.inspect.protocol.codec import (
    MAX_REQUEST,
    Malformed,
    encode,
    request_decoder,
)
from trio_sup.inspect.protocol.wire import (
    Attach,
    Bye,
    Rate,
    Resume,
    Resync,
    Unwatch,
    Watch,
)
from trio_sup.inspect.protocol.wire_actions import Act, AskControl, Plan
from trio_sup.inspect.protocol.wire_details import Follow
from trio_sup.inspect.protocol.wire_profile import AskProfile

VALID: Final = [
    encode(message)
    for message in (
        Attach(1, "x", ["tree", "events"], 4.0, Resume("e1", 5, 1)),
        Resync(),
        Watch(3),
        Unwatch(3),
        Rate(2.5),
        Watch(4, ["overview", "times"]),
        Follow("holds"),
        Follow("logs", level=20),
        Follow("registry", text="shop", start=3),
        Follow("trace", child=1, text="add"),
        AskProfile(0.05, 20.0),
        AskControl(),
        # A life that no child of the target is ever in.
        Plan(1, "restart", 3, 777_777),
        Act(2, "restart", 3, 777_777),
        Act(3, "flood", 3, 777_777, "100"),
        # Actions that go by the child, none of which fits any of them.
        Act(4, "resume", 3),
        Act(5, "release", 5),
        Act(6, "hold", 777_777_777),
    )
]
"""What is mutated."""
TAGS: Final = (
    *(
        [
            "attach",
            "resync",
            "watch",
            "unwatch",
            "rate",
            "follow",
            "ask_profile",
            "control",
            "plan",
            "act",
            "role",
            "delta",
            "hello",
        ]
    ),
    "from_the_future",
    "",
)
FIELDS: Final = (
    *(
        [
            "proto",
            "client",
            "want",
            "rate_hz",
            "resume",
            "id",
            "hz",
            "req",
            "action",
            "life",
            "argument",
            "topic",
            "seconds",
            "level",
            "text",
            "start",
            "child",
        ]
    ),
    *(["epoch", "seq", "event", "parts", "lines", "n", "x"]),
)
INTEGERS: Final = (0, -1, 3, 2**31, 2**53, 2**63, -(2**63) - 1, 10**300)


class Frames:
    """Draws frames.

    Args:
        seed: Equal seeds draw equal frames.
    """

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)

    def any(self) -> bytes:
        """One hostile frame, newline included."""
        kind = self._draw.choice(
            (self.mutated, self.mutated, self.ill_typed, self.noise)
        )
        return kind()

    def noise(self) -> bytes:
        """Random bytes on one line."""
        size = self._draw.choice((1, 5, 50, 500, 3000))
        data = self._draw.randbytes(self._draw.randrange(size) + 1)
        return data.replace(b"\n", b"\0") + b"\n"

    def mutated(self) -> bytes:
        """A valid request with a few bytes changed, doubled or gone."""
        frame = bytearray(self._draw.choice(VALID)[:-1])
        for _ in range(self._draw.randrange(1, 5)):
            at = self._draw.randrange(len(frame) or 1)
            match self._draw.randrange(4):
                case 0 if frame:
                    frame[at] = self._draw.randrange(256)
                case 1 if frame:
                    del frame[at : at + self._draw.randrange(1, 9)]
                case 2:
                    frame[at:at] = frame[at : at + self._draw.randrange(1, 9)]
                case _:
                    frame[at:at] = self._draw.choice(
                        (b'"', b"{", b"]", b"1e999", b"\0")
                    )
        return bytes(frame).replace(b"\n", b" ") + b"\n"

    def ill_typed(self) -> bytes:
        """A JSON object with a tag that may be known and fields that may not fit."""
        names = self._draw.choices(FIELDS, k=self._draw.randrange(7))
        data: dict[str, Any] = {"t": self._draw.choice(TAGS)}
        data |= {name: self._value(3) for name in names}
        if self._draw.random() < 0.1:
            data["t"] = self._value(2)
        return json.dumps(data).encode() + b"\n"

    def deep(self) -> bytes:
        """Nested as far as a request may be long."""
        depth = self._draw.choice((100, 1000, 30_000))
        return b"[" * depth + b"]" * depth + b"\n"

    def oversized(self) -> bytes:
        """Longer than a request may be, with or without an end."""
        size = MAX_REQUEST + self._draw.randrange(1, 100_000)
        return b'{"t":"watch","id":"' + b"x" * size + self._draw.choice((b"", b'"}\n'))

    def _value(self, depth: int) -> object:
        draw = self._draw
        match draw.randrange(9 if depth else 6):
            case 0:
                return draw.choice(INTEGERS)
            case 1:
                return draw.choice((True, False, None))
            case 2:
                return draw.uniform(-1e6, 1e6)
            case 3:
                return "x" * draw.choice((0, 1, 199, 201, 2000))
            case 4:
                return draw.choice(
                    ("tree", "\x1b[2J", "\ud800", "../../etc", "restart")
                )
            case 5:
                return draw.randrange(100)
            case 6 | 7:
                return [self._value(depth - 1) for _ in range(draw.randrange(4))]
            case _:
                return {draw.choice(FIELDS): self._value(depth - 1)}


def is_bad(frame: bytes) -> bool:
    """Whether the protocol calls it a bad request."""
    return any(isinstance(m, Malformed) for m in request_decoder().feed(frame))


def says_goodbye(frame: bytes) -> bool:
    """Whether it is a valid `bye` by chance."""
    return any(isinstance(m, Bye) for m in request_decoder().feed(frame))

"""What a hostile peer says: honest frames, and what is put in their place."""

from __future__ import annotations

import json
import random
from typing import Any, Final

ROWS: Final[list[list[Any]]] = json.loads("""[
[1, 0, "shop", "shop", "supervisor", "one_for_all", "permanent", "", "running", 1, 0,
 12.5, null, null, null, null, null, null, "", 1, 3, 5.0, 1],
[2, 1, "db", "shop/db", "dynamic", "one_for_one", "permanent", "db", "running", 1, 0,
 12.5, null, null, null, null, null, null, "", 0, 3, 5.0, 1],
[3, 2, "b0", "shop/db/b0", "server", "app.Board", "permanent", "b0", "running", 2, 1,
 13.5, 4, 9, 9, 100, "add", 99.5, "crashed: ValueError", null, null, null, 7],
[4, 2, "b1", "shop/db/b1", "server", "app.B", "transient", "", "backing_off", 3, 2,
 null, 0, -1, 0, 0, null, null, "crashed: KeyError", 2, 3, 60.0, 9],
[5, 1, "t", "shop/t", "task", "app.tick", "temporary", "", "quarantined", 1, 0,
 14.0, null, null, null, null, null, null, "normal", null, null, null, 2]
]""")
"""In the order of `ROW_COLUMNS`."""
EVENTS: Final[list[list[Any]]] = [
    [1, 90.0, "shop/db/b0", "child_crashed", "shop/db/b0 (life 1) crashed: ValueError"],
    [2, 90.1, "shop/db/b0", "restart_decided", "shop/db/b0 is restarted in 0.5 s"],
    [3, 90.1, "shop/t", "child_stopping", "shop/t asked to stop after 'db' ended"],
    [4, 90.2, "shop/db", "restart_decided", "with 3 siblings (one_for_all)"],
    [5, 90.6, "shop/db/b0", "child_started", "shop/db/b0 started (life 2)"],
    [6, 91.0, "shop/db", "supervisor_gave_up", "shop/db gave up over 'b0'"],
    [7, 91.0, "shop/t", "child_quarantined", "shop/t stays down"],
    [8, 91.0, "shop", "supervisor_stopping", "shop stops"],
]
LETTER: Final[list[Any]] = ["call", "add", "(1, 2)", "shop/t", 99.0]
HELLO: Final[dict[str, Any]] = {
    "t": "hello",
    "proto_min": 1,
    "proto_max": 1,
    "node": "shop",
    "epoch": "e1",
    "pid": 42,
    "python": "3.13",
    "trio": "0.35",
    "trio_sup": "1.0",
    "started_wall": 1790000000.0,
    "wall0": 1790000000.0,
    "mono0": 3.0,
    "caps": [
        "watch",
        "resume",
        "rate",
        "parts",
        "follow",
        "metrics",
        "control",
        "lease",
        "logs",
        "registry",
        "trace",
    ],
    "readonly": False,
    "cols": [],
}
TASK: Final[list[Any]] = [1, 0, "task", "main", "app.py:3 in main", "waiting", 3, False]
FRAMES: Final[list[dict[str, Any]]] = [
    HELLO,
    {"t": "ready", "proto": 1, "rate_hz": 4.0, "resumed": False, "max_request": 65536},
    {"t": "error", "code": "forbidden", "message": "no"},
    {"t": "snap_begin", "seq": 5, "total": 5},
    {"t": "rows", "rows": ROWS},
    {"t": "rows", "rows": ROWS[2:]},
    {"t": "snap_end", "seq": 5, "at": 100.0},
    *[
        {
            "t": "delta",
            "seq": 6,
            "prev": 5,
            "at": 101.0,
            "up": ROWS[2:4],
            "vol": [[3, 5, 9, 101, "add", 99.5, 1]],
            "gone": [5],
            "events": EVENTS[:5],
            "dropped": 0,
        }
    ]
    * 3,
    {"t": "delta", "seq": 6, "prev": 5, "at": 101.0, "events": EVENTS},
    {"t": "heartbeat", "at": 102.0, "lag": 0.001, "cost": 0.0005, "clients": 1},
    {
        "t": "detail",
        "id": 3,
        "at": 103.0,
        "row": ROWS[2],
        "traceback": "Traceback\n  File x\nValueError: y",
        "clipped": False,
        "parts": ["overview", "mailbox", "state", "stack", "history", "links"],
        "mailbox": {
            "at": 103.0,
            "total": 4,
            "letters": [LETTER, LETTER],
            "current": LETTER,
            "suspended": False,
            "received": 9,
        },
        "state": {"at": 103.0, "text": "a = 1\nb = 'x'", "took": 0.001},
        "stack": [
            {"task": 7, "name": "b0", "depth": 0, "frames": [["a.py", 3, "f", "x()"]]}
        ],
        "history": [[1, 12.0, 13.0, "crashed", "ValueError"]],
        "links": [["watches", 4, "shop/db/b1"], ["name", 0, "b0"]],
    },
    {
        "t": "tasks",
        "at": 103.0,
        "reset": True,
        "up": [TASK, [2, 1, "nursery", "", "", "", 0, False], [3, 2, *TASK[2:]]],
        "gone": [],
        "more": False,
        "truncated": 0,
    },
    {
        "t": "busy",
        "at": 103.0,
        "seconds": 1.0,
        "busy": 0.5,
        "overhead": 0.01,
        "rows": [[3, "shop/db/b0", 0.4, 17, 0.1], [0, "main", 0.1, 3, 0.05]],
        "held": [[102.5, 0.2, 3, "shop/db/b0", "app.py:9 in f"]],
    },
    {
        "t": "waits",
        "at": 103.0,
        "edges": [[3, 4, "add", 99.0, "deadlock"], [4, 3, "get", 98.0, "deadlock"]],
        "truncated": False,
    },
    {
        "t": "node",
        "at": 103.0,
        "rss": 10**8,
        "cpu": 3.5,
        "threads": 2,
        "tasks": 9,
        "runnable": 1,
        "deadline": 0.5,
        "queue": 0,
        "io": "tasks_waiting=3",
        "gc": [100, 5, 1],
        "events": 9,
        "children": 5,
        "messages": 100,
        "clients": [["trio-sup", "uid=0", 4.0, 50.0, 3, False]],
        "facts": [["argv", "app.py"], ["cwd", "/srv"]],
    },
    {
        "t": "logs",
        "at": 103.0,
        "lines": [
            [
                *[1, 102.5, 40, "app.db", 3, "shop/db/b0", "no answer", "KeyError: 3"],
                *["app.py:9 in f", "worker"],
            ],
            [3, 102.6, 10, "app", 0, "", "a line", "", "app.py:3 in main", ""],
        ],
        "missed": 1,
        "passes": 20,
        "hidden": False,
    },
    {
        "t": "registry",
        "at": 103.0,
        "text": "",
        "start": 0,
        "rows": [
            ["names", "name", "b0", 3, "shop/db/b0", 1, 0, 0, 0, "{'a': 1}"],
            ["names", "waiter", "b1", 0, "main", 0, 0, 0, 0, ""],
            ["news", "subscriber", "prices", 5, "shop/t", 0, 7, 9, 3, ""],
        ],
        "passing": 3,
        "total": 3,
        "registries": [["names", True, 2, 2], ["news", False, 1, 1]],
    },
    {
        "t": "trace",
        "at": 103.0,
        "steps": [
            [
                *[102.0, "received", 3, "shop/db/b0", "call", "add", "(1)", "shop/t"],
                *[9, 8, 8, 1, 0.01, ""],
            ],
            [
                *[102.1, "crashed", 3, "shop/db/b0", "call", "add", "KeyError: 3", ""],
                *[9, 8, 8, 1, 0.2, "n: 1 -> 2"],
            ],
        ],
        "missed": 2,
        "servers": 2,
        "cost": 0.01,
    },
    {"t": "metrics", "text": '# HELP x y\nx{path="shop"} 1\n', "more": False},
    {"t": "role", "role": "control", "why": "", "actions": ["restart", "collect"]},
    {
        "t": "planned",
        "req": 1,
        "code": "",
        "why": "",
        "lines": ["b0 is restarted"],
        "affected": 1,
        "confirm": "",
    },
    {"t": "acted", "req": 2, "state": "done", "code": "", "text": "b0 is in life 3"},
]
"""One of each, those that make views more often."""

ESCAPES: Final = (
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[H",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x9b31mred\x9c",
    "a\nforged line",
    "\r\x08\x7f\x00",
    "\u202egnp.exe\u2066",
    "\u200b\u200f\ufeff\u2060\u00ad",
    "\u2028\u2029\x85\x0b\x0c",
    "\ud800",
    "\u3164\u034f",
    "[red]x[/red]",
    "[@click=app.quit]x[/]",
    "[/",
    "\U000e0041",
    "%s%n{0}",
)
STRUCTURES: Final = ("[]", "{}", "[[]]", "[{}]", "[null]", '[1, "x"]', '{"a": {}}')
INFINITE: Final = "@infinite@"
"""Becomes 1e999: what JSON reads as infinity."""
NUMBERS: Final = (
    *(0, -1, 1, 2, 3, 4, 5, 2**31, 2**53, 2**63, -(2**64), 10**300, 10**4000),
    *(0.0, -0.5, 1e308, -1e308, 5e-324, 1e11, -1e11, 253402300800.0),
)


class Evil:
    """Draws values and mutates frames; equal seeds draw the same."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)

    def frame(self) -> bytes:
        """One frame, newline included: most are JSON and have wrong fields."""
        draw = self.draw
        data = json.loads(draw.choice(TEXTS))
        for _ in range(draw.choice((1, 1, 1, 2, 2, 5, 12))):
            self.mutate(data)
        line = dumped(data)
        if draw.random() < 0.1:
            line = self.scratched(line)
        return line.replace(b"\n", b" ") + b"\n"

    def mutate(self, data: dict[str, Any]) -> None:
        """Put something wrong somewhere into a JSON object."""
        draw = self.draw
        at: Any = data
        while True:
            if isinstance(at, dict):
                key: Any = draw.choice(list(at)) if at else "x"
            else:
                key = draw.randrange(len(at)) if at else 0
            inner = at[key] if (key in at if isinstance(at, dict) else at) else None
            if isinstance(inner, dict | list) and inner and draw.random() < 0.9:
                at = inner
                continue
            break
        if key == "t" and draw.random() < 0.9:
            return
        self._spoil(at, key)

    def _spoil(self, at: Any, key: Any) -> None:
        draw = self.draw
        match draw.randrange(12):
            case 0 if at:
                del at[key]
            case 1 if isinstance(at, list) and at:
                at.append(at[key])
            case 2 if isinstance(at, list) and at:
                at[key:key] = [at[key]] * draw.choice((2, 10, 100))
            case 3 if isinstance(at, dict):
                at[draw.choice(("id", "at", "rows", "text", "up", "x"))] = self.value()
            case _ if isinstance(at, dict) or at:
                at[key] = self.value(at[key] if key in at or at else None)
            case _:
                pass

    def value(self, before: object = None) -> object:
        """Something wrong, often of the right type."""
        draw = self.draw
        if isinstance(before, str) and draw.random() < 0.7:
            where = draw.randrange(len(before) + 1)
            return before[:where] + self.text() + before[where:]
        if type(before) in (int, float) and draw.random() < 0.7:
            return draw.choice((*NUMBERS, INFINITE))
        match draw.randrange(8):
            case 0:
                return draw.choice((*NUMBERS, INFINITE))
            case 1:
                return draw.choice((True, False, None))
            case 2:
                return self.text()
            case 3:
                return json.loads(draw.choice(STRUCTURES))
            case 4:
                return "x" * draw.choice((201, 1001, 30_000))
            case 5:
                return [self.value() for _ in range(draw.randrange(4))]
            case 6:
                return list(draw.choice(ROWS))
            case _:
                return draw.choice(("running", "stopped", "from_the_future", ""))

    def text(self) -> str:
        """Something that a terminal must not get."""
        return self.draw.choice(ESCAPES)

    def scratched(self, line: bytes) -> bytes:
        """A few bytes changed, gone or doubled."""
        draw, data = self.draw, bytearray(line)
        for _ in range(draw.randrange(1, 5)):
            at = draw.randrange(len(data) or 1)
            match draw.randrange(4):
                case 0 if data:
                    data[at] = draw.randrange(256)
                case 1:
                    del data[at : at + draw.randrange(1, 9)]
                case 2:
                    data[at:at] = data[at : at + draw.randrange(1, 40)]
                case _:
                    data[at:at] = draw.choice((b'"', b"{", b"]", b"1e999", b"\0"))
        return bytes(data)


TEXTS: Final = [json.dumps(frame) for frame in FRAMES]


def dumped(data: object) -> bytes:
    """JSON as hostile as the data: infinities as numbers that are too large."""
    text = json.dumps(data).replace(f'"{INFINITE}"', "1e999")
    return text.encode()

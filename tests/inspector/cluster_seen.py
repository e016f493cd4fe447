"""A cluster as an observer saw it, and an observer that says what a test wants."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from attrs import define

from trio_sup_inspector.observer import Observation

PATIENCE = 60.0
URL = "redis://:***@engine.example:6379/0"
MEMORY = "cf728758e5a8-1796069571562113"
NEWS, SPORT, SWEEP = "('board', 'news')", "('board', 'sport')", "'sweep'"


def node(name: str, **more: Any) -> dict[str, Any]:
    """A node that answers."""
    return {
        "id": f"{name}.1f0c",
        "node": name,
        "answers": True,
        "host": "front",
        "pid": 4711,
        "accepts_children": True,
        "ttl": 10.0,
        "lease_left": 8.1,
        "up": 7384.0,
        "lag": 0.0,
        "incarnations": 1,
        "held": len(more.get("names", ())),
        "names": [],
        "children": {},
        "waiting": len(more.get("calls", ())),
        "calls": [],
        "counted": {"incarnations": 1, "malformed": 0, "refused": 0},
        "version": "0.1.0",
        "generation": MEMORY,
        "standing_by": [],
        "unplaced": [],
        "topics": [],
        **more,
    }


def name(key: str, token: int, path: str, **more: Any) -> dict[str, Any]:
    """A name that a node has."""
    told = {"key": key, "token": token, "path": path, "status": "running", "life": 1}
    return {**told, "kind": "name", "supervisor": "", **more}


def silent(name: str) -> dict[str, Any]:
    """A node that does not answer."""
    why = "no answer in 1 s"
    return {"id": f"{name}.1f0c", "node": name, "answers": False, "why": why}


def document(*nodes: dict[str, Any], **engine: Any) -> dict[str, Any]:
    """What an observer says."""
    said = {"url": URL, "answers": True, "seconds": 0.0004, "why": "", **engine}
    return {"schema": 1, "engine": said, "nodes": list(nodes)}


def away(why: str = "cannot join: Connection refused") -> dict[str, Any]:
    """What it says while the engine does not answer."""
    return document(answers=False, seconds=None, why=why)


def shop() -> list[dict[str, Any]]:
    """Three nodes, with a bit of everything."""
    boards = {"kind": "child", "supervisor": "boards"}
    topic = {
        "key": "'mentions'",
        "listeners": 2,
        "waiting": 3,
        "missed": 0,
        "breaks": 0,
    }
    failed = {"key": "('board', 'food')", "supervisor": "boards", "state": "failed"}
    sweep = name(SWEEP, 1_796_069_572_000_101, "shop/sweep", kind="singleton")
    return [
        node(
            "shop-1",
            names=[
                name(NEWS, 1_796_069_572_000_001, "shop/boards/news", **boards),
                sweep,
            ],
            children={"boards": 1},
            calls=[{"key": SPORT, "op": "post", "node": "shop-2"}],
            topics=[topic],
            unplaced=[{**failed, "why": "RuntimeError: food fell over"}],
        ),
        node(
            "shop-2",
            pid=4712,
            lag=1.4,
            lease_left=6.2,
            names=[name(SPORT, 1_796_069_572_000_002, "shop/boards/sport", **boards)],
            children={"boards": 1},
            standing_by=[{"key": SWEEP, "singleton": True}],
            topics=[{**topic, "missed": 19, "waiting": 0, "listeners": 1}],
        ),
        node(
            "shop-3",
            host="back.example",
            pid=911,
            lease_left=9.2,
            up=63.0,
            standing_by=[
                {"key": SWEEP, "singleton": True},
                {"key": "'mailer'", "singleton": True},
            ],
        ),
    ]


@define
class FakeObserver:
    """A process that says line by line what it is given."""

    directory: Path

    @property
    def how(self) -> Observation:
        """How it is started: `cat` of a pipe with a name, which any later one reads."""
        if not self.pipe.exists():
            os.mkfifo(self.pipe)
        command = ["/bin/sh", "-c", f"read url; exec cat '{self.pipe}'"]
        return Observation(
            URL, command, dict(os.environ), "redis://:secret@engine.example:6379/0"
        )

    @property
    def pipe(self) -> Path:
        return self.directory / "observer"

    async def listens(self) -> Speaker:
        """Wait until one runs; it lives as long as what is returned."""
        opened = asyncio.to_thread(os.open, self.pipe, os.O_WRONLY)
        return Speaker(await asyncio.wait_for(opened, PATIENCE))


@define
class Speaker:
    """What an observer says, as long as this is open."""

    handle: int

    def say(self, *documents: dict[str, Any] | str) -> None:
        """Say documents, each on a line."""
        for each in documents:
            text = each if isinstance(each, str) else json.dumps(each)
            os.write(self.handle, text.encode() + b"\n")

    def close(self) -> None:
        os.close(self.handle)

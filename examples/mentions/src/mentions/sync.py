"""A sync for each viewer: looks at GitHub every few seconds, and tells what is new."""

from __future__ import annotations

import re
import time
from typing import TypeAlias

from attrs import frozen

from trio_sup import (
    Attached,
    ChildSpec,
    Continue,
    Down,
    DynamicSupervisor,
    GenServer,
    NoProcess,
    ServerRef,
    Stop,
    address,
    cast,
    child,
)

from .github import Comment, GitHub, NoAnswer, RateLimited

SYNCS = address("syncs", DynamicSupervisor, wait=True)
"""The supervisor of all syncs."""


@frozen
class Way:
    """What every sync needs to do its work."""

    github: GitHub
    repository: str
    """``owner/name``."""
    every: float
    """Seconds between two looks."""
    days: float = 7.0
    """How old a comment may be that a new viewer sees."""


@frozen
class Looked:
    """What a viewer is told after each look: these mentions are new."""

    mentions: list[Comment]


@frozen
class Trouble:
    """What a viewer is told when a look failed; there will be another."""

    text: str


News: TypeAlias = Looked | Trouble


# --8<-- [start:sync]
class Sync(GenServer, restart="temporary"):
    """Tells one viewer of the comments that mention a person.

    It ends with its viewer. When it falls over nobody starts it again but the viewer,
    who watches it as it watches the viewer.
    """

    def __init__(self, viewer: Attached, person: str, way: Way) -> None:
        self.viewer = viewer
        self.way = way
        self.mention = re.compile(rf"(?<![\w/`-])@{person}(?![\w-])", re.IGNORECASE)
        self.since = _day(time.time() - way.days * 86400)
        self.told: set[tuple[int, str]] = set()

    async def init(self) -> Continue:
        """Watch the viewer; look for the first time after that."""
        self.monitor(self.viewer)
        return Continue()

    async def handle_continue(self) -> None:
        """Look for the first time."""
        await self.look()

    @cast
    async def look(self) -> None:
        """Look once, tell, and be back in time."""
        pause = self.way.every
        news: News
        try:
            news = Looked(await self.find())
        except RateLimited as limited:
            pause = max(pause, limited.until - time.time())
            news = Trouble(str(limited))
        except NoAnswer as trouble:
            news = Trouble(str(trouble))
        try:
            self.viewer.send(news)
        except NoProcess:
            raise Stop from None  # gone while we looked
        self.send_after(pause, Sync.look)

    async def handle_info(self, message: object) -> None:
        """End when the viewer is gone."""
        if isinstance(message, Down):
            raise Stop

    # --8<-- [end:sync]
    async def find(self) -> list[Comment]:
        """Return the mentions that were not told of yet."""
        comments = await self.way.github.comments(self.way.repository, self.since)
        fresh = [each for each in comments if (each.id, each.updated) not in self.told]
        if comments:
            # GitHub tells of those of the last second again, and of no older ones.
            self.since = max(each.updated for each in comments)
            last = (each for each in comments if each.updated == self.since)
            self.told = {(each.id, each.updated) for each in last}
        return [each for each in fresh if self.mention.search(each.body)]


def sync(viewer: Attached, person: str, way: Way) -> ChildSpec[ServerRef[Sync]]:
    """The sync of a viewer: does not come back by itself."""
    return child(Sync, viewer, person, way, name=("sync", viewer.id))


def _day(seconds: float) -> str:
    """Return the beginning of a day: all who come on one day ask the same."""
    return time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(seconds))

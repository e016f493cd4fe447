"""The index: which post has which word. It stands on the store."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from trio_sup import ServerRef, call, cast, current_node
from trio_sup.demo.faults import Crashable
from trio_sup.demo.store import Store, the_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.demo.protocol import Post

NAME = "index"
PERIOD = 1.0
"""Seconds between two looks at the store."""
MOST = 10
"""Posts in one answer."""


class Index(Crashable):
    """Finds posts by word.

    It counts how far it has read, and that number means nothing to another life of
    the store. Hence `rest_for_one` with the store before it: both begin anew.
    """

    def __init__(self) -> None:
        self._posts: defaultdict[str, list[Post]] = defaultdict(list)
        self._seen = 0

    async def init(self) -> None:
        """Read the whole store, then look for more every second."""
        await self._catch_up()
        self.every(PERIOD, Index.catch_up)

    @cast
    async def catch_up(self) -> None:
        """Read what is new."""
        await self._catch_up()

    @call
    async def find(self, word: str) -> Sequence[Post]:
        """Return the last posts with a word, those of this moment included."""
        await self._catch_up()
        return self._posts.get(word, [])[-MOST:]

    async def _catch_up(self) -> None:
        for post in await the_store().call(Store.posts_from, self._seen):
            self._seen = post.number + 1
            for word in set(re.findall(r"\w+", post.text.lower())):
                self._posts[word].append(post)


def the_index() -> ServerRef[Index]:
    """Return the address of the index: calls wait while it is between two lives."""
    return current_node().registry.ref(NAME, Index).when_running()

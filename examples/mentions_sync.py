"""Mentions sync: one server a viewer, which refreshes and pushes what is new.

The viewer is a plain task (a websocket's handler, say) that `attach` makes a child
with a mailbox. Its sync watches it and ends when the viewer is gone.
"""

from __future__ import annotations

import trio

from trio_sup import (
    Attached,
    Down,
    GenServer,
    Stop,
    attach,
    cast,
    child,
    dynamic_supervisor,
    open_supervisor,
)

Feed = list[str]
"""Where mentions appear; in real life somebody else's service."""


class MentionsSync(GenServer):
    """Fetches the mentions of one viewer and pushes those that are new."""

    def __init__(self, viewer: Attached, feed: Feed, interval: float) -> None:
        self.viewer = viewer
        self.feed = feed
        self.interval = interval
        self.seen = 0

    async def init(self) -> None:
        """Watch the viewer, and refresh from now on."""
        self.monitor(self.viewer)
        self.every(self.interval, MentionsSync.refresh)

    @cast
    async def refresh(self) -> None:
        """Push what the viewer has not seen."""
        fresh, self.seen = self.feed[self.seen :], len(self.feed)
        if fresh:
            self.viewer.send(fresh)

    async def handle_info(self, message: object) -> None:
        """End when the viewer is gone."""
        if isinstance(message, Down):
            raise Stop


async def main() -> None:
    """Watch for two rounds of mentions, then leave."""
    feed: Feed = []
    async with open_supervisor([dynamic_supervisor(id="syncs")]) as sup:
        syncs = sup.dynamic("syncs")
        async with attach(name=("viewer", "ada")) as me:
            sync = await syncs.start_child(
                child(MentionsSync, me, feed, 5.0, restart="transient")
            )
            feed += ["bob mentions you"]
            print(await me.receive(), f"at {trio.current_time():.0f} s")
            feed += ["cy mentions you", "di mentions you"]
            print(await me.receive(), f"at {trio.current_time():.0f} s")
        await sync.wait_stopped()
        print("syncs left:", syncs.count_children().specs)


if __name__ == "__main__":
    trio.run(main)

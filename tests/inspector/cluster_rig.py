"""The application before a cluster that a test makes up."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.directories import short_directory
from tests.inspector.cluster_seen import FakeObserver, Speaker
from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from trio_sup_inspector.screens.cluster import ClusterScreen

Story = Callable[[Rig, Speaker], Awaitable[None]]


@asynccontextmanager
async def cluster_rig(
    *nodes: FakeNode, **options: Any
) -> AsyncGenerator[tuple[Rig, Speaker]]:
    """The application before a cluster that a test makes up."""
    with short_directory() as directory:
        observer = FakeObserver(Path(directory))
        async with open_rig(
            *nodes, cluster=observer.how, directory=Path(directory), **options
        ) as rig:
            speaker = await observer.listens()
            try:
                yield rig, speaker
            finally:
                speaker.close()


def play(story: Story, *nodes: FakeNode, **options: Any) -> None:
    async def main() -> None:
        async with cluster_rig(*nodes, **options) as (rig, speaker):
            await story(rig, speaker)

    asyncio.run(main())


def screen(rig: Rig) -> ClusterScreen:
    assert isinstance(rig.app.screen, ClusterScreen)
    return rig.app.screen


async def until_told(rig: Rig, text: str) -> None:
    """Wait for what is said in a corner, where it stands over several lines."""
    told = rig.app._notifications  # pyright: ignore[reportPrivateUsage]
    await rig.until(lambda: any(text in each.message for each in told))


def cursor_line(rig: Rig) -> str:
    view = screen(rig).view
    return rig.text().splitlines()[view.region.y + view.cursor - view.scroll_offset.y]

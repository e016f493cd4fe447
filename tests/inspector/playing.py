"""A story played in a whole application, before a fake node."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.shop import shop_rows

Story = Callable[[Rig, FakeNode], Awaitable[None]]


def play(story: Story, *, size: tuple[int, int] = (100, 30), **settings: Any) -> None:
    async def main() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node, size=size, **settings) as rig:
            await story(rig, node)

    asyncio.run(main())

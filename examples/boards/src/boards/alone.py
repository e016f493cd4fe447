"""The first version: all boards in one process, and one mistake that ends them all.

Run it to see it break: ``python -m boards.alone``.
"""

from __future__ import annotations

import trio

# --8<-- [start:alone]
Boards = dict[str, list[str]]


async def serve(
    boards: Boards, posts: trio.MemoryReceiveChannel[tuple[str, str]]
) -> None:
    """One task keeps all boards: what raises here ends every board."""
    async for title, text in posts:
        boards.setdefault(title, []).append(text.split(":", 1)[1])


# --8<-- [end:alone]
async def main() -> None:
    """Post twice as it was thought, and once as people do."""
    send, receive = trio.open_memory_channel[tuple[str, str]](10)
    boards: Boards = {}
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, boards, receive)
            await send.send(("news", "ada: rain"))
            await send.send(("sport", "bob: goal"))
            await send.send(("news", "no colon"))
            await trio.sleep(0.1)
            await send.send(("sport", "bob: and another"))
    except* IndexError:
        print("everything is down; sport had", boards["sport"])


if __name__ == "__main__":
    trio.run(main)

"""What is typed in one breath: a filter's text is never taken for keys."""

import asyncio

import pytest
from textual import events

from tests.inspector.rig import Rig, open_rig
from tests.inspector.test_screens import shop_node

NAMES = {
    "/": "slash",
    "?": "question_mark",
    ">": "greater_than_sign",
    "\r": "enter",
}


def type_ahead(rig: Rig, text: str) -> None:
    """Post all keys before any of them is looked at, as a terminal does."""
    for char in text:
        shown = char if char.isprintable() else None
        rig.app.post_message(events.Key(NAMES.get(char, char), shown))


def box(rig: Rig) -> str:
    return rig.main.state.filter.query.text


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("/queue", "queue"),  # which quit the application
        ("/zebra", "zebra"),
        ("3/smtp", "smtp"),
        ("/a/b", "a/b"),
        ("//a.b/", "/a.b/"),
        ("/mailbox>3", "mailbox>3"),
    ],
)
def test_keys_typed_after_a_slash_are_the_filter(typed: str, wanted: str) -> None:
    async def main() -> None:
        async with open_rig(shop_node()) as rig:
            await rig.paint()
            type_ahead(rig, typed)
            await rig.until(lambda: box(rig) == wanted)
            assert rig.app.is_running
            assert rig.app.screen is rig.main

    asyncio.run(main())


def test_keys_typed_behind_enter_are_keys_again() -> None:
    async def main() -> None:
        async with open_rig(shop_node()) as rig:
            await rig.paint()
            type_ahead(rig, "/shop\r5")
            await rig.until(lambda: rig.main.lists.current == "lints")
            assert box(rig) == "shop"
            type_ahead(rig, "1/db\rj")
            await rig.until(lambda: box(rig) == "db")
            await rig.paint()
            assert rig.main.lists.current == "tree"
            assert box(rig) == "db"

    asyncio.run(main())


def test_what_is_pasted_after_a_slash_is_the_filter() -> None:
    async def main() -> None:
        async with open_rig(shop_node()) as rig:
            await rig.paint()
            type_ahead(rig, "/")
            rig.app.post_message(events.Paste("q/state"))
            await rig.until(lambda: box(rig) == "q/state")

    asyncio.run(main())

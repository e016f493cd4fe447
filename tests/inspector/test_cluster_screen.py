"""The screen of a cluster: pictures of it, what it says, what is hostile, what is away."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.inspector.cluster_rig import cursor_line, play, screen, until_told
from tests.inspector.cluster_seen import (
    NEWS,
    URL,
    FakeObserver,
    Speaker,
    away,
    document,
    name,
    node,
    shop,
    silent,
)
from tests.inspector.rig import Rig, open_rig
from tests.inspector.test_screens import WIDGETS_OF_TEXTUAL, Looks, coloured, compare
from trio_sup_inspector.observer import Observation
from trio_sup_inspector.theme import LIGHT

EVIL = "a\x1b]0;title\x07\x9b31m\nforged\u202etxt\ud800\u200b\x7f\u2028"
SCENES: dict[str, tuple[str, ...]] = {
    "nodes": ("1", "j"),
    "names": ("2",),
    "names-failed": ("e",),
    "calls": ("3",),
    "topics": ("4", "e"),
}
SIZES = {"60x20": (60, 20), "80x24": (80, 24), "150x30": (150, 30)}


async def tour(rig: Rig, speaker: Speaker, size: str, tail: str = "") -> Looks:
    """Every list of a cluster, and then without an engine; compared with pictures."""
    looks = Looks()
    speaker.say(document(*shop(), silent("shop-4")))
    await rig.until_shown("shop-4")
    for scene, keys in SCENES.items():
        await rig.press(*keys)
        compare(f"cluster-{scene}-{size}{tail}", rig.text())
        looks.add(scene, rig.strips())
    speaker.say(away())
    await rig.until_shown("the engine is away")
    await rig.press("1")
    await rig.pass_time(12.0)
    compare(f"cluster-away-{size}{tail}", rig.text())
    looks.add("away", rig.strips())
    return looks


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_the_lists_look_as_they_did(size: str) -> None:
    async def story(rig: Rig, speaker: Speaker) -> None:
        looks = await tour(rig, speaker, size)
        compare(f"cluster-colours-{size}", looks.text())

    play(story, size=SIZES[size])


@pytest.mark.slow
def test_in_ascii_they_hold_nothing_else_and_without_colours_none_is_sent() -> None:
    async def plain(rig: Rig, speaker: Speaker) -> None:
        await tour(rig, speaker, "80x24", "-ascii")
        assert rig.text().translate(WIDGETS_OF_TEXTUAL).isascii()

    async def colourless(rig: Rig, speaker: Speaker) -> None:
        await tour(rig, speaker, "80x24")
        assert not coloured(rig)

    play(plain, plain=True)
    play(colourless, no_color=True)


def test_a_light_theme_shows_the_same_words_in_its_own_colours() -> None:
    async def story(rig: Rig, speaker: Speaker) -> None:
        speaker.say(document(*shop()))
        await rig.until_shown("shop-3")
        dark = rig.text(), _grounds(rig)
        rig.app.theme = LIGHT.name
        await rig.paint()
        assert rig.text() == dark[0]
        assert not dark[1] & _grounds(rig)

    play(story)


def _grounds(rig: Rig) -> set[object]:
    styles = [segment.style for strip in rig.strips() for segment in strip]
    return {style.bgcolor for style in styles if style is not None}


# --- what it says --------------------------------------------------------------


def test_a_frozen_node_is_said_to_be_silent_and_keeps_its_process() -> None:
    async def story(rig: Rig, speaker: Speaker) -> None:
        speaker.say(document(*shop()))
        await rig.until_shown("shop-1")
        speaker.say(document(silent("shop-1"), *shop()[1:]))
        await rig.until_shown("no answer in 1 s")
        assert "1 silent" in rig.text().splitlines()[0]
        assert "LIVE" in rig.text().splitlines()[0]
        assert "4711 on front" in rig.line("process")

    play(story)


def test_while_the_engine_is_away_the_last_that_was_known_stays_with_its_age() -> None:
    async def story(rig: Rig, speaker: Speaker) -> None:
        speaker.say(document(*shop()))
        await rig.until_shown("LIVE")
        speaker.say(away("no answer of the engine in 1 s"))
        await rig.until(lambda: screen(rig).view.faded)
        await rig.pass_time(65.0)
        assert "STALE 01:05" in rig.text()
        assert "no answer of the engine in 1 s" in rig.text()
        assert "last known 1m05s ago" in rig.text()
        assert "shop-3" in rig.text()
        speaker.say(document(*shop()[:2]))
        await rig.until_shown("LIVE")
        assert not screen(rig).view.faded
        assert "shop-3" not in rig.text()

    play(story, size=(120, 30))


def test_an_observer_that_says_nothing_is_noticed_by_the_clock() -> None:
    async def story(rig: Rig, speaker: Speaker) -> None:
        speaker.say(document(*shop()))
        await rig.until_shown("LIVE")
        await rig.pass_time(9.0)
        assert "STALE 00:09" in rig.text()
        assert "the observer has said nothing for 9 s" in rig.text()

    play(story)


def test_before_anything_is_known_it_says_where_it_looks_and_why_that_fails() -> None:
    async def story(rig: Rig, speaker: Speaker) -> None:
        await rig.paint()
        assert f"Joining the cluster at {URL}" in rig.text()
        speaker.say(away())
        await rig.until_shown("AWAY")
        assert "cannot be seen" in rig.text()
        assert "Connection refused" in rig.text()
        assert "secret" not in rig.text()

    play(story)


def test_an_observer_that_ends_is_started_again_and_one_that_cannot_run_is_not(
    tmp_path: Path,
) -> None:
    async def story(rig: Rig, speaker: Speaker) -> None:
        speaker.say(document(*shop()))
        await rig.until_shown("LIVE")
        speaker.close()
        await rig.until_shown("the observer ended")
        assert "shop-1" in rig.text()
        await rig.press("r")
        again = await FakeObserver(rig.directory).listens()
        again.say(document(node("new")))
        await rig.until_shown("LIVE")
        assert "shop-1" not in rig.text()
        speaker.handle = again.handle

    play(story)
    said = "echo 'trio-sup: needs hiredis' >&2; echo 'pip install it' >&2; exit 2"

    async def missing() -> None:
        how = Observation(URL, ["/bin/sh", "-c", said], {}, "")
        async with open_rig(cluster=how, directory=tmp_path) as rig:
            await rig.until_shown("needs hiredis pip install it")
            assert "r tries again" in rig.text()

    asyncio.run(missing())


def test_names_have_holders_two_are_told_and_nobody_is_told() -> None:
    async def story(rig: Rig, speaker: Speaker) -> None:
        twice = [
            node("old", names=[name(NEWS, 5, "shop/news")]),
            node("new", names=[name(NEWS, 9, "shop/news")]),
            node("idle", standing_by=[{"key": "'mailer'", "singleton": True}]),
        ]
        speaker.say(document(*twice))
        await rig.until_shown("idle")
        await rig.press("2")
        assert "'mailer'" in cursor_line(rig)
        assert "nobody" in cursor_line(rig)
        assert "idle" in rig.line("stand by")
        await rig.press("e")
        assert " old " in cursor_line(rig)
        assert "another node has it with a newer token" in rig.text()

    play(story, size=(100, 30))


def test_the_filter_is_that_of_the_other_lists() -> None:
    async def story(rig: Rig, speaker: Speaker) -> None:
        speaker.say(document(*shop()))
        await rig.until_shown("shop-3")
        await rig.press("2", "slash")
        await rig.type("under:shop-1 !sweep")
        assert [e.key[1] for e in screen(rig).tables["names"].entries] == [NEWS]
        assert "1 of 5" in rig.text()
        await rig.press("escape", "slash")
        await rig.type("sate:x")
        assert "did you mean state:x?" in rig.text()
        await rig.press("escape", "slash")
        await rig.type("state:down")
        await rig.press("enter")
        assert len(screen(rig).tables["names"].entries) == 2
        await rig.press("escape", "z")
        assert "only problems" in rig.text()
        await rig.press("z", "space")
        speaker.say(document(node("later")))
        await rig.until(lambda: screen(rig).state.paused)
        assert "PAUSED" in rig.text()
        assert "later" not in rig.text()

    play(story, size=(110, 30))


# --- hostile content --------------------------------------------------------------


def test_whatever_nodes_say_nothing_raw_reaches_the_terminal_and_none_spoils_others() -> (
    None
):
    huge = "x" * 100_000
    evil = node(
        EVIL,
        id=EVIL + "2",
        host=EVIL,
        version=EVIL,
        generation=EVIL,
        names=[name(EVIL, 2**80, EVIL, status=EVIL, kind=EVIL, life=-7)],
        children={EVIL: 10**30},
        topics=[
            {"key": EVIL, "listeners": 1, "waiting": 0, "missed": 10**40, "breaks": 0}
        ],
        calls=[{"key": huge, "op": EVIL, "node": EVIL}],
    )
    garbage: list[Any] = [None, 7, [], {}, {"id": 3}, {**node("bad"), "names": 7}]
    garbage += [{**node("nan"), "up": 1e999}, {**node("deep"), "counted": [[[]]]}]

    async def story(rig: Rig, speaker: Speaker) -> None:
        speaker.say(document(evil, node(huge), *garbage, *shop()))
        await rig.until_shown("shop-3")
        for keys in (("1",), ("j",), ("2",), ("e",), ("3",), ("4",), ("1", "e", "e")):
            await rig.press(*keys)
            text = rig.text()
            assert text.replace("\n", "").isprintable(), ascii(text)
            assert "forged" not in text.splitlines()
        await rig.press("1", "g", "enter")
        await until_told(rig, "which is no machine")
        assert "it tells what cannot" in rig.text()
        assert rig.app.is_running

    play(story, size=(150, 40))


def test_what_is_no_document_ends_that_observer_only() -> None:
    async def story(rig: Rig, speaker: Speaker) -> None:
        speaker.say(document(*shop()))
        await rig.until_shown("LIVE")
        speaker.say("[" * 100_000)
        await rig.until_shown("the observer said what cannot be read")
        assert "shop-1" in rig.text()

    play(story)

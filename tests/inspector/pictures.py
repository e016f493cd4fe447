"""Draws the pictures of the documentation: ``python -m tests.inspector.pictures``.

Each is a screen of the application beside the fake node of the tests, on a clock
that stands still, so that the files change only if the screens do. They name no
font and no host of the network.
"""

import asyncio
import html
import math
import os
import re
import sys
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path

from attrs import evolve, frozen
from rich.cells import cell_len

from tests.directories import short_directory
from tests.inspector import shop_inside
from tests.inspector.cluster_seen import FakeObserver, document, shop, silent
from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.rows import server
from tests.inspector.shop import TRACEBACK, shop_rows, story
from trio_sup.inspect.client.session import Phase
from trio_sup.inspect.protocol.wire import Heartbeat

IMAGES = Path(__file__).parents[2] / "docs" / "images"
TITLE = "trio-sup inspect shop"
CELL = 12.2
"""The width of a terminal cell in the pictures of Rich."""
NBSP = "\N{NO-BREAK SPACE}"
TEXT = re.compile(
    r'<text class="([^"]+)" x="([^"]+)" y="([^"]+)" textLength="[^"]+" '
    r'clip-path="([^"]+)">([^<]*)</text>'
)
WORDS = re.compile(rf"[^{NBSP}\s]+(?:{NBSP}[^{NBSP}\s]+)*")
"""Pieces of text with single spaces inside."""
FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


@frozen
class Picture:
    """One screen: how large, after which keys, and what has happened to the node."""

    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    details_of: int | None = None
    """The child whose traceback has to be there."""
    node_gone: bool = False
    minutes: bool = False
    """Whether two minutes of figures are there."""
    others: bool = False
    """Whether other nodes run, too: one that is well, and one that is frozen."""
    beats: bool = False
    """Whether the trends of the node are there."""
    cluster: bool = False
    """Whether it is one of a cluster."""
    shows: str = ""
    """What has to be on the screen before it is drawn."""
    then: tuple[str, ...] = ()
    """Keys that mean something only once that is there."""


DOWN_TO_CHARGE = ("down",) * 3
PICTURES = {
    "inspector": Picture((110, 30), DOWN_TO_CHARGE),
    "details": Picture((150, 34), (*DOWN_TO_CHARGE, "enter"), details_of=4),
    "mailbox": Picture(
        (150, 34), (*DOWN_TO_CHARGE, "enter", "t"), details_of=4, shows="Waiting, the"
    ),
    "stack": Picture(
        (76, 22), (*DOWN_TO_CHARGE, "enter", *"ttt"), shows="Gateway.post"
    ),
    "tasks": Picture((110, 22), ("8",), shows="watch_config", then=("down",) * 6),
    "calls": Picture((110, 14), ("9",), shows="deadlock"),
    "busy": Picture((110, 17), ("0",), shows="held the loop"),
    "logs": Picture((110, 16), ("L",), shows="configuration read", then=("up",)),
    "registry": Picture((132, 18), ("K",), shows="317 d", then=("down",) * 7),
    "trace": Picture((120, 22), ("c",), shows="Declined", then=("up",) * 3),
    "restarts": Picture((130, 30), ("3", *("down",) * 11)),
    "lints": Picture((100, 22), ("5", *("down",) * 4)),
    "node": Picture((120, 36), ("6",), beats=True, shows="61.8 MB"),
    "events": Picture((110, 23), ("4",)),
    "charts": Picture((110, 24), ("6", "p"), minutes=True),
    "nodes": Picture((110, 14), ("7",), others=True),
    "narrow": Picture((60, 20), DOWN_TO_CHARGE),
    "cluster": Picture((120, 18), ("j",), cluster=True),
    "cluster_names": Picture((120, 16), ("2", "e"), cluster=True),
    "reconnecting": Picture((110, 22), DOWN_TO_CHARGE, node_gone=True),
}

LATELY = {4: 2, 5: 1, 34: 5}
"""How many restarts of the last minute a child has behind it, by its id."""
TREND = 60
"""Refreshes in which the mailbox of the detail pane filled up."""


async def show_cluster(picture: Picture) -> str:
    """The picture of a cluster as SVG."""
    with short_directory() as directory:
        observer = FakeObserver(Path(directory))
        async with open_rig(
            size=picture.size, directory=Path(directory), cluster=observer.how
        ) as rig:
            speaker = await observer.listens()
            speaker.say(document(*shop(), silent("shop-4")))
            await rig.until_shown("shop-4")
            await rig.press(*picture.keys)
            speaker.close()
            title = "trio-sup inspect --cluster -"
            return own_fonts(rig.app.export_screenshot(title=title))


async def show_picture(picture: Picture) -> str:
    """The picture as SVG."""
    if picture.cluster:
        return await show_cluster(picture)
    now = shop_rows()
    rows = [evolve(row, restarts=row.restarts - LATELY.get(row.id, 0)) for row in now]
    node = FakeNode(rows=rows, tracebacks={4: TRACEBACK})
    node.insides[4] = shop_inside.charge()
    node.topics = shop_inside.topics()
    nodes = [node]
    if picture.others:
        nodes += [FakeNode(name="mail", pid=4713, greets=False)]
        nodes += [FakeNode(name="till", pid=4790, rows=[server(1, label="drawer")])]
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(short_directory()))
        wanted = str(directory / f"{node.name}.{node.pid}.sock")
        rig = await stack.enter_async_context(
            open_rig(*nodes, size=picture.size, directory=directory, wanted=wanted)
        )
        node.change(*(row for row in now if row.id in LATELY))
        events = story()
        for at, kind, below, text in events:
            path = f"shop/{below}"
            node.tell(kind, path, f"{path} {text}", at)
        await rig.until(lambda: len(rig.state.journal.entries) == len(events))
        if picture.beats:
            await beat(rig, node)
        if picture.minutes:
            await live(rig, node)
        await rig.press(*picture.keys)
        if picture.details_of is not None:
            await open_details(rig, picture.details_of)
        if picture.shows:
            await rig.until_shown(picture.shows)
            await rig.press(*picture.then)
        if picture.node_gone:
            await lose_node(rig, node)
        if picture.others:
            await rig.until_shown("well")
            rig.clock.now += 12.0
            await rig.press("r")
        return own_fonts(rig.app.export_screenshot(title=TITLE))


async def beat(rig: Rig, node: FakeNode) -> None:
    """Let a minute of heartbeats come, with a loop that was held once."""
    for n in range(60):
        lag = 0.13 if n == 41 else 0.002 + (7 * n % 11) / 1000
        lag, cost = lag if n < 59 else 0.004, 0.003 + (5 * n % 7) / 2000
        node.say(Heartbeat(node.at - 59.0 + n, lag, cost))
        before = len(rig.state.figures.beats)
        while len(rig.state.figures.beats) == before:
            await asyncio.sleep(0)
            rig.app.tick()


async def live(rig: Rig, node: FakeNode) -> None:
    """Let two minutes go by in which a server has a lot to do, once."""
    row = next(row for row in node.rows if row.id == 4)
    handled = row.handled or 0
    for n in range(120):
        node.at += 1.0
        hill = math.exp(-(((n - 70) / 18) ** 2))
        handled += round(40 + 300 * hill + 7 * n % 11)
        depth = round(900 * math.exp(-(((n - 78) / 12) ** 2)))
        node.change(evolve(row, handled=handled, mailbox_len=depth))
        node.beat(0.13 if n == 81 else 0.002 + (7 * n % 11) / 1000)
        before = rig.state.charts.node.at
        while rig.state.charts.node.at == before:
            await asyncio.sleep(0)
            rig.app.tick()


async def open_details(rig: Rig, id: int) -> None:
    """Wait for the traceback, and let the mailbox fill up."""
    await rig.until(lambda: id in rig.state.session.details)
    row = rig.state.model.rows[id]
    depth = row.mailbox_len or 0
    # One refresh a depth: those before, of unknown number, are out of sight then.
    for step in range(1, TREND + 1):
        rig.clock.now += 1e-6
        row.mailbox_len = depth * step**2 // TREND**2
        rig.app.tick()
        await rig.pilot.pause()


async def lose_node(rig: Rig, node: FakeNode) -> None:
    """End the node, and let the application notice."""
    await node.stop()
    session = rig.state.session
    await rig.until(lambda: session.state.phase is Phase.RECONNECTING)


def own_fonts(svg: str) -> str:
    """The same picture in the reader's own fonts, every word at its place.

    Renderers differ in what they make of spaces and of a font's own widths: with
    a position for each piece of text between spaces, columns stay aligned.
    """
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code, monospace", FONTS)
    svg = svg.replace("font-family: arial", "font-family: sans-serif")
    svg = TEXT.sub(_words, svg)
    svg = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", svg)
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


def _words(match: re.Match[str]) -> str:
    look, x, y, clip, content = match.groups()
    text = html.unescape(content)
    pieces: list[str] = []
    for piece in WORDS.finditer(text):
        at = float(x) + cell_len(text[: piece.start()]) * CELL
        length = cell_len(piece[0]) * CELL
        shown = html.escape(piece[0], quote=False).replace(NBSP, "&#160;")
        pieces.append(
            f'<text class="{look}" x="{at:.2f}" y="{y}" textLength="{length:.2f}" '
            f'clip-path="{clip}">{shown}</text>'
        )
    return "\n".join(pieces)


def draw(directory: Path, names: Iterable[str] = ()) -> None:
    """Write pictures into a directory: those named, or all.

    The times on them are UTC, whatever this machine's zone is.
    """
    os.environ["TZ"] = "UTC"
    time.tzset()
    directory.mkdir(exist_ok=True)
    for name in names or PICTURES:
        svg = asyncio.run(show_picture(PICTURES[name]))
        (directory / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)

"""The web page: Quart-Trio, served by Hypercorn's worker for Trio."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable
from importlib.resources import files
from itertools import count
from typing import TypeAlias

import trio
from attrs import asdict
from hypercorn.config import Config
from hypercorn.trio import serve
from quart import Response, abort, websocket
from quart_trio import QuartTrio

from trio_sup import Attached, Down, attach

from .sync import SYNCS, Looked, Trouble, Way, sync

log = logging.getLogger(__name__)
numbers = count(1)

LOGIN = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}")
"""How GitHub names people."""
SLOWEST = 100
"""News that a viewer may be behind before the oldest are dropped."""
AGAIN = 1.0
"""Seconds until a viewer replaces a sync that fell over."""


# --8<-- [start:view]
async def view(person: str, way: Way) -> None:
    """Show one viewer what is new, as long as the browser stays.

    Hypercorn started this task; `attach` makes it a child while it lasts. When the
    browser leaves, the task is cancelled, the block ends, and the sync with it.
    """
    viewer = attach(
        id=("viewer", next(numbers)), capacity=SLOWEST, when_full="drop_oldest"
    )
    async with viewer as me:
        while True:
            me.monitor(await SYNCS.start_child(sync(me, person, way)))
            await show_until_it_falls(me)
            await trio.sleep(AGAIN)


async def show_until_it_falls(me: Attached) -> None:
    """Send what the sync tells; return when it is gone."""
    async for news in me:
        await websocket.send(json.dumps(said(news)))
        if isinstance(news, Down):
            return


# --8<-- [end:view]
def said(news: object) -> dict[str, object]:
    """Return what the page is told."""
    if isinstance(news, Looked):
        return {"mentions": [asdict(each) for each in news.mentions]}
    if isinstance(news, Trouble):
        return {"trouble": news.text}
    return {"trouble": "the sync fell over; here comes another"}


Show: TypeAlias = Callable[[str, Way], Awaitable[None]]
"""Shows one viewer what is new, as long as the browser stays."""


def make_app(way: Way, show: Show = view) -> QuartTrio:
    """Make the application: a page for each person, and its live connection."""
    app = QuartTrio("mentions")

    def file(name: str, kind: str) -> Response:
        text = files("mentions").joinpath(name).read_text(encoding="utf-8")
        headers = {"Content-Security-Policy": "default-src 'self'"}
        return Response(
            text.replace("REPOSITORY", way.repository), mimetype=kind, headers=headers
        )

    @app.get("/")
    @app.get("/@<person>")
    async def page(person: str | None = None) -> Response:
        if person is not None and not LOGIN.fullmatch(person):
            abort(404)
        return file("page.html", "text/html")

    @app.get("/page.js")
    async def script() -> Response:
        return file("page.js", "text/javascript")

    @app.get("/page.css")
    async def style() -> Response:
        return file("page.css", "text/css")

    @app.websocket("/@<person>/live")
    async def live(person: str) -> None:
        # Pages of others can open a websocket here; the browser says whose they are.
        origin = websocket.headers.get("Origin", "")
        if origin.partition("//")[2] != websocket.host or not LOGIN.fullmatch(person):
            abort(403)
        await websocket.accept()
        await show(person, way)

    return app


# --8<-- [start:serve]
async def serve_web(
    way: Way,
    port: int,
    show: Show = view,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve: the body of a child, whose value is where the page is."""
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.errorlog = log
    config.websocket_ping_interval = 20.0  # else who is unplugged stays for hours
    await serve(make_app(way, show), config, task_status=task_status)


# --8<-- [end:serve]

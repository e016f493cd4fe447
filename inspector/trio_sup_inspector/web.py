"""The inspector in a browser of this machine: ``trio-sup inspect --web``.

textual-serve runs one inspector for each browser tab and carries its screen over a
websocket. It knows no users, and a port of the loopback interface is open to every
user of the machine and to every page that a browser shows. So a request needs the
secret of the address that was printed, comes from this very page, and the inspector
is never started with leave to act.

The secret is no cookie: a browser sends those of 127.0.0.1 to every port there, and
so to whatever another user listens on. A tab keeps it, where only pages of this very
port can read it, and names it in the path of what it asks for.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
import shlex
import socket
import sys
from typing import TYPE_CHECKING, Final

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from trio_sup_inspector.theme import DARK

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HOST: Final = "127.0.0.1"
MAX_TABS: Final = 8
"""Browser tabs at a time: each is a process."""
STOP_SECONDS: Final = 5.0
"""How long the inspector of a closed tab may take to end."""
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Nobody else needs to know that it is open, whatever the template asks for.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval';"
        " style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " font-src 'self' data:; connect-src 'self' ws://{host};"
        " frame-ancestors 'none'"
    ),
}


TABS: Final = "/tab/"
"""What stands before the secret in the paths that a tab asks for."""
_KEEP: Final = """<script>
sessionStorage.setItem("trio-sup", new URLSearchParams(location.search).get("token"));
history.replaceState(null, "", "/");
</script>"""
_STYLE: Final = f"""<style>
body, .xterm .xterm-viewport {{ background-color: {DARK.panel} !important; }}
</style>"""
"""Below the last whole line there is less than one more: it looks like that line."""
_ELSEWHERE: Final = re.compile(r"<link\b[^>]*\bhref=\"(https?:)?//[^>]*>")
"""What the template of textual-serve has from other hosts: a font."""
_CLOSED: Final = """<!DOCTYPE html>
<title>trio-sup</title>
<p>Open the address that trio-sup printed.</p>
<script>
// A tab that is loaded anew still knows the secret.
const kept = sessionStorage.getItem("trio-sup");
sessionStorage.removeItem("trio-sup");
if (kept && !new URLSearchParams(location.search).has("token"))
  location.replace("/?token=" + encodeURIComponent(kept));
</script>
"""


def allowed(
    *, host: str, origin: str | None, port: int, token: str, given: str
) -> bool:
    """Whether a request may pass.

    Args:
        host: Its header ``Host``: a foreign name means a rebound address.
        origin: Its header ``Origin``, if it has one.
        port: The port that is listened on.
        token: The secret.
        given: The secret in the address; empty if none.
    """
    hosts = (f"{HOST}:{port}", f"localhost:{port}")
    if host not in hosts or origin not in (None, f"http://{host}"):
        return False
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def own_page(text: str, own: str) -> str:
    """The page of textual-serve as it is served here.

    Args:
        text: The page.
        own: With what the addresses begin that are served here.
    """

    def kept(link: re.Match[str]) -> str:
        return link[0] if f'href="{own}' in link[0] else ""

    text = _ELSEWHERE.sub(kept, text)
    text = text.replace("<head>", f"<head>{_KEEP}", 1)
    # Behind the template's own styles, which it overrules.
    return text.replace("</head>", f"{_STYLE}</head>", 1)


class GuardedServer(Server):
    """textual-serve for one user of this machine.

    Args:
        command: Starts the inspector of a tab.
        environ: What the command needs in its environment.
        port: Where it listens.
        token: The secret.
    """

    def __init__(
        self, command: str, environ: Mapping[str, str], *, port: int, token: str
    ) -> None:
        # What the page asks for carries the secret in its path.
        url = f"http://{HOST}:{port}{TABS}{token}"
        # Its type leaves a parameter open.
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            command, HOST, port, title="trio-sup inspect", public_url=url
        )
        self.token = token
        self._environ = environ
        self._tabs: set[asyncio.Task[object]] = set()

    def serve_on(self, listening: socket.socket) -> None:
        """Serve until Ctrl-C or SIGTERM."""
        web.run_app(self._make_app(), sock=listening, print=None)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._guarded(request, handler)

        app.middlewares.append(guard)
        below = f"{TABS}{self.token}"
        app.router.add_get(f"{below}/ws", self.handle_websocket)
        app.router.add_static(f"{below}/static", self.statics_path)
        app.on_shutdown.append(self._end_tabs)
        app.on_response_prepare.append(self._add_headers)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the address was printed."""

    async def _guarded(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        if not allowed(
            host=request.headers.get("Host", ""),
            origin=request.headers.get("Origin"),
            port=self.port,
            token=self.token,
            given=_given(request),
        ):
            raise web.HTTPForbidden(text=_CLOSED, content_type="text/html")
        return await handler(request)

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page: it takes the secret out of the address bar, and calls nobody."""
        page: object = await super().handle_index(request)
        assert isinstance(page, web.Response)  # textual-serve fills in a template.
        page.text = own_page(page.text or "", f"{self.public_url}/")
        return page

    async def _add_headers(
        self, request: web.Request, response: web.StreamResponse
    ) -> None:
        for name, value in _HEADERS.items():
            response.headers[name] = value.format(host=f"{HOST}:{self.port}")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """One tab: an inspector of its own, until the tab is closed."""
        if len(self._tabs) >= MAX_TABS:
            raise web.HTTPServiceUnavailable(text=f"{MAX_TABS} tabs are open\n")
        task = asyncio.current_task()
        assert task is not None  # A handler is one.
        self._tabs.add(task)
        try:
            return await self._tab(request)
        finally:
            self._tabs.discard(task)

    async def _tab(self, request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(heartbeat=15)
        await websocket.prepare(request)
        tab = Tab(
            self.command,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=_closer(websocket),
            download_manager=self.download_manager,
        )
        tab.environ = self._environ
        width, height = (request.query.get(name, "") for name in ("width", "height"))
        await tab.start(_cells(width, 80), _cells(height, 24))
        try:
            await self._process_messages(websocket, tab)
        except ConnectionError:
            pass  # The browser, or the inspector, has gone first.
        finally:
            await tab.stop()
        return websocket

    async def _end_tabs(self, app: web.Application) -> None:
        """Before the server ends: no inspector may outlive it."""
        tabs = list(self._tabs)
        for tab in tabs:
            tab.cancel()
        await asyncio.gather(*tabs, return_exceptions=True)


class Tab(AppService):
    """The inspector of one browser tab."""

    environ: Mapping[str, str] = {}
    """What its command needs in its environment; set before it is started."""

    async def stop(self) -> None:
        """End it, and wait until its process is gone."""
        process = self._process
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await super().stop()
                if process is not None:
                    await process.wait()
        except TimeoutError:
            if process is not None:
                process.kill()
                await process.wait()

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        return {**super()._build_environment(width, height), **self.environ}


def _given(request: web.Request) -> str:
    """The secret that a request brings: in its path, or in the address first opened."""
    if request.path.startswith(TABS):
        return request.path.removeprefix(TABS).partition("/")[0]
    return request.query.get("token", "")


def _closer(websocket: web.WebSocketResponse) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        await websocket.close()

    return close


def _cells(text: str, default: int) -> int:
    """A side of the screen: a browser may say anything."""
    return min(max(int(text), 1), 1000) if text.isdecimal() else default


def serve(command: Sequence[str], environ: Mapping[str, str], *, port: int) -> int:
    """Serve inspectors until Ctrl-C.

    Args:
        command: Starts an inspector: once for each tab.
        environ: What the command needs in its environment, besides what is there.
        port: Where, on the loopback interface; 0 for a free one.

    Raises:
        OSError: the port cannot be used.
    """
    listening = socket.create_server((HOST, port))
    with listening:
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe(24)
        server = GuardedServer(shlex.join(command), environ, port=port, token=token)
        sys.stdout.write(f"http://{HOST}:{port}/?token={token}\n")
        sys.stdout.flush()
        sys.stderr.write("trio-sup: open this address in a browser; Ctrl-C ends it\n")
        server.serve_on(listening)
    return 0

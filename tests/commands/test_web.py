"""``inspect --web``: in a browser of this machine, and in no other."""

import contextlib
import http.client
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.commands import chromium
from tests.commands.rig import COMMAND, environment

pytest.importorskip("textual_serve", reason="needs the extra `web`")

Here = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def address(shop_directory: Path) -> Iterator[str]:
    """The address that `trio-sup inspect --web` prints."""
    with subprocess.Popen(
        [*COMMAND, "inspect", "shop", "--web", "--port", "0"],
        env=environment(shop_directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        yield server.stdout.readline().strip()
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
        # No traceback of a tab that was open.
        said = "trio-sup: open this address in a browser; Ctrl-C ends it\n"
        assert server.stderr.read() == said


def get(address: str, path: str, **headers: str) -> http.client.HTTPResponse:
    return fetch(address, path, **headers)[0]


def fetch(
    address: str, path: str, **headers: str
) -> tuple[http.client.HTTPResponse, str]:
    netloc = urlsplit(address).netloc
    connection = http.client.HTTPConnection(netloc, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer, answer.read().decode()


def secret(address: str) -> str:
    return parse_qs(urlsplit(address).query)["token"][0]


def test_only_the_printed_address_opens_it(address: str) -> None:
    parts, token = urlsplit(address), secret(address)
    assert parts.hostname == "127.0.0.1"
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    for path in (
        *("/", "/ws", "/?token=wrong", "/static/js/textual.js", "/nowhere"),
        *("/tab/", "/tab//ws", "/tab/wrong/ws", f"/tab/{wrong}/static/js/textual.js"),
        *(f"/?token={wrong}", f"/tab/{wrong}/ws?token={token}"),
    ):
        assert get(address, path).status == 403, path
    page = get(address, f"/?{parts.query}")
    assert page.status == 200
    assert page.getheader("Cache-Control") == "no-store"
    assert "frame-ancestors 'none'" in (page.getheader("Content-Security-Policy") or "")
    assert get(address, f"/tab/{token}/static/js/textual.js").status == 200
    assert get(address, f"/tab/{token}/static/../ws").status != 200


def test_the_page_names_no_other_host(address: str) -> None:
    parts = urlsplit(address)
    _, page = fetch(address, f"/?{parts.query}")
    named = re.findall(r'(?:href|src)="((?:\w+:)?//[^"]*)"', page)
    assert named
    assert {urlsplit(each).netloc for each in named} == {parts.netloc}


def test_the_secret_is_no_cookie_for_those_are_sent_to_every_port(address: str) -> None:
    token, port = secret(address), urlsplit(address).port
    for path in (f"/?token={token}", "/", f"/tab/{token}/static/js/textual.js"):
        assert get(address, path).getheader("Set-Cookie") is None
    for name in (f"trio-sup-{port}", "trio-sup", "token"):
        for path in ("/", "/ws", "/static/js/textual.js"):
            assert get(address, path, Cookie=f"{name}={token}").status == 403


def shake_hands(address: str, path: str, **headers: str) -> int:
    """Ask for a websocket; the status of the answer."""
    asked = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **headers,
    }
    return get(address, path, **asked).status


def test_a_websocket_needs_the_secret_in_its_path_and_the_page_as_its_origin(
    address: str,
) -> None:
    token, origin = secret(address), f"http://{urlsplit(address).netloc}"
    assert shake_hands(address, "/ws", Origin=origin) == 403
    assert shake_hands(address, "/tab/wrong/ws", Origin=origin) == 403
    for foreign in ("http://127.0.0.1:1", "http://evil.example", "null"):
        assert shake_hands(address, f"/tab/{token}/ws", Origin=foreign) == 403
    assert shake_hands(address, f"/tab/{token}/ws", Origin=origin) == 101


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_other_pages_and_rebound_names_are_refused_even_with_the_secret(
    headers: dict[str, str], address: str
) -> None:
    query, token = urlsplit(address).query, secret(address)
    for path in (f"/?{query}", f"/ws?{query}", f"/tab/{token}/static/js/textual.js"):
        assert get(address, path, **headers).status == 403


@pytest.mark.timeout(60)
def test_a_browser_shows_the_tree_and_takes_keys(address: str, tmp_path: Path) -> None:
    command = chromium.find()
    if command is None:
        pytest.skip("no chromium here: apt-get install chromium")
    with chromium.browser(command, tmp_path) as page:
        page.call("Page.navigate", url=address)
        page.until(lambda: b"boards" in page.received and b"LIVE" in page.received)
        assert page.value("location.search") == ""
        assert page.value("document.body.className.includes('-first-byte')") is True
        assert b"MSG/S" not in page.received
        page.click(300, 300)
        page.press("2")
        page.until(lambda: b"MSG/S" in page.received)
        # What is left below the last line is of the colour of that line.
        for name in ("body", ".xterm-viewport"):
            found = f"getComputedStyle(document.querySelector({name!r}))"
            color = page.value(f"{found}.backgroundColor")
            assert color == "rgb(30, 39, 50)"
        # Loaded anew, the tab still has the secret; another one has not.
        assert page.value("location.href") == f"http://{urlsplit(address).netloc}/"
        page.received = b""
        page.call("Page.reload")
        page.until(lambda: b"boards" in page.received and b"LIVE" in page.received)
        assert page.value("location.search") == ""
        assert page.value("document.cookie") == ""
        page.open()
        page.call("Page.navigate", url=f"http://{urlsplit(address).netloc}/")
        page.until(lambda: page.value("document.title") == "trio-sup")
        assert page.value("sessionStorage.length") == 0


def test_in_a_browser_nobody_acts(here: Here) -> None:
    code, _, err = here("inspect", "--web", "--control")
    assert code == 2
    assert err == (
        "trio-sup: in a browser the inspector only looks: act in a terminal, with"
        " trio-sup inspect --control\n"
    )


def test_a_node_that_is_not_there_is_said_before_a_port_is_opened(here: Here) -> None:
    assert here("inspect", "nobody", "--web")[0] == 3


def test_a_port_in_use_is_one_line(here: Here) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = here("inspect", "--web", "--port", str(port))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "--port 0" in err

"""What the command starts is our own code, whatever lies in the current directory."""

import base64
import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.commands.rig import ROOT

NAMES = (
    *("trio", "textual", "trio_sup", "trio_sup_inspector", "attr", "attrs", "cattrs"),
    *("json", "argparse", "logging", "socket", "sitecustomize", "rich", "aiohttp"),
)
MARK = "import os\nopen(os.path.join({place!r}, 'ran'), 'a').write(__file__ + '\\n')\n"
COMMAND = [sys.executable, "-P", "-m", "trio_sup"]
"""As the installed command, which does not look into the current directory."""


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A directory, for example of a download, that somebody has filled."""
    place = tmp_path / "cwd"
    place.mkdir()
    for name in NAMES:
        (place / f"{name}.py").write_text(MARK.format(place=str(tmp_path)))
    return place


def ran(hostile: Path) -> str:
    mark = hostile.parent / "ran"
    return mark.read_text() if mark.exists() else ""


def test_the_modules_would_be_run_without_a_safe_path(
    hostile: Path, environ: dict[str, str]
) -> None:
    unsafe = [sys.executable, "-m", "trio_sup", "version"]
    subprocess.run(unsafe, cwd=hostile, env=environ, check=False, capture_output=True)
    assert "trio_sup.py" in ran(hostile)


@pytest.mark.parametrize("words", [["inspect", "--demo"], ["version"], ["nodes"]])
def test_no_module_of_the_current_directory_is_run(
    words: list[str], hostile: Path, environ: dict[str, str]
) -> None:
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=hostile,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert (done.returncode, ran(hostile)) == (0, ""), done.stderr
    if "--demo" in words:
        assert "until_stdin_closes" in done.stdout


def test_no_module_of_the_current_directory_is_run_for_a_browser(
    hostile: Path, environ: dict[str, str]
) -> None:
    pytest.importorskip("textual_serve", reason="needs the extra `web`")
    with subprocess.Popen(
        [*COMMAND, "inspect", "--web", "--demo", "--port", "0"],
        cwd=hostile,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        address = urlsplit(server.stdout.readline().strip())
        drawn = first_screen(address.netloc, parse_qs(address.query)["token"][0])
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0
    assert ran(hostile) == ""
    assert b"trio-sup" in drawn or b"\x1b[" in drawn


def first_screen(netloc: str, token: str) -> bytes:
    """Open a tab, and wait for what its inspector draws."""
    host, _, port = netloc.partition(":")
    key = base64.b64encode(os.urandom(16)).decode()
    with socket.create_connection((host, int(port)), timeout=40) as sock:
        lines = [
            f"GET /tab/{token}/ws HTTP/1.1",
            f"Host: {netloc}",
            f"Origin: http://{netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        ]
        sock.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        seen = b""
        while b"\x1b[" not in seen.partition(b"\r\n\r\n")[2]:
            data = sock.recv(65536)
            if not data:
                raise http.client.IncompleteRead(seen)
            seen += data
    return seen.partition(b"\r\n\r\n")[2]


def test_run_still_finds_the_package_of_the_current_directory(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    package = tmp_path / "mine"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "tree.py").write_text(
        "from trio_sup import supervisor\nspec = supervisor([], id='top')\n"
    )
    done = subprocess.run(
        [*COMMAND, "run", "mine.tree:spec", "--check"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout[:4]) == (0, "top:"), done.stderr


def test_a_package_that_is_not_installed_finds_itself_again(tmp_path: Path) -> None:
    """Of a checkout, started from within it, the children are of that checkout."""
    (tmp_path / "trio_sup").symlink_to(ROOT / "trio_sup")
    script = (
        "import subprocess\n"
        "from trio_sup._commands import interpreter\n"
        "command = interpreter.python_command('trio_sup', 'version')\n"
        "command[-3:] = ['-c', 'import trio_sup; print(trio_sup.__file__)']\n"
        "print(command[1], flush=True)\n"
        "subprocess.run(command, env=interpreter.python_environment(), check=True)\n"
    )
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    for flags, place in ([], tmp_path), (["-P"], ROOT), (["-I"], ROOT):
        done = subprocess.run(
            [sys.executable, *flags, "-c", script],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"-P\n{place}/trio_sup/__init__.py\n"

"""``relay``, and nodes behind ``ssh://``, with an ssh that runs the command here."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.rig import COMMAND, environment
from trio_sup.inspect.finding.remote import BadAddress, command_line, parse_address

Here = Callable[..., tuple[int, str, str]]

FAKE = """\
#!/bin/sh
printf '%s\\n' "$*" >> "$0.log"
for last; do :; done
{body}
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts an `ssh` on the PATH whose last lines are given; returns its log."""

    def install(body: str) -> Path:
        path = tmp_path / "ssh"
        path.write_text(FAKE.format(body=body))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        root = environment(Path())["PYTHONPATH"]
        monkeypatch.setenv("PYTHONPATH", root)
        monkeypatch.setenv("TRIO_SUP_REMOTE", " ".join(COMMAND))
        return tmp_path / "ssh.log"

    return install


def test_a_remote_node_is_asked_over_ssh(
    here: Here, ssh: Callable[[str], Path]
) -> None:
    log = ssh('exec sh -c "$last"')
    code, out, err = here("tree", "ssh://me@far.example:2222/shop")
    assert (code, err) == (0, "")
    assert "b2" in out
    assert log.read_text().startswith(
        f"-T -p 2222 -- me@far.example {sys.executable} -m trio_sup relay shop"
    )
    assert json.loads(here("status", "ssh://far", "--json")[1])["node"] == "shop"


def test_what_the_other_side_says_comes_with_its_code(
    here: Here, ssh: Callable[[str], Path]
) -> None:
    ssh('exec sh -c "$last"')
    code, out, err = here("tree", "ssh://far/nobody")
    assert (code, out) == (3, "")
    assert err.startswith("trio-sup: far: no node 'nobody' runs")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("body", "code", "word"),
    [
        ("echo 'ssh: connect: Connection refused' >&2; exit 255", 7, "refused"),
        ("echo 'me@far: Permission denied (publickey).' >&2; exit 255", 5, "denied"),
        ("echo 'sh: trio-sup: not found' >&2; exit 127", 7, "TRIO_SUP_REMOTE"),
        ('echo \'{"t":"hello"}\'; sleep 60', 7, "no trio-sup node"),
        ("exit 0", 7, "closed the connection"),
    ],
)
def test_each_failure_of_ssh_is_one_line(
    body: str, code: int, word: str, here: Here, ssh: Callable[[str], Path]
) -> None:
    ssh(body)
    got, out, err = here("tree", "ssh://far/shop")
    assert (got, out) == (code, "")
    assert word in err
    assert err.count("\n") == 1


def test_no_ssh_is_one_line(
    here: Here, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert here("tree", "ssh://far/shop") == (
        2,
        "",
        "trio-sup: cannot start ssh: No such file or directory\n",
    )


@pytest.mark.parametrize(
    "text",
    [
        "ssh://",
        "ssh://-oProxyCommand=x/shop",
        "ssh://-l@far/shop",
        "ssh://far/shop;rm",
        "ssh://far/-x",
        "ssh://far /shop",
        "ssh://far:x/shop",
    ],
)
def test_what_is_no_address_starts_no_ssh(text: str, here: Here) -> None:
    with pytest.raises(BadAddress):
        parse_address(text)
    assert here("tree", text)[0] == 2


def test_the_command_line_of_an_ipv6_host_and_a_socket_path() -> None:
    remote = parse_address("ssh://[::1]//run/a.1.sock")
    assert command_line(remote, batch=True, environ={}) == [
        "ssh", "-T", "-o", "BatchMode=yes", "--", "::1",
        "trio-sup relay /run/a.1.sock",
    ]  # fmt: skip


def test_a_relay_joins_a_client_with_the_node(shop_directory: Path) -> None:
    ours, theirs = socket.socketpair()
    with (
        ours,
        subprocess.Popen(
            [*COMMAND, "relay"],
            env=environment(shop_directory),
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
        ) as relay,
    ):
        theirs.close()
        assert ours.recv(12) == b'{"t":"hello"'
        ours.sendall(b'{"t":"attach","proto":9,"client":"x"}\n')
        said = b""
        while data := ours.recv(65536):
            said += data
        assert b'"code":"version"' in said
        assert relay.wait(20) == 0


def test_a_relay_ends_when_its_client_does(shop_directory: Path) -> None:
    ours, theirs = socket.socketpair()
    with subprocess.Popen(
        [*COMMAND, "relay"],
        env=environment(shop_directory),
        stdin=theirs.fileno(),
        stdout=theirs.fileno(),
    ) as relay:
        theirs.close()
        assert ours.recv(12) == b'{"t":"hello"'
        ours.close()
        assert relay.wait(20) == 0


@pytest.mark.parametrize(
    "text",
    [
        "ssh://far/shop",
        "ssh://me@far:2213/shop",
        "ssh://[::1]:22//run/a.1.sock",
        "ssh://far",
    ],
)
def test_where_a_node_is_leads_there_again(text: str) -> None:
    # The inspector is given it: a port that was lost led to another machine's door.
    remote = parse_address(text)
    assert parse_address(remote.place) == remote

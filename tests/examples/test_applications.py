"""What all applications of `examples/` have in common; each has tests of its own."""

import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs import nav_order
from tests.commands.rig import ROOT, environment
from trio_sup.cli import main

EXAMPLES = ROOT / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/pyproject.toml"))


def test_every_example_is_an_application() -> None:
    assert NAMES == ["boards", "greeter", "mentions", "reminders", "transactions"]
    assert list(EXAMPLES.glob("*.py")) == []


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_project_with_a_page_and_tests(name: str) -> None:
    folder = EXAMPLES / name
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    assert "trio-sup" in project["project"]["dependencies"]
    for command in project["project"].get("scripts", {}).values():
        module, _, function = command.partition(":")
        source = folder / "src" / Path(*module.split(".")).with_suffix(".py")
        assert f"def {function}()" in source.read_text(encoding="utf-8")
    assert f"docs/applications/{name}.md" in (folder / "README.md").read_text()
    assert f"[`{name}/`]({name}/README.md)" in (EXAMPLES / "README.md").read_text()
    pages = nav_order.pages_in_order(ROOT / "docs" / "applications")
    assert f"{name}.md" in pages
    assert list((folder / "tests").glob("test_*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_each_tree_can_be_checked_without_starting(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", f"{name}.tree:spec", "--check"]) == 0
    assert "dynamic" in capsys.readouterr().out


@pytest.fixture
def systemd(short_dir: Path) -> Iterator[socket.socket]:
    """Listens as systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(short_dir / "notify"))
        listener.settimeout(30)
        yield listener


@pytest.mark.slow
def test_a_wheel_of_one_runs_as_a_service_of_systemd(
    systemd: socket.socket, short_dir: Path
) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    subprocess.run(
        [*build, "-d", str(short_dir)],
        cwd=EXAMPLES / "greeter",
        check=True,
        capture_output=True,
    )
    (wheel,) = short_dir.glob("greeter_example-*.whl")
    installed = str(short_dir / "installed")
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index"]
    subprocess.run(
        [*install, "--quiet", "--target", installed, str(wheel)],
        check=True,
        capture_output=True,
    )
    variables = environment(short_dir)
    variables["PYTHONPATH"] = f"{installed}:{variables['PYTHONPATH']}"
    variables |= {"NOTIFY_SOCKET": str(short_dir / "notify"), "GREETER_PORT": "0"}
    where = "import greeter; print(greeter.__file__)"
    found = subprocess.check_output(
        [sys.executable, "-c", where], env=variables, cwd=short_dir, text=True
    )
    assert found.startswith(installed)
    with subprocess.Popen(
        [sys.executable, "-m", "trio_sup", "run", "greeter.tree:spec"],
        env=variables,
        cwd=short_dir,
    ) as service:
        told = b""
        while b"READY=1" not in told:
            told = systemd.recv(4096)
        service.terminate()
        while b"STOPPING=1" not in told:
            told = systemd.recv(4096)
        assert service.wait(30) == 0

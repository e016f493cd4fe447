"""What a user gets: the wheel's contents and the cost of an import."""

import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    subprocess.run(
        [*build, "--outdir", str(out), str(ROOT)], check=True, capture_output=True
    )
    (path,) = out.glob("*.whl")
    return path


def top_level_names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name.split("/")[0] for name in archive.namelist()}


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.split())


def test_the_wheel_claims_two_import_names_and_its_own_metadata(wheel: Path) -> None:
    metadata = {name for name in top_level_names(wheel) if name.endswith(".dist-info")}
    assert top_level_names(wheel) - metadata == {"trio_sup", "trio_sup_inspector"}
    assert len(metadata) == 1


def test_the_wheel_tells_type_checkers_that_it_is_typed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "trio_sup/py.typed" in names
    assert "trio_sup_inspector/py.typed" in names


def test_the_wheel_holds_every_file_of_both_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    on_disk = {
        path.relative_to(base).as_posix()
        for base, package in (
            (ROOT, "trio_sup"),
            (ROOT / "inspector", "trio_sup_inspector"),
        )
        for path in (base / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == on_disk


def test_a_plain_install_asks_for_nothing_but_the_three_runtime_packages(
    wheel: Path,
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
    required = metadata.get_all("Requires-Dist", [])
    plain = {line.split(">=")[0] for line in required if "extra ==" not in line}
    assert plain == {"trio", "attrs", "cattrs"}


def run_from(archive: Path, statement: str) -> subprocess.CompletedProcess[str]:
    """Run a statement with the package as an archive has it, not as it stands here."""
    code = f"import sys\nsys.path.insert(0, {str(archive)!r})\n{statement}"
    return subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )


def test_the_library_runs_from_within_a_zip_file(wheel: Path) -> None:
    done = run_from(
        wheel,
        "import trio, trio_sup\n"
        "spec = trio_sup.child(trio.sleep, 0, restart='transient', significant=True)\n"
        "tree = trio_sup.supervisor([spec], auto_shutdown='any_significant')\n"
        "trio_sup.run(tree, inspect=False)\n"
        "print(trio_sup.__file__)\n",
    )
    assert done.stdout == f"{wheel / 'trio_sup' / '__init__.py'}\n", done.stderr


def test_a_package_without_its_stub_says_what_is_missing(
    wheel: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.zip"
    with zipfile.ZipFile(wheel) as archive, zipfile.ZipFile(bare, "w") as copy:
        for name in archive.namelist():
            if name != "trio_sup/__init__.pyi":
                copy.writestr(name, archive.read(name))
    done = run_from(bare, "from trio_sup import child")
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last.startswith("ImportError: trio_sup/__init__.pyi is missing")
    assert "--collect-all trio_sup" in last
    assert run_from(bare, "import trio_sup, trio_sup._core.exits").returncode == 0


@pytest.mark.parametrize("package", ["textual", "hypothesis", "cattrs.converters"])
def test_importing_the_library_does_not_import(package: str) -> None:
    modules = modules_after("import trio_sup")
    assert "trio_sup" in modules
    assert package not in modules


def test_the_readme_shows_the_two_commands_that_the_gate_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    venv = "python3 -m venv .venv && .venv/bin/pip install -e "
    assert f"{venv}'.[inspector]' && .venv/bin/trio-sup demo" in readme
    assert f"{venv}'.[dev]' && .venv/bin/pytest -n auto" in readme


def test_every_python_in_the_classifiers_is_at_or_above_the_floor() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    floor = project["project"]["requires-python"].removeprefix(">=")
    prefix = "Programming Language :: Python :: 3."
    minors = [
        int(line.removeprefix(prefix))
        for line in project["project"]["classifiers"]
        if line.startswith(prefix)
    ]
    assert floor == f"3.{min(minors)}"

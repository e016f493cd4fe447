"""The public names: imported late, complete, and each from one place."""

from __future__ import annotations

import ast
import importlib
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import trio_sup

STUB = Path(trio_sup.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
PACKAGE = importlib.import_module("trio_sup")  # of a type that has every attribute
PUBLIC: list[str] = PACKAGE.__all__


def declared() -> dict[str, str]:
    """What type checkers see: each public name and the module it is from."""
    found: dict[str, str] = {}
    for node in ast.parse(STUB).body:
        assert isinstance(node, ast.ImportFrom)
        assert node.module is not None
        for alias in node.names:
            assert alias.asname == alias.name, "else checkers take it for private"
            assert alias.name not in found
            found[alias.name] = node.module
    return found


def after(statement: str) -> list[str]:
    """Which of the modules that cost something a statement imports, sorted."""
    heavy = {"trio", "textual", "hypothesis", "attrs", "typing", "ast", "pkgutil"}
    program = f"import sys\n{statement}\nprint(*sorted({heavy} & set(sys.modules)))\n"
    done = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys\nsys.path[:] = {sys.path}\n{program}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


def test_all_lists_what_type_checkers_see() -> None:
    assert sorted(declared()) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_what_type_checkers_take_it_for(name: str) -> None:
    home = importlib.import_module(declared()[name])
    assert getattr(trio_sup, name) is getattr(home, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'supervizor'"):
        trio_sup.supervizor  # type: ignore[attr-defined]  # noqa: B018


def test_dir_shows_all_public_names() -> None:
    assert set(PUBLIC) <= set(dir(trio_sup))


def test_a_star_imports_all_public_names_and_no_others() -> None:
    found: dict[str, object] = {}
    exec("from trio_sup import *", found)
    assert sorted(found.keys() - {"__builtins__"}) == PUBLIC
    assert all(found[name] is getattr(trio_sup, name) for name in PUBLIC)


def test_a_name_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = trio_sup.GenServer
    monkeypatch.delattr(PACKAGE, "__getattr__")
    assert trio_sup.GenServer is first


def test_the_package_alone_imports_nothing_that_costs() -> None:
    assert after("import trio_sup") == []
    assert after("import trio_sup\nhasattr(trio_sup, '__wrapped__')") == []
    assert "trio" in after("import trio_sup\ntrio_sup.child")


def test_errors_are_shown_under_the_name_users_import_them_by() -> None:
    errors = [getattr(trio_sup, name) for name in PUBLIC]
    kinds = [e for e in errors if isinstance(e, type) and issubclass(e, Exception)]
    assert {kind.__module__ for kind in kinds} == {"trio_sup"}


def test_an_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(trio_sup.NoProcess("shop/till")))
    assert isinstance(error, trio_sup.NoProcess)
    assert str(error) == str(trio_sup.NoProcess("shop/till"))


def test_looking_at_a_node_needs_neither_trio_nor_textual() -> None:
    program = (
        "import sys, trio_sup.cli\n"
        "code = trio_sup.cli.main(['nodes'])\n"
        "print(code, sorted({'trio', 'textual', 'hypothesis'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr

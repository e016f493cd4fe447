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

SOURCE = Path(trio_sup.__file__).read_text(encoding="utf-8")


def declared() -> dict[str, str]:
    """What type checkers see: each public name and the module it is from."""
    return {
        alias.name: node.module
        for node in ast.walk(ast.parse(SOURCE))
        if isinstance(node, ast.ImportFrom)
        and node.module is not None
        and node.module.startswith("trio_sup.")
        for alias in node.names
    }


def test_all_lists_what_type_checkers_see() -> None:
    assert sorted(declared()) == sorted(trio_sup.__all__)


@pytest.mark.parametrize("name", trio_sup.__all__)
def test_a_public_name_is_what_type_checkers_take_it_for(name: str) -> None:
    home = importlib.import_module(declared()[name])
    assert getattr(trio_sup, name) is getattr(home, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'supervizor'"):
        trio_sup.supervizor  # type: ignore[attr-defined]  # noqa: B018


def test_dir_shows_all_public_names() -> None:
    assert set(trio_sup.__all__) <= set(dir(trio_sup))


def test_errors_are_shown_under_the_name_users_import_them_by() -> None:
    errors = [getattr(trio_sup, name) for name in trio_sup.__all__]
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

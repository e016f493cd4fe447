"""The tables in the docstrings of packages: which module to open for what."""

import importlib
import pkgutil
import re

import pytest

ROOMS = [
    "trio_sup.demo",
    *(
        f"trio_sup.inspect.{room}"
        for room in (
            "client",
            "finding",
            "model",
            "node",
            "protocol",
            "recording",
            "text",
        )
    ),
]


def first_cells(doc: str) -> set[str]:
    """The names in the first column of the table."""
    rows = [line.split("|")[1] for line in doc.splitlines() if line.startswith("| `")]
    return set(re.findall(r"`(\w+)`", " ".join(rows)))


@pytest.mark.parametrize("room", ROOMS)
def test_the_table_of_a_room_names_all_of_its_modules_and_no_others(room: str) -> None:
    package = importlib.import_module(room)
    modules = {each.name for each in pkgutil.iter_modules(package.__path__)}
    assert first_cells(package.__doc__ or "") == modules


@pytest.mark.parametrize("package", ["trio_sup.inspect", "trio_sup._commands"])
def test_what_a_package_says_to_open_is_there(package: str) -> None:
    found = importlib.import_module(package)
    rows = [
        line for line in (found.__doc__ or "").splitlines() if line.startswith("| ")
    ]
    named = [name for row in rows for name in re.findall(r"(?<!`)`([\w.]+)`(?!`)", row)]
    assert named
    for name in named:
        inner = name if name.startswith("trio_sup") else f"{package}.{name}"
        assert found_as_module_or_name(inner), name


def found_as_module_or_name(path: str) -> bool:
    try:
        importlib.import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return hasattr(importlib.import_module(module), name)
    return True

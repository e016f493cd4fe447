"""Programs on disk that tests edit while they run."""

from __future__ import annotations

import logging
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from trio_sup import Supervisor
from trio_sup._reloading.reloader import Reloader
from trio_sup._tree.load import load_spec
from trio_sup._tree.open import OpenSupervisor, open_supervisor


class Files:
    """The files of one program, and its modules."""

    def __init__(self, folder: Path, package: str) -> None:
        self.folder = folder
        self.package = package

    def write(self, **files: str) -> None:
        """Write modules of the package: ``init`` is that of the package itself."""
        home = self.folder / self.package
        home.mkdir(exist_ok=True)
        for name, text in files.items():
            path = home / f"{'__init__' if name == 'init' else name}.py"
            path.write_text(textwrap.dedent(text))

    def edit(self, name: str, before: str, after: str) -> None:
        """Change a word of a module."""
        path = self.folder / self.package / f"{name}.py"
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def forget(self) -> None:
        """Let no module of the package be imported any more."""
        for name in list(sys.modules):
            if name.partition(".")[0] == self.package:
                del sys.modules[name]


@contextmanager
def program(folder: Path, package: str, **files: str) -> Iterator[Files]:
    """A package in a folder that can be imported from, for the block."""
    made = Files(folder, package)
    made.write(**{"init": "", **files})
    sys.path.insert(0, str(folder))
    try:
        yield made
    finally:
        sys.path.remove(str(folder))
        made.forget()


class Running:
    """A tree from a program, and who follows the files."""

    def __init__(
        self, tree: OpenSupervisor, root: Supervisor, reloader: Reloader
    ) -> None:
        self.tree = tree
        self.root = root
        self.reloader = reloader

    async def reload(self) -> bool:
        """As when a file was written."""
        return await self.reloader.reload(self.tree)

    def lives(self) -> dict[str, int]:
        """In which life each child is, by id, all below dynamic supervisors, too."""
        todo, found = list(self.root.record.under), dict[str, int]()
        while todo:
            record = todo.pop()
            found[str(record.id)] = record.life
            todo += record.under
        return found


@asynccontextmanager
async def running(files: Files, module: str = "tree") -> AsyncIterator[Running]:
    """Run ``spec`` of a module, as ``trio-sup run --reload`` does."""
    address = f"{files.package}.{module}:spec"
    tree = open_supervisor(load_spec(address))
    reloader = Reloader(
        address.partition(":")[0], lambda: load_spec(address), [files.folder]
    )
    async with tree as root:
        yield Running(tree, root, reloader)


def said(records: list[logging.LogRecord]) -> list[str]:
    """What the log says from a warning on."""
    return [r.getMessage() for r in records if r.levelno >= logging.WARNING]

"""What mutmut found out, read from its files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

STATUS = {
    0: "survived",
    1: "killed",
    3: "killed",
    5: "no tests",
    33: "no tests",
    36: "timeout",
    24: "timeout",
    -24: "timeout",
    152: "timeout",
    255: "timeout",
}
"""mutmut's exit codes; any other is a run that went wrong."""


@frozen
class Mutant:
    """One planted mistake.

    Attributes:
        key: mutmut's name of it.
        file: The module, as in ``window``.
        place: The function, as in ``window.RestartWindow.admit``.
        status: ``killed``, ``timeout``, ``survived``, ``no tests`` or ``broken``.
    """

    key: str
    file: str
    place: str
    status: str

    @property
    def killed(self) -> bool:
        """Whether a test failed, or did not come to an end."""
        return self.status in ("killed", "timeout")


def read_results(folder: Path) -> Iterator[Mutant]:
    """All mutants of the files in a folder."""
    for meta in sorted(folder.glob("*.py.meta")):
        data = json.loads(meta.read_text(encoding="utf-8"))
        for key, code in data["exit_code_by_key"].items():
            file = meta.name.removesuffix(".py.meta")
            yield Mutant(key, file, place_of(key), STATUS.get(code, "broken"))


def place_of(key: str) -> str:
    """``a.b.window.xǁRestartWindowǁadmit__mutmut_3``: ``window.RestartWindow.admit``."""
    path, _, _ = key.rpartition("__mutmut_")
    module, _, name = path.rpartition(".")
    plain = name[2:] if name.startswith("x_") else name[1:].replace("ǁ", ".").strip(".")
    return f"{module.rpartition('.')[2]}.{plain}"

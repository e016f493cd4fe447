"""Which files of the library run while something happens, in order."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import trio_sup

ROOT = str(Path(trio_sup.__file__).parent)


class Journey:
    """The files in which functions were called between `begin` and `end`."""

    def __init__(self) -> None:
        self._calls: list[str] = []
        self._before: Any = None

    @property
    def files(self) -> list[str]:
        """Each file once, in the order in which it was first reached."""
        return list(dict.fromkeys(self._calls))

    @property
    def changes(self) -> int:
        """How often the next call was in another file than the one before."""
        pairs = zip(self._calls, self._calls[1:], strict=False)
        return sum(one != other for one, other in pairs)

    def begin(self) -> None:
        """Record from here on."""
        self._before = sys.getprofile()
        sys.setprofile(self._note)

    def end(self) -> None:
        """Record no more."""
        sys.setprofile(self._before)

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(ROOT):
            self._calls.append(file[len(ROOT) + 1 :])

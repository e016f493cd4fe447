"""One call of a history: plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

RESTARTED = "restarted"
"""What the operation is called that stands for a crash and the new life after it."""


@frozen(kw_only=True)
class Operation:
    """A call of a history: who called what, when, and what came of it.

    Times are numbers of any kind that grow; only their order counts.
    """

    client: str
    """Who called."""
    name: str
    """The method of the specification that says what it does."""
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = Factory(dict[str, Any])
    called: float
    returned: float = math.inf
    """Infinity if no answer came: then it may have happened, or may not, or may still."""
    result: Any = None
    error: str | None = None
    """The name of the exception's class, if that was the answer."""

    @property
    def answered(self) -> bool:
        """Whether an answer came."""
        return self.returned != math.inf

    @property
    def text(self) -> str:
        """The call as source text."""
        given = [repr(arg) for arg in self.args]
        given += [f"{name}={value!r}" for name, value in self.kwargs.items()]
        return f"{self.name}({', '.join(given)})"

    @property
    def answer(self) -> str:
        """The answer as text."""
        if not self.answered:
            return "no answer"
        return repr(self.result) if self.error is None else f"raises {self.error}"

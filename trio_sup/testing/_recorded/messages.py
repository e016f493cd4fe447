"""What servers were sent, as questions that a test asks again.

A recording shows arguments as Python writes them. Those that are literals can be sent
again, others cannot: an object, a secret that was redacted, a text that was too long.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from trio_sup.testing._recorded.moment import FINE, Moment
from trio_sup.testing.faults import Ask

if TYPE_CHECKING:
    from trio_sup.inspect.recording.for_tests import Asked

NOT_SHOWN: Final = "the node does not show contents"
NO_LITERALS: Final = "its arguments are not all literals that were shown whole"
CUT: Final = "\u2026"
"""What stands for the rest of something that was too long."""


def moment_of(asked: Asked) -> Moment:
    """Return a message with what sends it again."""
    step, at = asked.step, round(asked.at, FINE)
    what = f"{step.path} was sent {step.op}{step.text}"
    if not step.text:
        return Moment(at, step.path, what, why=NOT_SHOWN)
    args = _literals(step.text)
    if args is None:
        return Moment(at, step.path, what, why=NO_LITERALS)
    return Moment(at, step.path, what, Ask(step.path, at=at, op=step.op, args=args))


def _literals(text: str) -> tuple[object, ...] | None:
    """Return positional arguments; None if there is anything else."""
    if CUT in text:
        return None
    try:
        call = ast.parse(f"f{text}", mode="eval").body
        if not isinstance(call, ast.Call) or call.keywords:
            return None
        if not isinstance(call.func, ast.Name):
            return None  # more than one pair of parentheses
        return tuple(ast.literal_eval(each) for each in call.args)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None

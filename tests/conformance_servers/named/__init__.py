"""Hand-written scenarios, each named by rows of the OTP checklist."""

from . import ending, looking, messages, names, starting
from ._write import Named

NAMED: tuple[Named, ...] = (
    starting.NAMED + messages.NAMED + ending.NAMED + looking.NAMED + names.NAMED
)

__all__ = ["NAMED", "Named"]

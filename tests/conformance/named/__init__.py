"""Hand-written scenarios, each named by rows of the OTP checklist."""

from . import auto_shutdown, dynamic, groups, intensity, one_child, requests
from ._write import Named

NAMED: tuple[Named, ...] = (
    one_child.NAMED
    + intensity.NAMED
    + groups.NAMED
    + auto_shutdown.NAMED
    + requests.NAMED
    + dynamic.NAMED
)

__all__ = ["NAMED", "Named"]

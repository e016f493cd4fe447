"""The clock of leases: it goes on while the machine sleeps, where there is such a one."""

from __future__ import annotations

import time
from typing import Final

_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def lease_time() -> float:
    """Return it in seconds."""
    return time.clock_gettime(_CLOCK)

"""Keeps trio-sup's log silent while scripted crashes happen."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def quiet_log() -> Generator[None]:
    """Scripted crashes are no news."""
    logger = logging.getLogger("trio_sup")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)

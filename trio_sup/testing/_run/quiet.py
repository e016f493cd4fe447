"""Keeps trio-sup's log silent while crashes happen that somebody planned."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def quiet_log() -> Generator[None]:
    """Planned crashes are no news."""
    logger = logging.getLogger("trio_sup")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before

"""What every test may rely on; see README.md for where a new test goes."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.directories import short_directory

# Examples are judged by their outcome, never by how fast this machine is.
settings.register_profile(
    "trio-sup",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough", settings.get_profile("trio-sup"), max_examples=2_000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "trio-sup"))


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """In place of `tmp_path` where a socket's address must not get too long."""
    with short_directory() as directory:
        yield directory


@pytest.fixture
def quiet_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """For tests whose children crash on purpose, one after the other."""
    with caplog.at_level(logging.CRITICAL, "trio_sup"):
        yield

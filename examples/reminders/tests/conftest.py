"""A PostgreSQL of the tests' own, and no log of crashes that are wanted."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from reminders.post import Post

from examples.reminders.tests.programs import running

try:
    from reminders import postgres
except ImportError:  # psycopg finds no libpq
    PROGRAMS = None
else:
    PROGRAMS = postgres.find()


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Crashes are what is tried here."""
    caplog.set_level(logging.CRITICAL, "trio_sup")


@pytest.fixture(scope="module")
def database() -> Iterator[postgres.Trial]:
    """A PostgreSQL of our own."""
    if PROGRAMS is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    with postgres.trial(PROGRAMS) as trial:
        yield trial


@pytest.fixture
def post() -> Iterator[Post]:
    """A mail server; what it took is in `letters`."""
    with running(Post()) as post:
        yield post

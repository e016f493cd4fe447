"""What people are shown of a URL holds nothing that lets anybody in."""

import pytest
from hypothesis import given, strategies as st

from trio_sup._core.urls import without_secrets


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost", "redis://localhost"),
        ("redis://localhost:6380/3", "redis://localhost:6380/3"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("redis://:hunter2@db", "redis://:***@db"),
        ("rediss://me:hunter2@db:1/0", "rediss://me:***@db:1/0"),
        ("postgresql://nodes@db/app", "postgresql://nodes@db/app"),
        (
            "postgresql://nodes:pw@db/app?sslmode=require",
            "postgresql://nodes:***@db/app",
        ),
        ("postgresql://db/app?password=pw", "postgresql://db/app"),
        ("host=db password=pw", "***"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


@given(st.text("ab/?#@:%=&", min_size=1).map(lambda s: f"Z{s}Z"))
def test_no_character_in_a_password_makes_it_seen(password: str) -> None:
    for url in (
        f"redis://:{password}@db/0",
        f"redis://me:{password}@db",
        f"postgresql://db/app?user=me&password={password}",
    ):
        assert "Z" not in without_secrets(url)

"""The pictures of the documentation show the screens as they are."""

import html
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inspector.pictures import IMAGES, PICTURES, draw

pytestmark = pytest.mark.slow

LARGEST = 200_000


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with fresh pictures."""
    zone = os.environ.get("TZ")
    directory = tmp_path_factory.mktemp("images")
    draw(directory)
    yield directory
    os.environ.pop("TZ")
    if zone is not None:
        os.environ["TZ"] = zone
    time.tzset()


def words(path: Path) -> list[str]:
    svg = path.read_text(encoding="utf-8")
    return [html.unescape(text) for text in re.findall(r">([^<>]+)</text>", svg)]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_says_what_the_screen_says(name: str, drawn: Path) -> None:
    committed = words(IMAGES / f"{name}.svg")
    assert len(committed) > 20
    assert committed == words(drawn / f"{name}.svg"), (
        "draw them anew: python -m tests.inspector.pictures"
    )


def test_a_picture_is_the_same_every_time(drawn: Path, tmp_path: Path) -> None:
    names = ("inspector", "restarts", "mailbox")
    draw(tmp_path, names)
    for name in names:
        file = f"{name}.svg"
        assert (tmp_path / file).read_bytes() == (drawn / file).read_bytes(), name


def test_every_picture_can_be_drawn() -> None:
    # `python -m bench page` draws some, `python -m tests.examples.pictures` others,
    # and `python -m tests.reloading --record` one.
    others = {*IMAGES.glob("bench-*.svg"), IMAGES / "reload.svg"}
    for application in (IMAGES.parent / "applications").glob("*.md"):
        others |= set(IMAGES.glob(f"{application.stem}*"))
    found = {path.stem for path in set(IMAGES.iterdir()) - others}
    assert found == set(PICTURES)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_small_and_needs_no_network(name: str) -> None:
    path = IMAGES / f"{name}.svg"
    assert path.stat().st_size < LARGEST
    svg = path.read_text(encoding="utf-8")
    # The address of an engine is what such a picture shows, and no link.
    links = re.findall(r"(?!redis:)\b[a-z]+://[^\s\"')]+", svg)
    assert links == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"@font-face|@import|href|url\((?!#)", svg)
    assert not re.search(r"/tmp/|/home/|/root/", svg)

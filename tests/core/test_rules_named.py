"""Each rule that decides a hard case is a test by its number, on the core alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "explanation" / "architecture.md"
FILES = sorted(HERE.glob("test_rules*.py"))

ELSEWHERE: Final = {
    6: {  # in a server's mailbox, of which the core knows nothing
        "servers/test_mailboxes.py": ["test_stop_needs_no_room"],
        "servers/test_system.py": [
            "test_a_suspended_server_stops_at_once",
            "test_system_requests_overtake_messages_but_not_the_handler",
        ],
    },
}
"""Rules that are no supervisor's, and the tests that hold them."""


def rules() -> dict[int, str]:
    """The numbers of the page, each with the word that stands for its rule."""
    text = PAGE.read_text(encoding="utf-8")
    _, _, section = text.partition("\n## Rules that decide the hard cases\n")
    found = re.findall(r"(?m)^(\d+)\. \*\*(.+?)\*\*", section)
    return {int(number): word for number, word in found}


def in_names() -> set[int]:
    """The numbers in the names of tests."""
    texts = [file.read_text(encoding="utf-8") for file in FILES]
    return {
        int(number)
        for text in texts
        for number in re.findall(r"(?m)^def test_rule_(\d+)_", text)
    }


def test_each_rule_is_a_test_on_the_core_alone_or_no_supervisors() -> None:
    numbers = rules()
    assert list(numbers) == list(range(1, len(numbers) + 1))
    assert in_names() | ELSEWHERE.keys() == numbers.keys()
    assert in_names().isdisjoint(ELSEWHERE)


def test_the_rules_are_tested_without_any_event_loop() -> None:
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"(?m)^(import trio$|from trio |async def test_)", text)


def test_what_holds_the_other_rules_is_there() -> None:
    for files in ELSEWHERE.values():
        for file, names in files.items():
            text = (HERE.parent / file).read_text(encoding="utf-8")
            for name in names:
                assert f"def {name}(" in text, (file, name)

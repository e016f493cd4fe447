"""Text for terminals and logs: one line of what can be printed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_sup._core.clean import (
    CLIP_MARK,
    clean,
    clean_line,
    clean_lines,
    dotted,
    is_clean,
    json_line,
    json_pieces,
)


class Double(str):
    """Says one thing and prints another."""

    __slots__ = ()

    def isprintable(self) -> bool:
        return True

    def __str__(self) -> str:
        return "another"

    def __len__(self) -> int:
        return 0


SHOWN = [
    ("plain text", "plain text", "plain text"),
    ("", "", ""),
    ("größer, 漢字", "größer, 漢字", "größer, 漢字"),
    ("a\nb", "a\\nb", "a·b"),
    ("\x1b[31m", "\\x1b[31m", "·[31m"),
    ("\x9b\x7f", "\\x9b\\x7f", "··"),
    ("a\u202eb", "a\\u202eb", "a·b"),
    ("\ud800", "\\ud800", "·"),
    ("ä\u3164", "ä\\u3164", "ä·"),
    ("\U000e0100", "\\U000e0100", "·"),
]


@pytest.mark.parametrize(("text", "escaped", "dots"), SHOWN)
def test_what_cannot_be_printed_appears_as_its_escape_or_as_a_dot(
    text: str, escaped: str, dots: str
) -> None:
    assert clean(text) == escaped
    assert dotted(text) == dots
    assert is_clean(text) is (text == escaped)
    assert is_clean(escaped)
    assert is_clean(dots)


def test_a_string_of_another_class_is_taken_at_its_letters() -> None:
    double = Double("a\nb")
    for shown, text in ((clean(double), "a\\nb"), (dotted(double), "a·b")):
        assert type(shown) is str
        assert shown == text
    assert clean_line(Double("a\nb"), 10) == "a\\nb"
    assert type(clean_line(Double("ab"), 10)) is str


def test_a_line_that_is_too_long_ends_in_a_mark() -> None:
    assert CLIP_MARK == "…[clipped]"
    assert clean_line("x" * 20, 20) == "x" * 20
    assert clean_line("x" * 21, 20) == "x" * 10 + CLIP_MARK
    # An escape is longer than what it stands for.
    assert clean_line("\n" * 10, 20) == "\\n" * 10
    assert clean_line("\n" * 11, 20) == "\\n" * 5 + CLIP_MARK
    assert clean_line("\n" * 20, 20, dotted) == "·" * 20
    assert clean_line("\n" * 21, 20, dotted) == "·" * 10 + CLIP_MARK


def test_no_more_of_a_line_is_looked_at_than_is_shown() -> None:
    seen: list[str] = []

    def watch(text: str) -> Any:
        seen.append(text)
        return clean(text)

    clean_line("\n" * 1000, 20, watch)
    clean_line("x" * 1000, 20, watch)
    assert [len(text) for text in seen] == [21, 21]
    clean_line("x" * 20, 20, watch)
    assert len(seen) == 2


def test_of_several_lines_each_is_clean_and_the_last_tells_that_some_are_missing() -> (
    None
):
    assert clean_lines("a\x1b\nb\n", 20) == "a\\x1b\nb\n"
    assert clean_lines("a\x1b\nb", 20, dotted) == "a·\nb"
    assert clean_lines("x" * 20, 20) == "x" * 20
    assert clean_lines("x" * 21, 20) == "x" * 9 + "\n" + CLIP_MARK


def test_json_is_ascii_without_any_control_character() -> None:
    document = {"ä": "\x7f\n\u202e", "b": [1, None]}
    line = json_line(document)
    assert line == '{"\\u00e4": "\\u007f\\n\\u202e", "b": [1, null]}'
    assert "".join(json_pieces(document)) == line
    assert json.loads(line) == document
    indented = "".join(json_pieces({"a": "\x7f"}, indent=1))
    assert indented == '{\n "a": "\\u007f"\n}'

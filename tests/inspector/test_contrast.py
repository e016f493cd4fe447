"""Both themes can be read: WCAG AA for every role on every ground, and no colour alone."""

import re
from pathlib import Path
from typing import get_args

import pytest
from textual.color import Color
from textual.theme import Theme

import trio_sup_inspector
from trio_sup.inspect.text.show import LOOKS
from trio_sup_inspector.lines.cells import Role
from trio_sup_inspector.theme import DARK, LIGHT

STYLES = (Path(trio_sup_inspector.__file__).parent / "inspector.tcss").read_text()
AA = 4.5
RULE = re.compile(
    r"\.role--([a-z-]+) \{ color: \$([a-z]+)(?: (\d+)%)?;(?: background: \$([a-z]+);)?"
)
CURSOR = re.compile(r"\.lines--cursor \{ background: \$primary (\d+)%")


def luminance(color: Color) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(part / 255) for part in color.rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, other: Color) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def named(theme: Theme, name: str) -> Color:
    return Color.parse(str(getattr(theme, name)))


def over(ground: Color, color: Color, share: float) -> Color:
    return ground.blend(color, share, alpha=1.0)


def grounds(theme: Theme) -> dict[str, Color]:
    """Whatever roles stand on: bars, pages, and the line under the cursor."""
    plain = {name: named(theme, name) for name in ("background", "surface", "panel")}
    primary = named(theme, "primary")
    for share in map(int, CURSOR.findall(STYLES)):
        for name in ("background", "surface"):
            plain[f"cursor on {name}, {share} %"] = over(
                plain[name], primary, share / 100
            )
    return plain


def test_every_role_has_its_colours() -> None:
    assert {match[0] for match in RULE.findall(STYLES)} == set(get_args(Role))
    assert CURSOR.findall(STYLES)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@pytest.mark.parametrize("role", get_args(Role))
def test_a_role_can_be_read_on_every_ground(theme: Theme, role: str) -> None:
    [(_, color, share, badge)] = [m for m in RULE.findall(STYLES) if m[0] == role]
    places = {badge: named(theme, badge)} if badge else grounds(theme)
    for name, ground in places.items():
        shown = over(ground, named(theme, color), int(share or 100) / 100)
        found = contrast(shown, ground)
        assert found >= AA, f"{role} on {name}: {found:.2f}"


def test_no_state_is_told_by_colour_alone() -> None:
    words = {look.word for look in LOOKS.values()}
    assert len(words) == len(LOOKS)
    for way in ("glyph", "ascii"):
        marks = [getattr(look, way) for look in LOOKS.values()]
        assert len(set(marks)) == len(marks)


def test_the_focus_and_the_loud_are_seen_without_colours() -> None:
    for role in ("warn", "bad", "badge", "badge-bad"):
        assert f"App:nocolor .role--{role}" in STYLES
    assert "App:nocolor .lines--cursor { text-style: reverse; }" in STYLES

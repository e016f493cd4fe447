"""The application's own colours, dark and light. Any other theme works too."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    name="trio-sup-dark",
    primary="#6cb6eb",
    secondary="#b4a7f0",
    accent="#6cb6eb",
    success="#7cc48d",
    warning="#e6b455",
    error="#f8939b",
    foreground="#d5dbe3",
    background="#10151b",
    surface="#161d25",
    panel="#1e2732",
    dark=True,
)
LIGHT: Final = Theme(
    name="trio-sup-light",
    primary="#155f8e",
    secondary="#5c45a8",
    accent="#155f8e",
    success="#1f6330",
    warning="#7a4f00",
    error="#9f1b27",
    foreground="#20262d",
    background="#f7f8fa",
    surface="#eef1f4",
    panel="#e1e6eb",
    dark=False,
)

"""The application's own colours, dark and light. Any other theme works too."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    name="trio-sup-dark",
    primary="#6cb6eb",
    secondary="#9d8ce0",
    accent="#6cb6eb",
    success="#7cc48d",
    warning="#e6b455",
    error="#f2707a",
    foreground="#d5dbe3",
    background="#10151b",
    surface="#161d25",
    panel="#1e2732",
    dark=True,
)
LIGHT: Final = Theme(
    name="trio-sup-light",
    primary="#1d6fa5",
    secondary="#6a53b5",
    accent="#1d6fa5",
    success="#2c7a3f",
    warning="#9a6400",
    error="#b3242f",
    foreground="#20262d",
    background="#f7f8fa",
    surface="#eef1f4",
    panel="#e1e6eb",
    dark=False,
)

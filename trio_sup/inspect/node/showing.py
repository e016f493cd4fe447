"""How a node lets itself be shown. Plain data."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen


@frozen
class Showing:
    """What of a node is shown, and what of that is hidden."""

    contents: bool = True
    """Whether clients may ask for the messages in mailboxes and for the state of
    servers."""
    redact: Callable[[str], str] | None = None
    """Takes every text of a message or a state and returns what may be seen of it:
    code of the program. Called in the loop: it should be quick."""
    secret_names: tuple[str, ...] = ()
    """More names that hide their values; ``TRIO_SUP_SECRETS`` adds to them."""
    shown_names: tuple[str, ...] = ()
    """Names that hide nothing, whatever they sound like."""

    @property
    def how(self) -> str:
        """What becomes of contents, for people who look."""
        if not self.contents:
            return "kinds only"
        return "redacted" if self.redact else "shown"


ALL_SHOWN = Showing()
"""Contents too; only what is secret by its name or form is hidden."""

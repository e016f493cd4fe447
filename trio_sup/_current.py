"""Which child the present task belongs to."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trio_sup._kid import Kid

current_kid: ContextVar[Kid | None] = ContextVar("trio_sup current child", default=None)
"""Set at the start of each life; tasks and threads that it starts inherit it."""

present_kid: ContextVar[Kid | None] = ContextVar(
    "trio_sup attached child", default=None
)
"""What `attach` made of the present task, if it did: names are registered for it."""

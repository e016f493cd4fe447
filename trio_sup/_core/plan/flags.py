"""Other flags for a supervisor, in this life and in those to come."""

from __future__ import annotations

from typing import Any

from trio_sup._core.plan.supervision import Plan
from trio_sup._core.specs import Flags


def take(plan: Plan[Any], flags: Flags) -> None:
    """Let a supervisor go by other flags from now on."""
    plan.flags = flags
    plan.core.take(flags)
    plan.own.spec = plan.own.spec.replace(flags=flags)

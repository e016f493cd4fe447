"""What Hypothesis' decorators left at a test that `supervision_property` made.

They note it in attributes of the function. Hypothesis' own pytest plugin calls a test
pointless that has these and no `given`; so ours puts them away, under one name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import Factory, frozen

KEPT = "kept_of_hypothesis"
_SETTINGS = "_hypothesis_internal_use_settings"
_EXAMPLES = "hypothesis_explicit_examples"
_NAMES = (_SETTINGS, _EXAMPLES, "_hypothesis_internal_settings_applied")


@frozen
class Decorations:
    """What was asked for."""

    settings: Any = None
    examples: list[Any] = Factory(list[Any])
    """Scripts with codes, or with picks."""


def put_away(test: Callable[..., object]) -> None:
    """Hide what Hypothesis' decorators left; `decorations` finds it all the same."""
    noted = test.__dict__
    kept = noted.setdefault(KEPT, {})
    for name in _NAMES:
        if name in noted:
            kept[name] = noted.pop(name)


def decorations(test: Callable[..., object]) -> Decorations:
    """Return what was asked for by decorators."""
    noted = {**test.__dict__.get(KEPT, {}), **test.__dict__}
    examples = [_case(each) for each in noted.get(_EXAMPLES, ())]
    return Decorations(noted.get(_SETTINGS), examples[::-1])


def _case(example: Any) -> tuple[Any, Any, Any]:
    """Return script, codes and picks of an ``@example``.

    Raises:
        TypeError: it has other arguments.
    """
    names = ("script", "codes", "picks")
    given = dict(zip(names, example.args, strict=False)) | example.kwargs
    if len(example.args) > len(names) or not set(given) <= set(names):
        raise TypeError(
            "@example takes a script, and codes or picks if need be: "
            "@example(script=[...], codes=[...])"
        )
    return given.get("script", []), given.get("codes", []), given.get("picks")

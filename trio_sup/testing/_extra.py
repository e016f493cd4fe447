"""Hypothesis, where it is needed: it comes with the extra ``testing``."""

from __future__ import annotations

import importlib
from typing import Any

from trio_sup._core.extras import how_to_install


def hypothesis_for(who: str) -> Any:
    """Return the module; imported by name, so that the rest works without it.

    Args:
        who: Whose call needs it.

    Raises:
        ImportError: it is not installed.
    """
    try:
        return importlib.import_module("hypothesis")
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise ImportError(
            f"{who} needs Hypothesis, which comes with the extra 'testing': "
            + how_to_install("testing"),
            name="hypothesis",
        ) from None

"""Text that a terminal may be given, for what shows nodes from outside the library."""

from __future__ import annotations

from trio_sup._core.clean import Clean, clean, json_line

__all__ = ["Clean", "clean", "json_line"]

"""Lines of source, as they may be shown."""

from __future__ import annotations

import linecache

from trio_sup.inspect.node.bounds import MAX_NAME, clip
from trio_sup.inspect.node.masking import mask_report
from trio_sup.inspect.node.secret_names import DEFAULT


def source_line(file: str, line: int) -> str:
    """One line, without what it says of secrets; empty if it is not there.

    Reads the file the first time.
    """
    text = linecache.getline(file, line).strip()
    return clip(mask_report(f"    {text}", DEFAULT).strip(), MAX_NAME)

"""``python -m tests.docs``: whether the documentation is whole."""

from __future__ import annotations

import sys

import pytest

from tests.docs.checks import (
    ROOT,
    dead_links,
    dead_spans,
    without_example,
    wrong_entries,
)


def main(words: list[str]) -> int:
    """Check names, links and, with ``--run``, every block; return the exit code."""
    checks = {
        "public names that have not exactly one entry": wrong_entries(),
        "classes without an example": without_example(),
        "code spans that lead nowhere": dead_spans(),
        "links that lead nowhere": dead_links(),
    }
    for what, found in checks.items():
        print(f"{what}: {len(found)}")
        for line in sorted(found):
            print(f"  {line}")
    failed = any(checks.values())
    if "--run" in words:
        pages = [str(ROOT / "README.md"), str(ROOT / "docs")]
        failed |= pytest.main([*pages, "-q"]) != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

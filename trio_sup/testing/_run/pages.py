"""Which page of the documentation explains a law."""

from __future__ import annotations

from collections.abc import Container

from trio_sup.testing._beside import laws as beside
from trio_sup.testing._servers import laws as servers

PAGES: dict[object, str] = {
    **dict.fromkeys(
        (vars(beside)[name] for name in vars(beside) if name.isupper()),
        "docs/reference/laws-beside-servers.md",
    ),
    **dict.fromkeys(
        (vars(servers)[name] for name in vars(servers) if name.isupper()),
        "docs/reference/server-laws.md",
    ),
}
"""By law; what is not here is explained by `OTHERS`."""

OTHERS = "docs/how-to/test-restart-semantics.md#what-must-hold-without-your-asking"
DEMANDS = "docs/how-to/test-restart-semantics.md#your-own-invariants"
HISTORIES = "docs/how-to/test-schedules-and-histories.md#histories"
PROGRAMS = "docs/how-to/test-plain-trio.md#search-a-program"
ROWS = "docs/reference/otp-conformance.md"


def page_of(law: str, demands: Container[str]) -> str:
    """Return the page of a law.

    Args:
        law: In the words of a finding.
        demands: The names of what users demand themselves.
    """
    if law in demands:
        return HISTORIES if law.startswith("calls are explained by ") else DEMANDS
    return PAGES.get(law) or (ROWS if "(SUP-" in law else OTHERS)

"""The last part of a failure: each law that broke, its page, and how it broke."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from attrs import frozen

from trio_sup.testing._run.columns import fitted, folded

SHOWN = 8
"""Findings shown, of all laws together."""

LONGEST = 40
"""Lines of one of them."""


@frozen
class Breach:
    """One finding."""

    law: str
    what: str
    """How it broke."""
    time: str = ""
    """When, as text that stands before it."""


def broken(
    found: Iterable[Breach], page: Callable[[str], str], whole: str
) -> Iterator[str]:
    """Yield the lines.

    Args:
        found: What was found, in order; what was found again is told once.
        page: Returns the page of a law.
        whole: Where all of it is, if something is left out.
    """
    same: dict[tuple[str, str], list[Breach]] = {}
    for breach in found:
        same.setdefault((breach.law, breach.what), []).append(breach)
    told = list(same.values())[:SHOWN]
    for law in dict.fromkeys(each[0].law for each in told):
        yield ""
        yield from folded(law, "  ")
        yield from folded(f"see {page(law)}", "  ")
        for each in told:
            if each[0].law == law:
                again = f" ({len(each)} times)" if len(each) > 1 else ""
                yield from _one(each[0].time + each[0].what + again, whole)
    if len(same) > SHOWN:
        yield ""
        yield from folded(f"… and {len(same) - SHOWN} more; {whole}", "  ")


def _one(text: str, whole: str) -> Iterator[str]:
    first, *rest = text.splitlines() or [""]
    lines = [*folded(first, "    ", "      "), *fitted(rest, "    ")]
    yield from lines[:LONGEST]
    if len(lines) > LONGEST:
        yield f"    … and {len(lines) - LONGEST} more lines; {whole}"

"""``python -m tests.checklist table | check | missing [PREFIX ...]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from . import page, proofs, rows


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.checklist")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("table", help=f"write {page.PAGE.name}")
    commands.add_parser("check", help="fail if that page is not what table writes")
    missing = commands.add_parser("missing", help="list the rows without a test")
    missing.add_argument("prefix", nargs="*", help="only rows like this, as in SUP-07")
    chosen = parser.parse_args(arguments)
    if chosen.command == "missing":
        return _missing(tuple(chosen.prefix))
    faults = faults_of_the_page() if chosen.command == "check" else _table()
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def faults_of_the_page() -> list[str]:
    """What is wrong with the committed page, or with what it is made from."""
    parts, found = rows.load(), proofs.find()
    faults = _faults(parts, found)
    there = page.PAGE.read_text(encoding="utf-8") if page.PAGE.exists() else ""
    if there != page.render(parts, found):
        faults.append(
            f"{page.PAGE.name} is stale; write it anew: python -m tests.checklist table"
        )
    return faults


def _table() -> list[str]:
    parts, found = rows.load(), proofs.find()
    page.PAGE.write_text(page.render(parts, found), encoding="utf-8")
    return _faults(parts, found)


def _faults(parts: Sequence[rows.Part], found: Sequence[proofs.Proof]) -> list[str]:
    """What is wrong with the rows and the tests that name them."""
    return [
        *page.strangers(parts, found),
        *page.contradictions(page.join(parts, found)),
        *page.unexplained(parts, page.DIFFERENCES.read_text(encoding="utf-8")),
    ]


def _missing(prefixes: tuple[str, ...]) -> int:
    shown = page.join(rows.load(), proofs.find())
    wanted = [s for s in shown if not prefixes or s.row.id.startswith(prefixes)]
    lacking = [s for s in wanted if s.missing]
    for s in lacking:
        print(f"{s.row.id}  {s.row.fact}")
        for proof in s.proofs:
            why = f"fails: {proof.gap}" if proof.gap else "the model only"
            print(f"         {proof.file}::{proof.name} ({why})")
    needed = sum(s.row.verdict != "none" for s in wanted)
    print(f"{len(lacking)} of {needed} rows have no test")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Measure trio-sup: against bare Trio, other libraries, and itself among many.

All parts are measured if none is named. Progress goes to stderr, results to stdout.

  python -m bench call cast               two parts
  python -m bench --json out.json         all of them, kept for `python -m bench page`
  python -m bench instructions call cast  only instructions: some seconds, no noise
  python -m bench budget [--write]        are the hot paths within the committed table?
  python -m bench page out.json ...       draw the documentation's plots and tables

Programs of their own: bench.flood, bench.harness, bench.inspector.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import budget
from bench.counting import NoCounter, counted, counter, counts
from bench.parts import PARTS, Options, Part
from bench.report import Found, as_json, machine, say
from bench.tables import TABLES

QUICK = 0.05
ROUNDS = 5
COUNTS_HEAD = f"  {'':<36} {'':>10} {'ratio':>6} {'must':>6} {'goal':>6}"
APART = ("instructions", "budget", "page")
"""Words in the place of a part that do something else."""


def instructions(names: Sequence[str], to: str | None) -> int:
    """Print the instructions of each operation, as they are counted."""
    here = machine()
    out = sys.stderr if to == "-" else sys.stdout
    versions = f"Python {here['python']} ({here['build']}), trio {here['trio']}"
    print(f"{versions}, {counter()}", file=out)
    print("instructions for doing the work once; ratio to the table's floor", file=out)
    results: dict[str, Any] = {"machine": here, "counter": counter(), "parts": []}
    floor = 0.0
    try:
        for found in counts([one for name in names for one in counted(TABLES[name])]):
            parts = results["parts"]
            if not parts or parts[-1]["part"] != found.table:
                parts.append({"part": found.table, "counts": []})
                print(f"\n{found.table}\n{COUNTS_HEAD}", file=out)
                floor = found.instructions
            variant = TABLES[found.table].named(found.name)
            ratio = found.instructions / floor
            aims = [f"{aim:.2f}" if aim else "" for aim in (variant.must, variant.goal)]
            line = (
                f"  {found.name:<36} {found.instructions:>10,.0f}"
                f" {ratio:>6.2f} {aims[0]:>6} {aims[1]:>6}"
            )
            print(line.rstrip(), file=out, flush=True)
            told = {"name": found.name, "instructions": found.instructions}
            parts[-1]["counts"].append(told | {"instruction_ratio": ratio})
    finally:
        keep(results, to)
    return 0


def keep(results: dict[str, Any], to: str | None) -> None:
    """Write results as JSON where it was asked for."""
    text = json.dumps(results, indent=2) + "\n"
    if to == "-":
        print(text, end="")
    elif to is not None:
        Path(to).write_text(text, encoding="utf-8")


def measure(parts: Sequence[Part], options: Options, to: str | None) -> int:
    """Measure the parts, print what is found, and keep it as JSON if asked to."""
    here = machine()
    out = sys.stderr if to == "-" else sys.stdout
    for key, value in here.items():
        print(f"{key:<10} {value}", file=out)
    results: dict[str, Any] = {"machine": here, "rounds": options.rounds, "parts": []}
    try:
        for part in parts:
            shape: dict[str, Any] = {"part": part.name}
            results["parts"].append(shape)
            found = list[Found]()
            print(f"\n{part.name}: {part.what}", file=out)
            head = ""
            for one in part.run(options):
                say("")
                if one.HEAD and head != one.HEAD:
                    head = one.HEAD
                    print(head, file=out)
                print(one.line(), file=out, flush=True)
                found.append(one)
                shape |= as_json(part.name, found)
    finally:
        keep(results, to)  # what was measured, whatever ended it
    return 0


def known(
    parser: argparse.ArgumentParser, names: list[str], there: list[str]
) -> list[str]:
    """The names that were given, or all; one that is unknown ends the program."""
    for name in names:
        if name not in there:
            parser.error(f"there is no part {name!r}; there are {', '.join(there)}")
    return names or there


def parse() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="see --list")
    parser.add_argument("--list", action="store_true", help="name the parts, and end")
    parser.add_argument(
        "--rounds", type=int, metavar="N", help=f"measured rounds ({ROUNDS})"
    )
    parser.add_argument(
        "--json", metavar="FILE", help="write the results there too; - for stdout"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes: to see that it works"
    )
    parser.add_argument(
        "--no-instructions", action="store_true", help="do not count instructions"
    )
    parser.add_argument(
        "--write", action="store_true", help="with budget: write the table anew"
    )
    args = parser.parse_intermixed_args()
    if args.rounds is not None and args.rounds < 1:
        parser.error(f"at least one round is measured, not {args.rounds}")
    if args.write and args.parts != ["budget"]:
        parser.error("--write belongs to `python -m bench budget`")
    apart = args.parts[0] if args.parts and args.parts[0] in APART else None
    if apart and (args.rounds or args.quick or args.no_instructions or args.list):
        parser.error(f"{apart} takes no option for the measuring of parts")
    if apart in ("budget", "page") and args.json:
        parser.error(f"{apart} writes no JSON")
    return parser, args


def main() -> int:
    """Do what the command line says."""
    parser, args = parse()
    match args.parts:
        case ["budget"]:
            return budget.run(args.write)
        case ["budget", *_]:
            parser.error("budget is of all operations; name none")
        case ["instructions", *names]:
            return instructions(known(parser, names, list(TABLES)), args.json)
        case ["page", *files]:
            from bench import page

            if not files:
                parser.error("page wants the files that --json has written")
            return page.write([Path(file) for file in files])
        case _:
            pass
    names = known(parser, args.parts, list(PARTS))
    if args.list:
        for name in names:
            print(f"{name:<10} {PARTS[name].what}")
        return 0
    options = Options(
        rounds=args.rounds or ROUNDS,
        scale=QUICK if args.quick else 1.0,
        instructions=not args.no_instructions,
        say=say,
    )
    return measure([PARTS[name] for name in names], options, args.json)


if __name__ == "__main__":
    logging.getLogger("trio_sup").setLevel(logging.CRITICAL)
    try:
        sys.exit(main())
    except NoCounter as no:
        print(f"python -m bench: {no}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nended by Ctrl-C", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)

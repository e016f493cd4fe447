"""``python -m tests.journeys``: through which files a crash, a start, a call goes."""

from __future__ import annotations

import argparse

from .scenes import SCENES


def main() -> None:
    """Print the table of CONTRIBUTING, and with ``--files`` what each row counts."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.journeys",
        description="Through how many files of the library some things go, and how "
        "often the next function that is called stands in another file.",
    )
    parser.add_argument("--files", action="store_true", help="list them, in order")
    show = parser.parse_args().files
    print("| what | files | changes of file |")
    print("|---|---|---|")
    found = {name: scene() for name, scene in SCENES.items()}
    for name, journey in found.items():
        print(f"| {name} | {len(journey.files)} | {journey.changes} |")
    if show:
        for name, journey in found.items():
            print(f"\n{name}:")
            for file in journey.files:
                print(f"  {file}")


if __name__ == "__main__":
    main()

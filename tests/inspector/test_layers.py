"""What is drawn is decided without Textual."""

import subprocess
import sys

PURE = (
    "banner",
    "calls",
    "cells",
    "connection",
    "flows",
    "frame",
    "inside",
    "journal",
    "node_page",
    "pane",
    "panes",
    "report",
    "restarts",
    "rows",
    "side",
    "state",
    "tasks",
    "trouble",
    "writer",
)


def test_all_but_widgets_and_screens_work_without_textual() -> None:
    program = "import sys; sys.modules['textual'] = None; " + "; ".join(
        f"import trio_sup_inspector.{name}" for name in PURE
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {program}"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr

"""What is drawn is decided without Textual."""

import subprocess
import sys
from pathlib import Path

import trio_sup_inspector

PACKAGE = Path(trio_sup_inspector.__file__).parent
PURE = ("acting", "answers", "connection", "detail", "lines", "panes", "state")


def test_all_but_widgets_and_screens_work_without_textual() -> None:
    files = [path for name in PURE for path in (PACKAGE / name).rglob("*.py")]
    files += [PACKAGE / f"{name}.py" for name in PURE if not (PACKAGE / name).is_dir()]
    names = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in files
        if path.name != "__init__.py"
    ]
    assert len(names) > 25
    program = "import sys; sys.modules['textual'] = None; import " + ", ".join(names)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {program}"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr

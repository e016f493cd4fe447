"""The file format of golden traces: compressed JSON lines, who answered first.

The same answers give the same bytes.
"""

import json
import lzma
from collections.abc import Iterable
from pathlib import Path

from tests.proof.machine import Versions


def save(file: Path, versions: Versions, records: Iterable[object]) -> None:
    """Writes one line for `versions` and one for each record."""
    head = {"otp": versions.otp, "elixir": versions.elixir}
    text = "".join(map(_line, [head, *records]))
    file.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def read(file: Path) -> tuple[Versions, list[dict[str, object]]]:
    """Who answered, and the records."""
    first, *lines = lzma.decompress(file.read_bytes()).decode().splitlines()
    return Versions(**json.loads(first)), [json.loads(line) for line in lines]


def _line(data: object) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":")) + "\n"

"""Hostile recordings: made by hand, and honest ones that were changed."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from typing import TYPE_CHECKING, Any, Final

from tests.hostile.viewer import WAYS, Viewer, complain_of
from tests.hostile.words import FRAMES, Evil, dumped
from trio_sup.inspect.client.session import Session
from trio_sup.inspect.recording.recording import RecordingError
from trio_sup.inspect.recording.replay import Player, read_index
from trio_sup_inspector.screens.replay import position_cells

if TYPE_CHECKING:
    from pathlib import Path

HEADER: Final[dict[str, Any]] = {
    "trio_sup_recording": 1,
    "tool": "trio-sup 0.1.0",
    "wall": 1790000000.0,
}
HONEST: Final = tuple(
    index
    for index, each in enumerate(FRAMES)
    if each["t"] not in ("error", "role", "planned", "acted", "metrics")
)
PICTURE: Final = tuple(
    {"snap_begin": i, "rows": i, "snap_end": i}.get(each["t"], -1)
    for i, each in enumerate(FRAMES)
)
TIMES: Final = ("1e999", "-1.0", "99999999999.0", "0.0", "9" * 400 + ".0", "NaN")


class Records:
    """Draws recordings; equal seeds draw the same."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.evil = Evil(seed + 1)

    def any(self) -> bytes:
        """One recording."""
        draw = self.draw
        kind = draw.random()
        if kind < 0.0005:
            return self.bomb()
        data = self.written()
        if kind < 0.2:
            data = self.evil.scratched(data)
        elif kind < 0.25:
            data = data[: draw.randrange(len(data))]
        elif kind < 0.3:
            data += data[draw.randrange(len(data)) :]
        return data

    def written(self) -> bytes:
        """Members of lines, some of them wrong."""
        draw = self.draw
        lines, at = [self._header()], 0.0
        picture = [i for i in PICTURE if i >= 0]
        chosen = [(i, b"") for i in HONEST]
        for _ in range(draw.randrange(1, 3)):
            where = draw.randrange(len(chosen) + 1)
            chosen[where:where] = [(i, b",1") for i in picture]
        wrong = set(draw.sample(range(len(chosen)), draw.randrange(1, 4)))
        for place, (index, inserted) in enumerate(chosen):
            data = json.loads(json.dumps(FRAMES[index]))
            at += draw.choice((0.0, 0.25, 1.0))
            when = f"{at:.3f}"
            if place in wrong and draw.random() < 0.8:
                self.evil.mutate(data)
            elif place in wrong:
                when = draw.choice(TIMES)
            lines.append(b"[%s,%s%s]\n" % (when.encode(), dumped(data), inserted))
        cut = draw.randrange(len(lines))
        return b"".join(
            gzip.compress(b"".join(part), 1, mtime=0)
            for part in (lines[:1], lines[1:cut], lines[max(cut, 1) :])
            if part
        )

    def _header(self) -> bytes:
        data = dict(HEADER)
        if self.draw.random() < 0.15:
            self.evil.mutate(data)
        return dumped(data) + b"\n"

    def bomb(self) -> bytes:
        """Small, and unpacks to something large."""
        line = self.draw.choice(
            (
                b"\n",
                b"x",
                b"x\n",
                b'[0.000,{"t":"resync"}]\n',
                b'[1.000,{"t":"snap_begin","seq":1,"total":1},1]\n',
                b'[0.000,{"events":[[1,1.0,"a","child_crashed","b"]],"t":"delta"}]\n',
            )
        )
        pack = zlib.compressobj(9, zlib.DEFLATED, 31)
        piece = line * (1_000_000 // len(line))
        header = gzip.compress(dumped(HEADER) + b"\n", mtime=0)
        many = self.draw.choice((5, 40))
        return (
            header + b"".join(pack.compress(piece) for _ in range(many)) + pack.flush()
        )


def watch(path: Path, draw: random.Random, *, everything: bool = False) -> bool:
    """Open a recording as the commands and the application do; whether it is one."""
    try:
        index = read_index(path)
    except RecordingError as error:
        complain_of(str(error))
        return False
    complain_of(index.header.tool)
    player = Player(index, Session(client="replay"))
    viewer = Viewer(player.session)
    count = len(WAYS) if everything else 2
    for step in (0, 1):
        if step:
            player.seek(draw.choice((0.0, 0.5, 1.0, 2.0)) * index.length)
            player.restart(draw.choice((-1, 1)))
            player.step(draw.choice((-1, 1)))
        viewer.now = player.clock()
        viewer.state.start_anew()
        ways = draw.sample(WAYS, count)
        viewer.look(ways)
        for text, _ in position_cells(player, 120, plain=False):
            complain_of(text)
        complain_of(player.wrong)
    return True

"""A recording: what a node sent, with the times at which it came. Blocking, no Trio.

The file is a sequence of gzip members, so that ``zcat`` reads it, and each member
holds whole lines of JSON. A member is written with one call at a time: what a
recorder had written when it was killed can be read. The first line is a header::

    {"trio_sup_recording": 1, "tool": "trio-sup 0.1.0", "wall": 1790000000.0}

Every other line is ``[seconds, frame]``, the seconds counted since the recording
began and the frame as it came. ``[seconds, frame, 1]`` was put in by the recorder:
the frames of a snapshot from which a player can begin. Each of these snapshots
begins a member.

A recording for tests has ``"for_tests": 1`` in its header, causes in its deltas, and one
more line at its end, which no player minds::

    {"ended": "asked", "seconds": 12.3}
"""

from __future__ import annotations

import gzip
import json
import os
import re
import stat
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from attrs import define, field, frozen

from trio_sup.inspect.protocol.checked import anchor, text, whole
from trio_sup.inspect.protocol.codec import MAX_FRAME, encode
from trio_sup.inspect.protocol.wire import Rows, SnapBegin, SnapEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trio_sup.inspect.protocol.wire import Row

SCHEMA: Final = 1
"""The version of the file."""
FOR_TESTS: Final = 1
"""The version of what a recording for tests holds besides."""
END_BYTES: Final = 128
"""Room for the last line, kept free below the limit."""
KEYFRAME_SECONDS: Final = 10.0
"""How often a player can begin."""
FLUSH_SECONDS: Final = 1.0
FLUSH_BYTES: Final = 512 * 1024
MAX_LINE: Final = MAX_FRAME + 100
ROWS_PER_FRAME: Final = 500

MAX_AT: Final = 1e8
"""Seconds of a recording: three years."""
FREE: Final = 16 * 1024 * 1024
RATIO: Final = 100
"""How much a file may unpack to: `FREE` bytes, and `RATIO` times what was read of it.
A recorder's own files have a ratio of 10 to 50, a bomb has one of 1,000."""

FREE_FRAMES: Final = 200_000
FRAME_BYTES: Final = 4
"""How many frames a file may have: so many, and one for each four bytes of it."""
MAX_OTHER: Final = 10_000
"""Lines that are no frames."""

_GZIP: Final = 31  # zlib's word for "with a gzip header"
_CHUNK: Final = 65_536
_LINE: Final = re.compile(rb"\[(\d{1,9}\.\d{1,9}),(\{.*\})(,1)?\]", re.DOTALL)


class RecordingError(Exception):
    """A file that cannot be written or read; `str` is one line."""


class Full(Exception):
    """The recording has reached its limit; everything before is in the file."""


# --- writing -----------------------------------------------------------------


@define
class Writer:
    """Appends to a recording. Holds at most `FLUSH_BYTES` and a frame."""

    _file: IO[bytes]
    _limit: int
    size: int = 0
    """Bytes in the file."""
    frames: int = 0
    """Frames that came from the node."""
    _lines: list[bytes] = field(factory=list[bytes])
    _held: int = 0
    _partial: bytes = b""
    _flushed: float = 0.0
    _for_tests: bool = False

    def header(self, *, tool: str, wall: float, for_tests: bool = False) -> None:
        """Write the first line.

        Args:
            tool: What records.
            wall: When the recording begins, in seconds since 1970.
            for_tests: Whether it holds what tests need, and says how it ends.
        """
        self._for_tests = for_tests
        line = {"trio_sup_recording": SCHEMA, "tool": tool, "wall": wall}
        if for_tests:
            line["for_tests"] = FOR_TESTS
            self._limit -= END_BYTES
        self._hold(json.dumps(line).encode() + b"\n")
        self.flush(0.0)

    def feed(self, data: bytes, at: float) -> None:
        """Take what the node sent, however it was cut.

        Args:
            data: The bytes.
            at: Seconds since the recording began.

        Raises:
            Full: no more fits.
            RecordingError: a frame is longer than a node may send.
        """
        *lines, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > MAX_FRAME:
            raise RecordingError("the node sent a frame that is too long")
        for line in filter(None, map(bytes.strip, lines)):
            self.frames += 1
            self._hold(b"[%.3f,%s]\n" % (at, line))
        if self._held >= FLUSH_BYTES or at - self._flushed >= FLUSH_SECONDS:
            self.flush(at)

    def keyframe(
        self, rows: Iterable[Row], seq: int, node_at: float, at: float
    ) -> None:
        """Put in a snapshot from which a player can begin.

        Args:
            rows: All rows, parents before their children.
            seq: The state that they are, as the node counts.
            node_at: The node's clock.
            at: Seconds since the recording began.

        Raises:
            Full: no more fits.
        """
        self.flush(at)
        rows = list(rows)
        frames = [encode(SnapBegin(seq, len(rows)))]
        frames += [
            encode(Rows(rows[first : first + ROWS_PER_FRAME]))
            for first in range(0, len(rows), ROWS_PER_FRAME)
        ]
        frames.append(encode(SnapEnd(seq, node_at)))
        for frame in frames:
            self._hold(b"[%.3f,%s,1]\n" % (at, frame.strip()))
        self.flush(at)

    def end(self, why: str, at: float) -> None:
        """Write the last line, if this is a recording for tests.

        Args:
            why: Why it ends, in a word.
            at: Seconds since the recording began.
        """
        if not self._for_tests:
            return
        self._limit += END_BYTES
        line = {"ended": why, "seconds": round(at, 3)}
        self._hold(json.dumps(line).encode() + b"\n")
        self.flush(at)

    def flush(self, at: float) -> None:
        """Write what is held, in one piece.

        Raises:
            Full: it does not fit; the file is whole without it.
        """
        self._flushed = at
        if not self._lines:
            return
        member = gzip.compress(b"".join(self._lines), 6, mtime=0)
        self._lines.clear()
        self._held = 0
        if self.size + len(member) > self._limit:
            raise Full
        self._file.write(member)
        self.size += len(member)

    def _hold(self, line: bytes) -> None:
        self._lines.append(line)
        self._held += len(line)


def create(path: Path, *, force: bool) -> IO[bytes]:
    """Open a new file for this user alone, unbuffered.

    Raises:
        RecordingError: it exists and `force` is false, or it cannot be made.
    """
    try:
        handle = _opened(path, force=force)
    except FileExistsError as error:
        raise RecordingError(f"{path} exists: --force overwrites it") from error
    except (OSError, ValueError) as error:
        text = error.strerror if isinstance(error, OSError) else error
        raise RecordingError(f"{path}: {text}") from error
    return os.fdopen(handle, "wb", buffering=0)


def _opened(path: Path, *, force: bool) -> int:
    flags = os.O_WRONLY | os.O_CLOEXEC
    if force:
        # Where a link leads, or a pipe or a device: these are written to as they are.
        real = os.path.realpath(path)
        try:
            if not stat.S_ISREG(os.lstat(real).st_mode):
                return os.open(real, flags)
            # A new file: the old one's mode, its links and who has it open already
            # would let others read what is written.
            os.unlink(real)
        except FileNotFoundError:
            pass
        path = Path(real)
    return os.open(path, flags | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)


# --- reading -----------------------------------------------------------------


@frozen
class Frame:
    """One line of a recording."""

    at: float
    """Seconds since the recording began."""
    data: bytes
    """The frame, without its newline."""
    inserted: bool
    """Whether the recorder put it in."""


@frozen
class Header:
    """The first line of a recording."""

    tool: str
    wall: float
    """When the recording began, in seconds since 1970."""
    for_tests: int = 0
    """The version of what it holds for tests; 0 if it is not for them."""


def read_header(path: Path) -> Header:
    """The first line.

    Raises:
        RecordingError: the file is unreadable, or no recording of a known version.
    """
    try:
        with path.open("rb") as file:
            line = next(_lines(file), (0, b""))[1]
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from error
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}") from error
    try:
        data: object = json.loads(line)
    except (ValueError, RecursionError):
        data = None
    fields = cast("dict[str, object]", data) if isinstance(data, dict) else {}
    schema = fields.get("trio_sup_recording")
    if schema is None:
        raise RecordingError(f"{path} is no recording of trio-sup")
    try:
        version, tool = whole(schema), text(fields.get("tool", ""))
        began = anchor(fields.get("wall", 0))
        for_tests = whole(fields.get("for_tests", 0))
    except ValueError as error:
        raise RecordingError(f"{path}: the header makes no sense: {error}") from error
    if version != SCHEMA:
        raise RecordingError(
            f"{path} is a recording of version {version} by {tool}, this trio-sup"
            f" reads {SCHEMA}"
        )
    return Header(tool, began, for_tests)


def frames(
    path: Path, offset: int = 0, others: Callable[[bytes], object] | None = None
) -> Iterator[tuple[int, Frame]]:
    """The frames from a member on, each with where its member begins.

    What a killed recorder left unfinished at the end is passed over.

    Args:
        path: The recording.
        offset: Where a member begins, in bytes.
        others: Called with the lines that are no frames.

    Raises:
        OSError: the file cannot be read.
        RecordingError: its times run backwards, or it is a bomb.
    """
    last, count, odd = 0.0, 0, 0
    with path.open("rb") as file:
        most = FREE_FRAMES + os.fstat(file.fileno()).st_size // FRAME_BYTES
        file.seek(offset)
        for member, line in _lines(file):
            found = _LINE.fullmatch(line)
            if found is None:
                odd += 1
                if odd > MAX_OTHER:
                    raise RecordingError("it holds too much that is no frame")
                if others is not None:
                    others(line)
                continue
            digits, data, inserted = found.groups()
            at = float(digits)
            if not last <= at <= MAX_AT:
                raise RecordingError("its times are out of order")
            last, count = at, count + 1
            if count > most:
                raise RecordingError("it unpacks to far more than a recording holds")
            yield member, Frame(at, data, inserted is not None)


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Whole lines but empty ones, and where the member begins in which each ends."""
    rest = b""
    for member, data in _blocks(file):
        *lines, rest = (rest + data).split(b"\n")
        for line in filter(None, lines):
            yield member, line
        if len(rest) > MAX_LINE:
            return


def _blocks(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Decompressed pieces, each with the offset of its member.

    Raises:
        RecordingError: they are far more than the file could honestly hold.
    """
    member = begin = file.tell()
    unpacked = 0
    data = file.read(_CHUNK)
    while data:
        stream = zlib.decompressobj(_GZIP)
        read = 0
        # A member that is unfinished at the end of the file is let out as far as it
        # came; behind one that is damaged nothing can be trusted.
        while data and not stream.eof:
            try:
                piece = stream.decompress(data, _CHUNK)
            except zlib.error:
                return
            left = stream.unconsumed_tail or stream.unused_data
            read += len(data) - len(left)
            unpacked += len(piece)
            if unpacked > FREE + RATIO * (member + read - begin):
                raise RecordingError("it unpacks to far more than a recording holds")
            yield member, piece
            data = left or file.read(_CHUNK)
        member += read

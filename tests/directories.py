"""A place for sockets that is gone after the test."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def short_directory() -> Generator[Path]:
    """A private directory, removed with all that is in it at the end of the block.

    Not a `tmp_path`: the address of a Unix socket is limited to about 100 bytes.
    """
    with TemporaryDirectory(prefix="ts-") as name:
        yield Path(name)

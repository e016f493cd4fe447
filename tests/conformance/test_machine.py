"""The compiled driver is kept between runs, where others cannot put their own."""

import hashlib
import os
import tempfile
from pathlib import Path

import pytest

from tests.conformance.machine import Machine, OracleError, is_available

pytestmark = pytest.mark.skipif(not is_available(), reason="needs Erlang")


def test_a_driver_that_somebody_else_could_have_written_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    source = tmp_path / "driver.erl"
    source.write_text("-module(driver).")
    content = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    (tmp_path / f"trio-sup-oracle-{os.getuid()}-{content}").mkdir(mode=0o755)
    with pytest.raises(OracleError, match="lets others in"):
        Machine([source], "driver")

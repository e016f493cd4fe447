"""What every test may rely on; see README.md for where a new test goes."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.directories import short_directory
from trio_sup.testing._run.quiet import quiet_log as silent

# Examples are judged by their outcome, never by how fast this machine is.
settings.register_profile(
    "trio-sup",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough", settings.get_profile("trio-sup"), max_examples=2_000
)
# For `tests.mutation`: the same examples each time, and the first that fails is enough.
settings.register_profile(
    "mutation",
    settings.get_profile("trio-sup"),
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "trio-sup"))

SHELLS_WISHES = (
    *("COLUMNS", "LINES", "LC_ALL"),
    *("FORCE_COLOR", "NO_COLOR", "PYTHON_COLORS"),
    *("TRIO_SUP_INSPECT", "TRIO_SUP_REMOTE", "TRIO_SUP_RUNTIME_DIR"),
)


@pytest.fixture(scope="session", autouse=True)
def plain_surroundings() -> Iterator[None]:
    """Programs that tests start and read are not to behave as this shell wishes.

    The size and colours of the terminal stand in the environment of some shells and
    servers; a background job without job control, or below `nohup`, ignores signals,
    and so do the programs that it starts.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in SHELLS_WISHES:
            patch.delenv(name, raising=False)
        for number, handler in (
            (signal.SIGINT, signal.default_int_handler),
            (signal.SIGHUP, signal.SIG_DFL),
        ):
            if signal.getsignal(number) == signal.SIG_IGN:
                signal.signal(number, handler)
        yield


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """In place of `tmp_path` where a socket's address must not get too long."""
    with short_directory() as directory:
        yield directory


@pytest.fixture
def quiet_log() -> Iterator[None]:
    """For tests whose children crash on purpose, one after the other."""
    with silent():
        yield

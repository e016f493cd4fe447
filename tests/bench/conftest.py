"""What is measured crashes thousands of times: the log stays out of it."""

from collections.abc import Iterator

import pytest

from trio_sup.testing._run.quiet import quiet_log


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with quiet_log():
        yield

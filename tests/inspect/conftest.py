"""What tests of a client's session begin with."""

import pytest

from tests.inspect.scripted import HELLO, SNAPSHOT, Driver


@pytest.fixture
def live() -> Driver:
    driver = Driver()
    driver.connect()
    driver.hear(HELLO, *SNAPSHOT)
    driver.said()
    driver.session.take_changes()
    return driver

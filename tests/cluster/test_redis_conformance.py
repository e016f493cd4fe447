"""A real Redis does what every engine has to do."""

from collections.abc import Iterator

import pytest

from tests.cluster.conformance import Check
from tests.cluster.conformance_records import CHECKS
from tests.cluster.redis_server import RedisServer, needs_redis, redis_server

pytestmark = needs_redis


@pytest.fixture(scope="module")
def one_server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.mark.trio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_redis_conforms(check: Check, one_server: RedisServer) -> None:
    await one_server.ready()
    await one_server.command("FLUSHALL")
    await check(one_server)

"""No id of a child can forge a line of the log."""

import logging

import pytest
import trio

from trio_sup import GenServer, StartFailed, child, open_supervisor

FORGED = "a\nCRITICAL root forged\x1b[2J\x9b31m\u202e"


class Fails(GenServer):
    async def init(self) -> None:
        raise ValueError("no")


@pytest.mark.trio
async def test_an_id_with_a_newline_or_an_escape_stays_on_its_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "trio_sup")
    async with open_supervisor([child(trio.sleep_forever, id=FORGED)]) as tree:
        handle = tree.child(FORGED)
        assert handle.path[-1] == FORGED  # the id itself is what it was
        assert handle.path_text.endswith(
            "a\\nCRITICAL root forged\\x1b[2J\\x9b31m\\u202e"
        )
        await tree.terminate_child(FORGED)
    assert any("forged" in record.getMessage() for record in caplog.records)
    for record in caplog.records:
        assert record.getMessage().isprintable()


@pytest.mark.trio
async def test_what_an_error_says_of_a_child_stays_on_its_line() -> None:
    spec = child(Fails, id=FORGED)
    with pytest.raises(StartFailed) as caught:
        async with open_supervisor([spec]):
            await trio.sleep_forever()
    error = caught.value
    assert "\x1b" not in str(error)
    assert "\na" not in str(error)

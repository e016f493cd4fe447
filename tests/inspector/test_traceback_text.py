"""A traceback: the program's own frames first, libraries folded, nurseries unwrapped."""

import traceback

import pytest
import trio

from trio_sup.inspect.text.traceback_text import (
    Folded,
    Frame,
    Says,
    folded,
    own_place,
    read_traceback,
)

GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/app/main.py", line 7, in serve
  |     async with trio.open_nursery() as nursery:
  |                ~~~~~~~~~~~~~~~~~^^
  |   File "/venv/lib/python3.13/site-packages/trio/_core/_run.py", line 1117, in __aexit__
  |     raise combined_error_from_nursery
  | ExceptionGroup: Exceptions from Trio nursery (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/app/main.py", line 12, in poll
    |     return json.loads(text)
    |   File "/usr/lib/python3.13/json/__init__.py", line 352, in loads
    |     return _default_decoder.decode(s)
    |   File "/usr/lib/python3.13/json/decoder.py", line 345, in decode
    |     obj, end = self.raw_decode(s, idx=_w(s, 0).end())
    | json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)
    +------------------------------------
"""


def test_a_group_that_only_a_nursery_made_is_unwrapped() -> None:
    parts = read_traceback(GROUP)
    assert not any("nursery" in p.text for p in parts if isinstance(p, Says))
    place = own_place(parts)
    assert place is not None
    assert (place.file, place.line, place.name) == ("/app/main.py", 12, "poll")
    assert place.code == ("return json.loads(text)",)
    assert parts[-1] == Says(
        "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
    )


def test_frames_of_libraries_are_one_line() -> None:
    shown = list(folded(read_traceback(GROUP)))
    [lib] = [part for part in shown if isinstance(part, Folded)]
    assert lib.text == "2 library frames: json"
    assert [p.name for p in shown if isinstance(p, Frame)] == ["poll"]


def test_a_group_of_several_stays_a_group() -> None:
    parts = read_traceback(GROUP.replace("(1 sub-exception)", "(2 sub-exceptions)"))
    assert any("nursery" in p.text for p in parts if isinstance(p, Says))


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_what_python_writes_is_read_however_many_nurseries_there_are(
    depth: int,
) -> None:
    async def fails() -> None:
        raise ValueError("inner")

    async def nested(left: int) -> None:
        if not left:
            await fails()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nested, left - 1)

    with pytest.raises(BaseException) as caught:  # noqa: PT011
        trio.run(nested, depth)
    parts = read_traceback("".join(traceback.format_exception(caught.value)))
    assert parts[-1] == Says("ValueError: inner")
    place = own_place(parts)
    assert place is not None
    assert place.name == "fails"


@pytest.mark.parametrize("text", ["", "\n", "  | ", "x", 'File "', "+-+----", "| | |"])
def test_what_is_no_traceback_is_shown_as_it_is(text: str) -> None:
    assert own_place(read_traceback(text)) is None

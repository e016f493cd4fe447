"""The recording of a session, as a picture."""

from xml.etree import ElementTree

from tests.reloading.recording import REST, Said, drawn

SVG = "{http://www.w3.org/2000/svg}"


def test_each_line_comes_when_it_came() -> None:
    story = [
        Said(0.0, "developer", "edits <news>"),
        Said(3.0, "program", "reload: boards.news"),
        Said(6.0, "people", "3 people & no connection lost"),
    ]
    picture = ElementTree.fromstring(drawn(story, "Reload"))
    texts = picture.findall(f"{SVG}text")
    assert [text.text for text in texts] == [each.text for each in story]
    moves = [text[0].attrib for text in texts]
    assert {move["dur"] for move in moves} == {f"{6 + REST:.2f}s"}
    assert [move["keyTimes"] for move in moves] == [
        "0;0.0000;1",
        "0;0.3000;1",
        "0;0.6000;1",
    ]

"""``trio-sup chart``: of a node, of a child, of a recording."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.commands.test_recording import write
from trio_sup.inspect.model.trends import OF_CHILD, OF_NODE

Here = Callable[..., tuple[int, str, str]]


def test_the_command_draws_and_tells(here: Here, tmp_path: Path) -> None:
    path = tmp_path / "one.rec"
    write(path, 1)
    code, out, _ = here("chart", str(path), "--ascii", "--height", "2")
    assert code == 0
    assert "loop lag: now " in out
    document = json.loads(here("chart", str(path), "--json")[1])
    assert [each["name"] for each in document["series"]] == list(OF_NODE)
    code, _, said = here("chart", str(path), "--child", "nobody-at-all")
    assert code == 3
    assert "nobody-at-all" in said


def test_a_running_node_is_looked_at_for_a_while(here: Here) -> None:
    code, out, _ = here("chart", "shop", "--for", "1.2s", "--json")
    document = json.loads(out)
    assert (code, document["schema"], document["node"]) == (0, 1, "shop")
    lag = document["series"][OF_NODE.index("lag")]
    assert (lag["unit"], len(lag["samples"][0])) == ("s", 2)
    code, out, _ = here("chart", "shop", "--child", "#1", "--for", "0.1s", "--json")
    assert [each["name"] for each in json.loads(out)["series"]] == list(OF_CHILD)
    code, _, said = here("chart", "shop", "--child", "nobody-at-all")
    assert (code, "nobody-at-all" in said) == (3, True)

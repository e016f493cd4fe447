"""``trio-sup nodes --health``: several nodes side by side, and none waits for another."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.rig import peer
from trio_sup.inspect.model.health import Breach
from trio_sup.inspect.model.node_health import NodeHealth
from trio_sup.inspect.text.documents import health_json
from trio_sup.inspect.text.node_lines import Checked, health_lines

Here = Callable[..., tuple[int, str, str]]

FIGURES = NodeHealth(
    children=25,
    down=1,
    looping=1,
    waiting=0,
    stuck=0,
    restarts=4012,
    mailbox=1024,
    lag=0.002,
    up=7500.0,
    problems=[Breach(f"shop/{n}", "is stuck") for n in range(5)]
    + [Breach("", "is late")],
)
NODES = [
    Checked("mail.12", None, "no answer within 5 s", 7),
    Checked("shop.4711", FIGURES),
]


def test_each_node_is_a_line_with_what_needs_a_look_below() -> None:
    assert list(health_lines(NODES)) == [
        "NODE       HEALTH      UP     CHILDREN  DOWN  RESTARTS/MIN  MAILBOX  LAG",
        "mail.12    no answer   -      -         -     -             -        -",
        "  no answer within 5 s",
        "shop.4711  6 problems  2h05m  25        1     4,012         1,024    2ms",
        "  shop/0 is stuck",
        "  shop/1 is stuck",
        "  shop/2 is stuck",
        "  and 3 more",
    ]


def test_as_json_they_say_who_is_well() -> None:
    document = health_json(NODES)
    assert (document["schema"], document["ok"]) == (1, False)
    mail, shop = json.loads(json.dumps(document))["nodes"]
    assert (mail["ok"], mail["code"], mail["health"]) == (False, 7, None)
    assert (shop["error"], shop["health"]["restarts_last_minute"]) == (None, 4012)
    assert shop["health"]["problems"][-1] == {"path": None, "problem": "is late"}


def test_one_that_makes_no_sense_keeps_no_other_from_being_shown(
    here: Here, shop_directory: Path
) -> None:
    code, out, _ = here("nodes", "shop", "--health", "--json")
    (alone,) = json.loads(out)["nodes"]
    assert (code, alone["error"]) == (0, None)
    with peer(shop_directory, raw=b"hello\n"):
        code, out, _ = here("nodes", "nobody", "--check", "--json")
        both = json.loads(here("nodes", "--health", "--json")[1])["nodes"]
    assert code == 1
    assert [node["code"] for node in json.loads(out)["nodes"]] == [3]
    shop, silly = sorted(both, key=lambda node: bool(node["error"]))
    assert silly["code"] == 7
    assert "no trio-sup node" in silly["error"]
    assert shop["health"]["children"] == alone["health"]["children"]


@pytest.mark.parametrize("word", ["--health", "--check"])
def test_no_node_is_no_failure(
    word: str, here: Here, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(tmp_path / "none"))
    code, out, said = here("nodes", word)
    assert (code, out) == (0, "")
    assert "no node runs" in said

"""Words name nodes, paths name files: none is taken for the other."""

from collections.abc import Callable
from pathlib import Path

import pytest

Here = Callable[..., tuple[int, str, str]]


def test_a_file_named_like_a_node_never_stands_for_it(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert here("snapshot", "shop", "./dead")[0] == 0
    # The first word is the node, and no file of its name is written.
    code, _, err = here("snapshot", "shop")
    assert code == 0
    assert not (tmp_path / "shop").exists()
    [written] = tmp_path.glob("shop-*.rec")
    assert str(written.name) in err
    (tmp_path / "dead").rename(tmp_path / "ghost")
    for command in (["status", "ghost", "--check"], ["tree", "ghost"], ["ps", "ghost"]):
        code, out, err = here(*command)
        assert (code, out) == (3, "")
        assert "./ghost" in err
    assert here("tree", "./ghost")[0] == 0
    # A live node wins over a file of its name.
    (tmp_path / "ghost").rename(tmp_path / "shop")
    assert here("status", "shop", "--check")[0] == 0

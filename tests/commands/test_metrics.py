"""``trio-sup metrics``."""

from collections.abc import Callable

from tests.commands.rig import Run


def test_metrics_are_what_prometheus_reads(
    trio_sup: Run, start: Callable[..., int]
) -> None:
    start("shop")
    result = trio_sup("metrics", "shop")
    assert result.returncode == 0
    assert 'trio_sup_info{node="shop"} 1\n' in result.stdout
    assert result.stdout.endswith("\n")
    assert all(
        line.startswith(("# ", "trio_sup_")) for line in result.stdout.splitlines()
    )


def test_metrics_of_no_node_are_3(trio_sup: Run) -> None:
    assert trio_sup("metrics", "shop").returncode == 3

"""psycopg without its libpq, as on a machine that has only Python and pip."""

import os
import subprocess
import sys


def without_libpq(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args],
        env={**os.environ, "PSYCOPG_IMPL": "none of them"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_who_imports_the_backend_is_told_of_libpq_and_not_of_pip_install() -> None:
    done = without_libpq("-c", "import trio_sup.cluster.postgres")
    last = done.stderr.splitlines()[-1]
    assert "needs libpq, which psycopg does not find: install the system's" in last


def test_its_tests_and_its_pages_are_left_out_and_say_so() -> None:
    done = without_libpq(
        *("-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"),
        *(
            "tests/cluster/test_postgres.py",
            "docs/how-to/run-a-cluster-on-postgresql.md",
        ),
    )
    assert done.returncode == 0, done.stdout
    assert " passed" not in done.stdout.splitlines()[-1]
    assert "(apt-get install libpq5)" in done.stdout

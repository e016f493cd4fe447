"""The names of the library are known however they are imported. Read by checkers only.

A line with a `type: ignore` must be an error for both: an ignore that is not needed is
one itself.
"""

from typing import assert_type

import trio

import trio_sup
from trio_sup import *  # noqa: F403


def all_of_them_are_known() -> None:
    assert_type(child(trio.sleep, 1), ChildSpec[Child])  # noqa: F405
    assert_type(trio_sup.supervisor([]), trio_sup.ChildSpec[trio_sup.Supervisor])


def others_are_not() -> None:
    trio_sup.supervizor([])  # type: ignore[attr-defined]
    trio_sup._read_homes()  # type: ignore[attr-defined]
    from trio_sup import Kid  # type: ignore[attr-defined]  # noqa: F401

"""What is drawn: steps, and how many of them make a play."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.cluster.nodes import TTL
from tests.cluster.promise.world import KEYS

NAMES = ("a", "b", "c")

Step = tuple[Any, ...]

# A node by its name, or whoever has a key at that moment.
WHOM = st.sampled_from([*NAMES, *(f"@{key}" for key in KEYS)])
KEY = st.sampled_from(KEYS)
FAULT = st.tuples(st.sampled_from(["cut", "pause", "heal", "replay"]), WHOM)
WAIT = st.tuples(st.just("wait"), st.floats(0.01, TTL / 2))
MESSAGE = st.tuples(st.sampled_from(["ask", "tell", "crash", "burst"]), WHOM, KEY)
SPELL = st.tuples(
    st.sampled_from(["pause for", "cut for"]), WHOM, st.floats(0.1, TTL * 1.5)
)
MEET = st.tuples(
    st.just("meet"),
    WHOM,
    KEY,
    st.floats(0.005, 0.12),
    st.sampled_from(["cut", "pause"]),
    WHOM,
    st.sampled_from([0.01, 0.1, TTL, 1.5 * TTL]),
)
"""Messages, and while they are served the way of somebody breaks."""
CHILD = st.tuples(
    st.sampled_from(["stop", "start", "stop and start"]), WHOM, KEY, st.floats(0, 0.5)
)
"""One node is not to run a key, or is to run it again."""
HAND_OVER = st.tuples(st.just("hand over"), KEY, WHOM)
"""A key moves to another node while somebody sends it one message after another."""
TAKE_IN = st.tuples(st.just("take in"), KEY, WHOM)
"""The same, and the node that it moves to is who sends."""
UNHEARD = st.tuples(st.just("unheard"), KEY, st.floats(0.1, TTL / 3))
"""Whoever has a key is to run it no more, while the engine cannot be told."""
LATE = st.tuples(st.just("late"), KEY, WHOM, st.floats(0.02, 0.07))
"""Whoever has a key writes its state, and that arrives when another has it."""
TURN = st.tuples(
    st.sampled_from(
        [*["leave", "drain"] * 3, *["forget"] * 3, "takeover @one", "lapse"]
    ),
    WHOM,
)
# More of what is cheap: that is what meets the rest at odd moments.
STEPS = st.one_of(
    *[MESSAGE] * 4,
    *[FAULT, WAIT, MEET, CHILD] * 2,
    *[SPELL, TURN, LATE, HAND_OVER, TAKE_IN, UNHEARD],
)
PLAYS = st.tuples(st.integers(0, 1 << 16), st.lists(STEPS, min_size=1, max_size=25))
MEDIUM = st.tuples(st.integers(0, 1 << 32), st.lists(STEPS, min_size=12, max_size=30))
LONG = st.tuples(st.integers(0, 1 << 32), st.lists(STEPS, min_size=60, max_size=90))

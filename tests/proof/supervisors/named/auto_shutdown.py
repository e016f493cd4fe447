"""Automatic shutdown: rows SUP-130 to SUP-140."""

from tests.proof.supervisors.named.write import CRASH, child, crash, named, sup


def _significant(id: str, restart: str = "temporary", **fields: object) -> object:
    return child(id, restart, significant=True, **fields)


AUTO_SHUTDOWN = (
    named(
        "SUP-130",
        "auto_shutdown never refuses a significant child",
        sup("one_for_one", "a", _significant("b")),
        shows=['root ["error", ["bad_spec", "significant_never"]]'],
        never=["start a"],
    ),
    named(
        "SUP-130",
        "and so does start_child",
        sup("one_for_one", "a"),
        [["start_child", "", _significant("b")]],
        shows=['reply 0 ["error", ["bad_spec", "significant_never"]]'],
        never=["start b"],
    ),
    named(
        "SUP-131",
        "a permanent child is never significant",
        sup(
            "one_for_one",
            _significant("a", "permanent"),
            auto_shutdown="all_significant",
        ),
        shows=['root ["error", ["bad_spec", "significant_permanent"]]'],
    ),
    named(
        "SUP-131",
        "with both rules broken, never is the complaint",
        sup("one_for_one", _significant("a", "permanent")),
        shows=['root ["error", ["bad_spec", "significant_never"]]'],
    ),
    *(
        named(
            "SUP-132",
            f"any_significant: a {restart} child that ends with {reason} ends it all",
            sup(
                "one_for_one",
                "a",
                _significant("b", restart),
                "c",
                auto_shutdown="any_significant",
            ),
            [["exit", "b", reason]],
            shows=["stop b 1", "stop c 1 shutdown", "stop a 1 shutdown", "stop / 1"],
        )
        for restart, reason in (
            ("transient", "normal"),
            ("transient", "shutdown"),
            ("transient", ["shutdown", "done"]),
            ("temporary", "normal"),
            ("temporary", CRASH),
        )
    ),
    named(
        "SUP-132",
        "any_significant: killing a temporary one ends it all",
        sup("one_for_one", _significant("a"), auto_shutdown="any_significant"),
        [["kill", "a"]],
        shows=["stop a 1 killed", "stop / 1 shutdown", "reply 0"],
    ),
    named(
        "SUP-133 TRAP-14",
        "the crash of a significant transient child only restarts it",
        sup(
            "one_for_one",
            _significant("a", "transient"),
            auto_shutdown="any_significant",
        ),
        [crash("a"), ["which", ""]],
        shows=["start a 2", 'reply 1 [["a", 2, "worker"]]'],
    ),
    named(
        "SUP-134",
        "all_significant: the last active one ends it all",
        sup(
            "one_for_one",
            _significant("a"),
            _significant("b", "transient"),
            "c",
            auto_shutdown="all_significant",
        ),
        [crash("a"), ["exit", "b", "normal"]],
        shows=["stop a 1", "reply 0", "stop b 1", "stop c 1 shutdown", "stop / 1"],
    ),
    named(
        "SUP-134",
        "all_significant: one that is restarting is active",
        sup(
            "one_for_one",
            _significant("a", "transient"),
            _significant("b"),
            auto_shutdown="all_significant",
            intensity=3,
        ),
        [["queue", "", [["exit", "a", CRASH], ["exit", "b", "normal"]]], ["which", ""]],
        plans={"a": ["ok", ["error", "start"]]},
        shows=["start_failed a 2", "start a 3", 'reply 1 [["a", 3, "worker"]]'],
    ),
    named(
        "SUP-134",
        "all_significant: one that has ended, but not been dealt with yet, is active",
        sup(
            "rest_for_one",
            _significant("a"),
            "b",
            _significant("c"),
            auto_shutdown="all_significant",
        ),
        [["queue", "", [["exit", id, "shutdown"] for id in ("a", "b", "c")]]],
        shows=["stop c 1 shutdown", "start b 2", "reply 0", "end", "stop b 2"],
    ),
    named(
        "SUP-135",
        "terminate_child never triggers, but what it stopped is not active",
        sup(
            "one_for_one",
            _significant("a", "transient"),
            _significant("b"),
            auto_shutdown="all_significant",
        ),
        [["terminate_child", "", "a"], ["count", ""], ["exit", "b", "normal"]],
        shows=["reply 0 ok", "reply 1", "stop b 1 normal", "stop / 1", "reply 2"],
    ),
    named(
        "SUP-135",
        "any_significant: terminate_child does not trigger",
        sup("one_for_one", _significant("a"), "b", auto_shutdown="any_significant"),
        [["terminate_child", "", "a"], ["which", ""]],
        shows=['reply 1 [["b", 1, "worker"]]'],
    ),
    named(
        "SUP-136",
        "one whose start was ignored is not active",
        sup(
            "one_for_one",
            _significant("a", "transient"),
            _significant("b"),
            auto_shutdown="all_significant",
        ),
        [["exit", "b", "normal"]],
        plans={"a": ["ignore"]},
        shows=["start_ignored a 1", "stop b 1", "stop / 1 shutdown", "reply 0"],
    ),
    named(
        "SUP-137",
        "the end of a bystander never triggers, even of one gone for good",
        sup("one_for_all", "a", _significant("b"), auto_shutdown="any_significant"),
        [crash("a"), ["which", ""]],
        shows=["stop b 1 shutdown", "start a 2", 'reply 1 [["a", 2, "worker"]]'],
    ),
    named(
        "SUP-138",
        "the end of other children never triggers",
        sup(
            "one_for_one",
            _significant("a"),
            child("b", "temporary"),
            auto_shutdown="any_significant",
        ),
        [crash("b"), ["which", ""]],
        shows=['reply 1 [["a", 1, "worker"]]'],
    ),
    *(
        named(
            "SUP-139",
            f"the shutdown of a {restart} supervisor, significant={significant}",
            sup(
                "one_for_one",
                child(
                    "s",
                    restart,
                    significant=significant,
                    tree=sup(
                        "one_for_one",
                        _significant("x"),
                        auto_shutdown="any_significant",
                    ),
                ),
                "b",
                auto_shutdown="any_significant",
            ),
            [["exit", "s/x", "normal"], ["which", ""]],
            shows=["stop s/x 1 normal", "stop s 1 shutdown", shows],
        )
        for restart, significant, shows in (
            ("transient", True, "stop / 1 shutdown"),
            (
                "transient",
                False,
                'reply 1 [["b", 1, "worker"], ["s", null, "supervisor"]]',
            ),
            ("permanent", False, "start s 2"),
        )
    ),
    named(
        "SUP-140",
        "no intensity is involved, and the ended child is marked before",
        sup(
            "one_for_one",
            _significant("a"),
            intensity=0,
            auto_shutdown="any_significant",
        ),
        [crash("a")],
        shows=["stop a 1", "stop / 1 shutdown", "reply 0"],
    ),
    named(
        "SUP-134 SUP-099",
        "a restart that is declined comes before the end of the last one",
        sup(
            "one_for_one",
            _significant("a", "transient"),
            _significant("b", "temporary"),
            auto_shutdown="all_significant",
        ),
        [["queue", "", [["exit", "a", CRASH], ["exit", "b", CRASH]]]],
        plans={"a": ["ok", "ignore"]},
        shows=["start_ignored a 2", "stop / 1 shutdown", "reply 0"],
    ),
    named(
        "SUP-134 SUP-086",
        "who is down after a group restart failed does not count as active",
        sup(
            "rest_for_one",
            _significant("a", "transient"),
            "b",
            _significant("c", "transient"),
            intensity=2,
            auto_shutdown="all_significant",
        ),
        [["queue", "", [["exit", "b", CRASH], ["exit", "a", ["shutdown", "done"]]]]],
        plans={"b": ["ok", ["error", "start"]]},
        shows=["start_failed b 2", "stop / 1 shutdown", "reply 0"],
        never=["start b 3"],
    ),
)

NAMED = AUTO_SHUTDOWN

"""Restart intensity and failing restarts: rows SUP-070 to SUP-088."""

from tests.proof.supervisors.named.write import CRASH, child, crash, named, sup

FAIL = ["error", "start"]

INTENSITY = (
    named(
        "SUP-070 TRAP-2",
        "intensity restarts are fine, one more in the window is not",
        sup("one_for_one", "a", intensity=2),
        [crash("a"), crash("a"), crash("a")],
        shows=["start a 2", "start a 3", "reply 1 ok", "stop a 3", "stop / 1 shutdown"],
        never=["start a 4"],
    ),
    named(
        "SUP-070",
        "intensity 0: the first restart is one too many",
        sup("one_for_one", "a", intensity=0),
        [crash("a")],
        shows=["stop a 1", "stop / 1 shutdown"],
        never=["start a 2"],
    ),
    named(
        "SUP-071",
        "all children share the intensity",
        sup("one_for_one", "a", "b", intensity=1),
        [crash("a"), crash("b")],
        shows=["start a 2", "stop b 1", "stop a 2 shutdown", "stop / 1 shutdown"],
    ),
    named(
        "SUP-072 TRAP-2",
        "a restart exactly one period ago still counts",
        sup("one_for_one", "a", intensity=1, period=5),
        [crash("a"), ["advance", 5], crash("a")],
        shows=["start a 2", "stop a 2", "stop / 1 shutdown"],
        never=["start a 3"],
    ),
    named(
        "SUP-072",
        "a restart more than one period ago does not",
        sup("one_for_one", "a", intensity=1, period=5),
        [crash("a"), ["advance", 6], crash("a")],
        shows=["start a 2", "start a 3", "end"],
    ),
    named(
        "SUP-074",
        "a restart that fails is tried again at once, each attempt counted",
        sup("one_for_one", "a", "b", intensity=4),
        [crash("a")],
        plans={"a": ["ok", *[FAIL] * 9]},
        shows=["start_failed a 5", "stop b 1 shutdown", "stop / 1 shutdown", "reply 0"],
        never=["start a 6"],
    ),
    named(
        "SUP-075",
        "giving up touches no bystander first: all stop in reverse order",
        sup("one_for_all", "a", "b", "c", intensity=0),
        [crash("b")],
        shows=["stop b 1", "stop c 1 shutdown", "stop a 1 shutdown", "stop / 1"],
        never=["start a 2", "start b 2", "start c 2"],
    ),
    named(
        "SUP-076",
        "requests by hand never count",
        sup("one_for_one", "a", intensity=1),
        [
            *[["terminate_child", "", "a"], ["restart_child", "", "a"]] * 3,
            crash("a"),
            ["which", ""],
        ],
        shows=["start a 4", "start a 5", 'reply 7 [["a", 5, "worker"]]'],
    ),
    named(
        "SUP-077",
        "successful restarts do not clear the history; age does",
        sup("one_for_one", "a", intensity=2, period=5),
        [
            crash("a"),
            ["advance", 3],
            crash("a"),
            ["advance", 3],
            crash("a"),
            crash("a"),
        ],
        shows=["start a 4", "reply 4 ok", "stop a 4", "stop / 1 shutdown", "reply 5"],
    ),
    named(
        "SUP-079",
        "escalation: a restarted supervisor begins with a clean history",
        sup(
            "one_for_one",
            child("s", tree=sup("one_for_one", "x", intensity=1)),
            intensity=1,
        ),
        [crash("s/x")] * 4,
        shows=[
            "start s/x 2",
            "stop s 1 shutdown",
            "start s 2",
            "start s/x 4",
            "stop s 2 shutdown",
            "stop / 1 shutdown",
        ],
    ),
)

FAILING_RESTARTS = (
    named(
        "SUP-080 SUP-081 TRAP-4",
        "requests are served between the attempts, the child is restarting",
        sup("one_for_one", "a", intensity=9),
        [
            [
                "queue",
                "",
                [
                    ["exit", "a", CRASH],
                    ["which"],
                    ["count"],
                    ["start_child", {"id": "a"}],
                    ["restart_child", "a"],
                    ["delete_child", "a"],
                ],
            ]
        ],
        plans={"a": ["ok", FAIL]},
        shows=[
            "start_failed a 2",
            "start a 3",
            'reply 0 ["ok", [["a", "restarting", "worker"]],'
            ' {"active": 0, "specs": 1, "supervisors": 0, "workers": 1},'
            ' ["error", "already_present"], ["error", "restarting"],'
            ' ["error", "restarting"]]',
        ],
    ),
    named(
        "SUP-082",
        "terminate_child cancels the retry for good",
        sup("one_for_one", "a", intensity=9),
        [
            ["queue", "", [["exit", "a", CRASH], ["terminate_child", "a"]]],
            ["which", ""],
            ["restart_child", "", "a"],
        ],
        plans={"a": ["ok", FAIL]},
        shows=[
            "start_failed a 2",
            'reply 0 ["ok", "ok"]',
            'reply 1 [["a", null, "worker"]]',
            "start a 3",
            'reply 2 ["ok", 3]',
        ],
    ),
    named(
        "SUP-084 TRAP-6",
        "one_for_all: a retry stops what was restarted and starts all over",
        sup("one_for_all", "a", "b", "c", intensity=3),
        [crash("a")],
        plans={"b": ["ok", FAIL]},
        shows=[
            "stop c 1 shutdown",
            "stop b 1 shutdown",
            "start a 2",
            "start_failed b 2",
            "stop a 2 shutdown",
            "start a 3",
            "start b 3",
            "start c 2",
        ],
    ),
    named(
        "SUP-084 SUP-058",
        "one_for_all: every attempt counts once",
        sup("one_for_all", "a", "b", intensity=2),
        [crash("a")],
        plans={"b": ["ok", FAIL, FAIL, FAIL]},
        shows=["start_failed b 3", "stop a 3 shutdown", "stop / 1 shutdown", "reply 0"],
        never=["start b 4"],
    ),
    named(
        "SUP-085 TRAP-5",
        "rest_for_one: the retry begins at the child that failed",
        sup("rest_for_one", "z", "a", "b", "c", intensity=3),
        [crash("a")],
        plans={"b": ["ok", FAIL]},
        shows=["start a 2", "start_failed b 2", "start b 3", "start c 2", "reply 0"],
        never=["start a 3", "start z 2"],
    ),
    named(
        "SUP-086",
        "the ones after it are down meanwhile; one started by hand is stopped again",
        sup("rest_for_one", "a", "b", "c", intensity=3),
        [["queue", "", [["exit", "a", CRASH], ["which"], ["restart_child", "c"]]]],
        plans={"b": ["ok", FAIL]},
        shows=[
            "start_failed b 2",
            "start c 2",
            "stop c 2 shutdown",
            "start b 3",
            "start c 3",
            'reply 0 ["ok", [["c", null, "worker"], ["b", "restarting", "worker"],'
            ' ["a", 2, "worker"]], ["ok", 2]]',
        ],
    ),
    named(
        "SUP-087",
        "terminating the failed one leaves the later ones down",
        sup("rest_for_one", "a", "b", "c", intensity=3),
        [
            ["queue", "", [["exit", "a", CRASH], ["terminate_child", "b"]]],
            ["which", ""],
        ],
        plans={"b": ["ok", FAIL]},
        shows=[
            'reply 1 [["c", null, "worker"], ["b", null, "worker"], ["a", 2, "worker"]]'
        ],
        never=["start c 2", "start b 3"],
    ),
    named(
        "SUP-088",
        "a restart that is ignored: no retry, the spec stays, counted once",
        sup("one_for_one", "a", "b", intensity=1),
        [crash("a"), ["which", ""], crash("b")],
        plans={"a": ["ok", "ignore"]},
        shows=[
            "start_ignored a 2",
            'reply 1 [["b", 1, "worker"], ["a", null, "worker"]]',
            "stop / 1 shutdown",
            "reply 2",
        ],
        never=["start a 3", "start b 2"],
    ),
    named(
        "SUP-080 SUP-099",
        "a retry waits behind the restart of another that had ended before",
        sup("one_for_one", "a", "b", intensity=2),
        [
            [
                "queue",
                "",
                [["exit", "a", CRASH], ["restart_child", "c"], ["exit", "b", CRASH]],
            ]
        ],
        plans={"a": ["ok", FAIL], "b": ["ok", FAIL]},
        shows=["start_failed a 2", "start_failed b 2", "stop / 1 shutdown"],
        never=["start a 3", "start b 3"],
    ),
)

NAMED = INTENSITY + FAILING_RESTARTS

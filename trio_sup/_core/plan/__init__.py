"""What a supervisor does about ends, requests and times, and in which order.

The rule of this package: no task, no clock, no await. A shell tells what happened, and
carries out what comes back, in order (`trio_sup._core.plan.doing`):

    a life begins, is ready, is over    begins · over, ended
    somebody asks                       ask (static) · add, terminate, … (dynamic)
    a time has come                     due
    it is to stop                       stop, stop_itself, hasten

                         │   ▲
                         ▼   │  Start, Stop, Wake, Settle, Tell, Answer, …
    shell: tasks, scopes, names, mailboxes, events

What has to wait stands in a line of jobs (`line`): the shell's control task takes
`turn` after `turn`, and each says what to do next. A job is a generator, which goes on
when what it waits for has come about; all that it knows of children stands in their
records (`trio_sup._core.state`). The words of a child's state are in
`trio_sup._core.status`.

Not here: who comes back after an end, with whom, and how long a backoff is. That is
asked of `trio_sup._core.strategy`, of an end that comes while a group waits for its
backoff, too; what it does to the wait is in `groups`.

    doing           what is to be done
    telling         how a child is asked to stop, and the events: words and graces
    at_once         most ends: all that is to be decided about one, in one step
    supervision     what all supervisors have in common: modes, ends, giving up
    line            jobs, one after the other, and what the one in hand waits for
    static, groups  an ordered list; restarts that concern siblings, and their backoff
    requests        what may be asked of it
    reconfigure     another list of children, and other flags, while it runs
    change          how one list takes the place of another, and back
    flags           other flags
    dynamic         children that come and go, each on its own
    holders         who has a name: to be awaited, or started anew
    quarantine      what is done with who is down by a budget of its own
"""

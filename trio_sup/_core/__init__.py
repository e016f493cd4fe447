"""The pure core: what is decided, apart from doing it.

Rules of this package: no `await`, no clock, no I/O, no logging, no Trio. Time is
passed in as `now`; whatever is to be done comes back as a value.

    plan         what a supervisor does, one thing after the other
    strategy     whether a child comes back, with whom, after which delay
    state        what is known of a child, and the limit of restarts
    remains      what is kept of an exception
    status       which status follows from what; which there are is in `words`
    judge        how a life ended, and what of an exception counts, in groups, too
    options      what all factories of specifications take, by keyword
    specs        the fields of a specification, and what they may be; with `checks`
    policies     `Backoff`, `Budget`, `Mailbox`: their fields and defaults; when a budget
                 is used up: `strategy`
    comparing    what another specification changes; as data in `reconfigured`
    code         which modules and children an edit concerns
    name_tables  how names are kept
    events       which events there are, and the line of each in the log (`summary`)

A new option stands in `options` and is a field in `specs`. A new status is a word in
`words` and a row in `status`; how it looks is in `trio_sup.inspect.text.show`.
"""

"""The pure core: what is decided, apart from doing it.

Rules of this package: no `await`, no clock, no I/O, no logging, no Trio. Time is
passed in as `now`; whatever is to be done comes back as a value.

What a supervisor does is in `plan`; what a restart type, a limit or a strategy means in
`strategy` and `window`; which status follows from what in `status`; how a life is said
to have ended in `judge`; what a specification may say in `specs`, `policies` and
`checks`; how names are kept in `name_tables`; which events there are in `events`.
"""

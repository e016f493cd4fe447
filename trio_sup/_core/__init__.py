"""The pure core: what is decided, apart from doing it.

Rules of this package: no `await`, no clock, no I/O, no logging, no Trio. Time is
passed in as `now`; whatever is to be done comes back as a value.
"""

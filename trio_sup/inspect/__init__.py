"""The node side of the live inspector, and the protocol both sides share.

`wire`, `codec`, `session` and `discovery` import neither Trio nor Textual, so
that one-shot commands and the terminal application stay light. `hub` and
`listener` are what runs inside a Trio program.
"""
